"""Scenes: two revisions, with what is needed to compare answers through any of their rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from comity.policy.diffing.answers import Asker
from comity.policy.diffing.changes import Changes, Pair, Revision
from comity.policy.diffing.geography import Ground
from comity.policy.diffing.neighbours import Neighbour, Neighbourhoods
from comity.policy.engine import Engine

ALONE_FOR_EACH: Final = 10
MOST_OF_ONE_RULE: Final = 10_000


class Scene:
    """Two revisions.

    Attributes:
        revisions: the revisions.
        changes: what differs in their rules.
        ground: where questions are asked about.
        asker: what asks of all rules.
    """

    def __init__(
        self,
        revisions: tuple[Revision, Revision],
        changes: Changes,
        ground: Ground,
        *,
        most: int | None,
    ) -> None:
        """Prepare to compare `revisions`.

        At `most` so many questions try what seems hidden, and ten times as many try what a rule
        alone adds in doubt; all with None.
        """
        self.revisions = revisions
        self.rulesets = (revisions[0].ruleset, revisions[1].ruleset)
        self.changes = changes
        self.ground = ground
        size = max(len(ruleset.rules) for ruleset in self.rulesets)
        engines = (Engine(self.rulesets[0]), Engine(self.rulesets[1]))
        self.asker = Asker(engines, ground, size)
        self._left = most
        self._left_alone = None if most is None else ALONE_FOR_EACH * most

    @cached_property
    def hoods(self) -> Neighbourhoods:
        """The neighbourhoods of rules."""
        return Neighbourhoods(self.revisions, self.changes.drift)

    def pair(self, rule_id: str) -> Pair:
        """Return both versions of a rule."""
        old, new = (ruleset.by_id.get(rule_id) for ruleset in self.rulesets)
        return Pair(rule_id, old, new)

    def near(self, neighbours: Sequence[Neighbour]) -> Asker:
        """Return what asks of a neighbourhood alone."""
        before, after = (
            Engine(replace(whole, rules=tuple(n.rule for n in neighbours if number in n.revisions)))
            for number, whole in enumerate(self.rulesets)
        )
        return Asker((before, after), self.ground, len(neighbours))

    def left_alone(self) -> int | None:
        """Return how many questions one rule alone may still be asked in doubt; None: any."""
        return None if self._left_alone is None else min(self._left_alone, MOST_OF_ONE_RULE)

    def spend_alone(self, spent: int) -> None:
        """Count the questions that a rule alone was asked in doubt."""
        if self._left_alone is not None:
            self._left_alone = max(0, self._left_alone - spent)

    def left_for(self, spent: int) -> int | None:
        """Return up to how much may be spent by who has `spent` so much already; None: any."""
        return None if self._left is None else spent + self._left

    def spend(self, spent: int) -> None:
        """Count what the questions that try what seems hidden have cost."""
        if self._left is not None:
            self._left = max(0, self._left - spent)
