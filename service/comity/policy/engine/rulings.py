"""Rulings on clashing duties: which requirement derogates a prohibition, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from comity.policy.rules import ConflictRuling, Rule


@dataclass(frozen=True, slots=True)
class Preferences:
    """The requirements that rulings prefer at one instant.

    Attributes:
        preferred: those requirements.
        over: number of such a requirement -> the prohibitions that it derogates.
    """

    preferred: int = 0
    over: Mapping[int, int] = field(default_factory=dict)

    def derogated_by(self, numbers: Iterable[int]) -> int:
        """Return the prohibitions that the requirements `numbers` derogate."""
        removed = 0
        for number in numbers:
            removed |= self.over[number]
        return removed


NO_PREFERENCES = Preferences()


class Rulings:
    """The rulings on rules of one table."""

    __slots__ = ("_rulings", "instants")

    def __init__(self, rules: tuple[Rule, ...], rulings: Iterable[ConflictRuling]) -> None:
        """Number the rules that `rulings` are about; a ruling on other rules has no effect."""
        numbers = {rule.id: number for number, rule in enumerate(rules)}
        self._rulings = [
            (numbers[r.forbid_rule_id], numbers[r.require_rule_id], r)
            for r in rulings
            if r.forbid_rule_id in numbers and r.require_rule_id in numbers
        ]
        self.instants = [ruling.expires for _, _, ruling in self._rulings]

    def preferences_at(self, now: datetime) -> Preferences:
        """Return which requirements derogate prohibitions at `now`."""
        over: dict[int, int] = {}
        for forbid, require, ruling in self._rulings:
            if now < ruling.expires and ruling.prefer == ruling.require_rule_id:
                over[require] = over.get(require, 0) | 1 << forbid
        if not over:
            return NO_PREFERENCES
        return Preferences(sum(1 << number for number in over), over)

    def resolved_for(self, forbid: int, require: int, now: datetime) -> str:
        """Return the id of the rule that is preferred at `now`; empty if none is."""
        for forbidding, requiring, ruling in self._rulings:
            if (forbidding, requiring) == (forbid, require) and now < ruling.expires:
                return ruling.prefer
        return ""

    def expiries(self, rules: int, now: datetime) -> list[datetime]:
        """Return when the rulings between two of `rules` expire that hold at `now`."""
        return [
            ruling.expires
            for forbid, require, ruling in self._rulings
            if rules >> forbid & 1 and rules >> require & 1 and ruling.expires > now
        ]
