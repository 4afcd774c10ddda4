"""Scenes: two revisions, with what is needed to compare answers through any of their rules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from comity.policy.diffing.answers import Asker
from comity.policy.diffing.changes import Changes, Pair, Revision
from comity.policy.diffing.geography import Ground
from comity.policy.diffing.neighbours import Neighbour, Neighbourhoods, engines_of
from comity.policy.engine import Engine

ALONE_FOR_EACH: Final = 10
MOST_OF_ONE_RULE: Final = 10_000


class Budget:
    """How many questions may still be asked."""

    def __init__(self, most: int | None, most_at_once: int | None = None) -> None:
        """Allow `most` questions, `most_at_once` of them at a time; any number with None."""
        self._left = most
        self._most_at_once = most_at_once

    def up_to(self, spent: int) -> int | None:
        """Return up to how much may be spent by who has `spent` so much already; None: any."""
        if self._left is None:
            return None
        at_once = self._left if self._most_at_once is None else self._most_at_once
        return spent + min(self._left, at_once)

    def spend(self, spent: int) -> None:
        """Count questions that were asked."""
        if self._left is not None:
            self._left = max(0, self._left - spent)


class Scene:
    """Two revisions.

    Attributes:
        revisions: the revisions.
        changes: what differs in their rules.
        ground: where questions are asked about.
        asker: what asks of all rules.
        hidden: the questions that may try what seems hidden.
        alone: those that may try what a rule alone adds in doubt.
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
        self.hidden = Budget(most)
        self.alone = Budget(None if most is None else ALONE_FOR_EACH * most, MOST_OF_ONE_RULE)

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
        engines = engines_of(neighbours, self.rulesets)
        return Asker(engines, self.ground, len(neighbours))
