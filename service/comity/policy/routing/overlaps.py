"""Finds rules that would both answer one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from comity.policy.atlas import Atlas
from comity.policy.compiling.reporting import FileReport
from comity.policy.compiling.spans import intersect
from comity.policy.documents.reach import IssuingStates
from comity.policy.routing.provisions import RequestRule
from comity.policy.yaml_nodes import Loc


def check_overlaps(
    rules: Sequence[RequestRule], reports: Mapping[str, tuple[FileReport, Loc]], atlas: Atlas
) -> None:
    """Report two rules for one instrument that a state may issue under both at some time."""
    for first, second in combinations(rules, 2):
        if first.terms.instrument != second.terms.instrument:
            continue
        shared = issuers_of(first, atlas) & issuers_of(second, atlas)
        if shared and intersect(first.spans, second.spans):
            report, loc = reports[second.id]
            states = ", ".join(sorted(shared))
            message = f"{first.id} rules the same instrument for the same state: {states}."
            report.say("CP520", (*loc, "instrument"), message)


def issuers_of(rule: RequestRule, atlas: Atlas) -> frozenset[str]:
    """Return the places that may issue the instrument at any time."""
    states = rule.terms.issuing_states
    named: tuple[str, ...] = (rule.jurisdiction,)
    excluded: tuple[str, ...] = ()
    if isinstance(states, IssuingStates):
        named, excluded = states.within, states.excluded
    elif states is not None:
        named = states
    return _places(named, atlas) - _places(excluded, atlas)


def _places(named: Sequence[str], atlas: Atlas) -> frozenset[str]:
    """Return the places that codes and groups stand for at any time."""
    found: set[str] = set()
    for code in named:
        found.update(atlas.groups[code] if atlas.is_group(code) else (atlas.canonical(code),))
    return frozenset(found)
