"""What is made of sets of rules, kept for the few that are in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from comity.policy.rules import Ruleset

# Those in force, those before while calls end, and old ones that are asked about.
RULESETS_KEPT: Final = 4

V = TypeVar("V")


class ByRuleset(Generic[V]):
    """Makes one thing of each set of rules; of rules no longer used nothing is held.

    Shared by threads: a race can only make something twice.
    """

    __slots__ = ("_known", "_make")

    def __init__(self, make: Callable[[Ruleset], V]) -> None:
        """Begin with nothing made; `make` makes what is kept."""
        self._make = make
        self._known: tuple[tuple[Ruleset, V], ...] = ()

    def of(self, ruleset: Ruleset) -> V:
        """Return what belongs to `ruleset`."""
        for rules, known in self._known:
            if rules is ruleset:
                return known
        made = self._make(ruleset)
        self._known = ((ruleset, made), *self._known[: RULESETS_KEPT - 1])
        return made
