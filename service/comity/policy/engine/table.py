"""The rules in the engine's numbering, with what doesn't depend on facts or time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from comity.domain.effect import Outcome
from comity.policy.engine.bits import mask_of
from comity.policy.engine.planes import NEGATED, Dimension, Planes, build_planes
from comity.policy.rules import Modality, Rule, Ruleset

CARRY = "carry"


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All rules, numbered by position; a set of rules is an integer.

    Attributes:
        rules: the rules; those with most clauses first, so that rare planes are short integers.
        planes: their clauses.
        forbidding: rules that forbid.
        requiring: rules that require.
        carrying: those of them that demand that an object is carried.
        derogating: rules that derogate others.
        targets: number of a derogating rule -> the rules it derogates.
        part_unknown: rules that leave a part of a country in doubt.
        by_jurisdiction: jurisdiction -> its rules, for those whose law sees a product differently.
        outcomes: the outcomes that occur, each once.
        outcome_numbers: for each rule, the position in `outcomes` of each state; -1 for none.
        naming: dimension -> name -> the rules that name it in any clause, negated or not.
        connecting: rules that name a connecting dimension in any clause.
    """

    rules: tuple[Rule, ...]
    planes: Planes
    forbidding: int
    requiring: int
    carrying: int
    derogating: int
    targets: Mapping[int, int]
    part_unknown: int
    by_jurisdiction: Mapping[str, int]
    outcomes: tuple[Outcome, ...]
    outcome_numbers: tuple[tuple[int, ...], ...]
    naming: Mapping[Dimension, Mapping[Hashable, int]]
    connecting: int

    def outcome_number(self, number: int, now: datetime) -> int:
        """Return the position in `outcomes` of the outcome of a rule in force at `now`."""
        passed = bisect_right(self.rules[number].timeline.instants, now)
        return self.outcome_numbers[number][passed]

    def derogated_by(self, numbers: Iterable[int]) -> int:
        """Return the rules that the rules `numbers` derogate."""
        removed = 0
        for number in numbers:
            removed |= self.targets[number]
        return removed


def build_table(ruleset: Ruleset) -> RuleTable:
    """Number the rules of `ruleset` and index them."""
    rules = tuple(sorted(ruleset.rules, key=_most_clauses_first))
    numbers = {rule.id: n for n, rule in enumerate(rules)}
    width = len(rules)
    targets = {
        n: mask_of((numbers[i] for i in rule.derogates if i in numbers), width)
        for n, rule in enumerate(rules)
        if rule.derogates
    }
    planes = build_planes(rules)
    outcomes, outcome_numbers = _number_outcomes(rules)
    connecting = 0
    for plane in planes.listed:
        connecting |= plane.connecting

    def having(modality: Modality) -> int:
        return mask_of((n for n, rule in enumerate(rules) if rule.modality is modality), width)

    return RuleTable(
        rules=rules,
        planes=planes,
        forbidding=having(Modality.FORBID),
        requiring=having(Modality.REQUIRE),
        carrying=having(Modality.REQUIRE)
        & mask_of((n for n, rule in enumerate(rules) if rule.requires == CARRY), width),
        derogating=mask_of(targets, width),
        targets=targets,
        part_unknown=mask_of((n for n, rule in enumerate(rules) if rule.part_unknown), width),
        by_jurisdiction=_special_jurisdictions(ruleset, rules),
        outcomes=outcomes,
        outcome_numbers=outcome_numbers,
        naming=_merge_postings(planes),
        connecting=connecting,
    )


def _most_clauses_first(rule: Rule) -> tuple[int, str]:
    parts = (rule.body, rule.exceptions, rule.person_exceptions, rule.person_conditions)
    return (-sum(map(len, parts)), rule.id)


def _special_jurisdictions(ruleset: Ruleset, rules: tuple[Rule, ...]) -> dict[str, int]:
    """Return the rules of each jurisdiction that has kinds of products of its own."""
    special = {
        dated.jurisdiction
        for kinds in ruleset.lexicon.product_kinds.values()
        for dated in kinds
        if dated.jurisdiction
    }
    return {
        code: mask_of((n for n, rule in enumerate(rules) if rule.jurisdiction == code), len(rules))
        for code in sorted(special)
    }


def _number_outcomes(
    rules: tuple[Rule, ...],
) -> tuple[tuple[Outcome, ...], tuple[tuple[int, ...], ...]]:
    """Return the distinct outcomes, and for each rule the number of each of its states."""
    known: dict[Outcome, int] = {}
    numbered = tuple(
        tuple(
            -1 if state is None else known.setdefault(state, len(known))
            for state in rule.timeline.states
        )
        for rule in rules
    )
    return tuple(known), numbered


def _merge_postings(planes: Planes) -> dict[Dimension, Mapping[Hashable, int]]:
    """Return who names what, over all planes; each dimension together with its negation."""
    merged: dict[Dimension, dict[Hashable, int]] = {dimension: {} for dimension in Dimension}
    for plane in planes.listed:
        for dimension, index in plane.indexes.items():
            into = merged[NEGATED.get(dimension, dimension)]
            for name, mask in index.postings.items():
                into[name] = into.get(name, 0) | mask
    return {**merged}
