"""Kleene's three truth values, ordered F < U < T."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Truth(IntEnum):
    """A truth value; conjunction is ``min``, disjunction is ``max``.

    Source: S. C. Kleene, Introduction to Metamathematics (1952), section 64.
    """

    F = 0
    U = 1
    T = 2

    def negated(self) -> Truth:
        """Return Kleene's negation: F and T change places, U stays."""
        return Truth(2 - self)


def conjunction(values: Iterable[Truth]) -> Truth:
    """Return the least of `values`; T if there are none."""
    return min(values, default=Truth.T)
