"""Scopes: what a changed rule itself tells apart in a dimension, and what only others do."""

from __future__ import annotations

from dataclasses import dataclass

from comity.policy.diffing.paths import Values


@dataclass(frozen=True, slots=True)
class Kind:
    """Values that the rule itself, and what acts on it, see alike.

    Attributes:
        values: the values.
        plain: those that the fewest clauses of other rules name.
    """

    values: Values
    plain: Values


@dataclass(frozen=True, slots=True)
class Scope:
    """A dimension as a changed rule sees it.

    Attributes:
        everything: values that leave nothing in doubt and stand for all.
        kinds: the same, as the rule itself tells them apart.
        names: what the rule itself, and what acts on it, name.
    """

    everything: Values
    kinds: tuple[Kind, ...]
    names: frozenset[str]

    def widen(self, chosen: Values) -> tuple[Values, bool]:
        """Return `chosen` with what it lacks for other rules alone, and whether it lacked any.

        Where something was chosen for other rules alone, it is returned as it is.
        """
        if not chosen <= self.everything:
            return chosen, False
        found = set[object]()
        for kind in self.kinds:
            inside = kind.values & chosen
            if kind.plain <= chosen:
                found |= kind.values
            elif inside:
                return chosen, False
        widened = frozenset(found)
        return widened, widened != chosen
