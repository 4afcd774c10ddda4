"""Sets of the clauses near a changed rule, as numbers whose bits are the clauses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from comity.policy.rules import Rule

Doubt = tuple[int, frozenset[str]]
"""Clauses that one dimension leaves in doubt, and the names of which it is not known."""
Column = tuple[int, int]
"""The clauses that are met for certain, and those that possibly are."""


@dataclass(frozen=True, slots=True)
class Position:
    """A rule in a neighbourhood, its clauses as sets of numbers.

    Attributes:
        rule: the rule.
        revisions: where it stands so.
        body: numbers of its clauses.
        exceptions: those of `except`.
        person_exceptions: those of `except_person`.
        person_conditions: those of `only_if_person`.
    """

    rule: Rule
    revisions: tuple[int, ...]
    body: int
    exceptions: int
    person_exceptions: int
    person_conditions: int

    @property
    def clauses(self) -> int:
        """Numbers of all clauses of the rule."""
        return self.body | self.exceptions | self.person_exceptions | self.person_conditions


def conjoin(columns: Iterable[Column]) -> Column:
    """Return the clauses that meet all of `columns`."""
    certain = possible = -1
    for column in columns:
        certain &= column[0]
        possible &= column[1]
    return certain, possible


def union(masks: Iterable[int]) -> int:
    """Return the clauses that are in any of `masks`."""
    found = 0
    for mask in masks:
        found |= mask
    return found
