"""Dated membership of groups, includes and exclusions resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from comity.policy.atlas import ALWAYS, Span
from comity.policy.compiling.spans import subtract, unite

Membership = Mapping[str, tuple[Span, ...]]


@dataclass(frozen=True, slots=True)
class GroupDefinition:
    """A group as its file defines it.

    Attributes:
        members: canonical place -> spans of membership.
        includes: groups whose members belong to this one as well.
        without: canonical places and groups that do not, whatever the rest says.
    """

    members: Membership = field(default_factory=dict)
    includes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def resolve_groups(definitions: Mapping[str, GroupDefinition]) -> Mapping[str, Membership]:
    """Return each group's members with their spans; a group that includes itself adds nothing."""
    resolved: dict[str, Membership] = {}
    for name in definitions:
        _resolve(name, definitions, resolved, frozenset())
    return {name: resolved[name] for name in definitions}


def _resolve(
    name: str,
    definitions: Mapping[str, GroupDefinition],
    resolved: dict[str, Membership],
    within: frozenset[str],
) -> Membership:
    """Return the members of the group `name`; groups in `within` are being resolved."""
    if name in resolved:
        return resolved[name]
    definition = definitions.get(name)
    if definition is None or name in within:
        return {}
    inside = within | {name}
    spans: dict[str, list[Span]] = {p: list(given) for p, given in definition.members.items()}
    for included in definition.includes:
        for place, given in _resolve(included, definitions, resolved, inside).items():
            spans.setdefault(place, []).extend(given)
    for excluded in definition.without:
        removed: Membership = {excluded: (ALWAYS,)}
        if excluded in definitions:
            removed = _resolve(excluded, definitions, resolved, inside)
        for place, given in removed.items():
            if place in spans:
                spans[place] = list(subtract(spans[place], given))
    resolved[name] = {place: united for place, given in spans.items() if (united := unite(given))}
    return resolved[name]
