"""The conditions of clauses one by one, and which of them the facts of a question rule out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Final

from comity.domain.facts import Tie
from comity.domain.truth import Truth
from comity.policy.reference.findings import Sight
from comity.policy.reference.standing import clause_finding
from comity.policy.rules import Clause, Rule, Ruleset

UNNAMED: Final = tuple((field.name, field.default) for field in fields(Clause))
CONNECTING: Final = frozenset({"factors", "places", "populations", "low_trust"})
# Attribute of a clause -> the one fact that its atoms look at, whoever asks and whenever.
FACT_OF: Final[Mapping[str, str]] = {
    "actions": "action",
    "devices": "device",
    "not_devices": "device",
    "items": "items",
    "not_items": "items",
    "purposes": "purposes",
    "not_purposes": "purposes",
}

Atom = tuple[str, object]
"""An atom of a clause: the attribute, and its value."""


def atoms_named(clause: Clause) -> tuple[Atom, ...]:
    """Return the atoms that `clause` names."""
    named = ((name, getattr(clause, name), unnamed) for name, unnamed in UNNAMED)
    return tuple((name, value) for name, value, unnamed in named if value != unnamed)


def is_ruled_out(atom: Atom, rule: Rule, tie: Tie, sight: Sight) -> bool:
    """Return whether a known fact rules `atom` of `rule` out on `tie`."""
    field, value = atom
    alone = Clause(**{field: value})  # type: ignore[arg-type] # an attribute's own value
    return clause_finding(alone, rule, tie, sight).value is Truth.F


class Conditions:
    """What facts say of single atoms: found out once for each value of the fact."""

    __slots__ = ("_edges", "_known", "_now", "_special", "_stretch")

    def __init__(self, ruleset: Ruleset) -> None:
        """Find out when, and for whose rules, groups of places and kinds of products change."""
        kinds = [k for dated in ruleset.lexicon.product_kinds.values() for k in dated]
        spans = [kind.span for kind in kinds]
        for members in ruleset.atlas.groups.values():
            spans += [span for of_member in members.values() for span in of_member]
        edges = {edge for span in spans for edge in (span.start, span.end) if edge is not None}
        self._edges = sorted(edges)
        self._special = {kind.jurisdiction for kind in kinds}
        self._known: dict[object, bool] = {}
        self._now: datetime | None = None
        self._stretch = 0

    def rule_out(self, atom: Atom, rule: Rule, tie: Tie, sight: Sight) -> bool:
        """Return whether a known fact rules `atom` of `rule` out on `tie`."""
        field, value = atom
        if field == "factors":
            return tie.factor not in value  # type: ignore[operator] # a set of factors
        seen = self._seen(field, rule, tie, sight)
        if seen is None:
            return is_ruled_out(atom, rule, tie, sight)
        key = (atom, seen)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = is_ruled_out(atom, rule, tie, sight)
        return known

    def _seen(self, field: str, rule: Rule, tie: Tie, sight: Sight) -> object | None:
        """Return all that an atom of the attribute `field` looks at; None if that is much."""
        fact = FACT_OF.get(field)
        if fact is not None:
            return (getattr(sight.facts, fact),)
        match field:
            case "places":
                return tie.place, tie.ghost, rule.part_unknown, self._stretch_of(sight.now)
            case "populations":
                return tie.populations, tie.ghost
            case "products" | "not_products":
                whose = rule.jurisdiction if rule.jurisdiction in self._special else ""
                return sight.facts.product, whose, self._stretch_of(sight.now)
        return None

    def _stretch_of(self, now: datetime) -> int:
        """Return the number of the stretch of time between two changes that holds `now`."""
        if now is not self._now:
            self._now, self._stretch = now, bisect_right(self._edges, now)
        return self._stretch
