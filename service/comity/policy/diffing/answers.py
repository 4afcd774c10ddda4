"""Answers: what of a decision counts, and how it differs between two revisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity.domain.decision import Decision, Determination
from comity.domain.effect import Outcome
from comity.domain.facts import FactKey
from comity.domain.question import Question
from comity.policy.diffing.geography import Ground
from comity.policy.engine import Engine
from comity.policy.presumptions import resolve

RULES_AT_ONE_PRICE: Final = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What of a decision counts: what to do, whether that is settled, what would settle it.

    Attributes:
        outcome: what the caller must do.
        decided: whether the known facts settle it.
        missing: the unknown facts that could.
        ceiling: of one rule alone, what it would ask for, if it is merely possible.
    """

    outcome: Outcome
    decided: bool
    missing: tuple[FactKey, ...] = ()
    ceiling: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """How an answer differs.

    Attributes:
        before: the answer by the old revision.
        after: the answer by the new one.
    """

    before: Answer
    after: Answer

    @property
    def kind(self) -> Shift:
        """The shift without which facts are missing."""
        return Shift(*(replace(a, missing=()) for a in (self.before, self.after)))

    @property
    def shows(self) -> bool:
        """Whether what is asked, settled or missing differs, and not only what would be asked."""
        before, after = (replace(a, ceiling=None) for a in (self.before, self.after))
        return before != after


def answer_of(decision: Decision) -> Answer:
    """Return what of `decision` counts."""
    decided = decision.determination is Determination.DECIDED
    return Answer(decision.outcome, decided, decision.missing_facts)


class Asker:
    """Asks both engines."""

    def __init__(self, engines: tuple[Engine, Engine], ground: Ground, size: int) -> None:
        """Ask `engines`, one a revision, of `size` rules at most."""
        self._engines = engines
        self.size = size
        self._ground = ground
        self._alike = all(x == y for x, y in (ground.lexicons, ground.atlases))

    def shift(self, question: Question, now: datetime) -> Shift | None:
        """Return how the answers to `question` differ at `now`; None if they don't."""
        ground = self._ground
        given = resolve(question, ground.lexicons[0], ground.atlases[0])
        facts = (given, given)
        if not self._alike:
            facts = (given, resolve(question, ground.lexicons[1], ground.atlases[1]))
        before, after = (
            answer_of(engine.evaluate(known, now))
            for engine, known in zip(self._engines, facts, strict=True)
        )
        return None if before == after else Shift(before, after)

    def bearing(self, question: Question, now: datetime) -> frozenset[str]:
        """Return the ids of the rules that bear on an answer to `question` at `now`."""
        found: set[str] = set()
        pairs = zip(self._ground.lexicons, self._ground.atlases, strict=True)
        for engine, (lexicon, atlas) in zip(self._engines, pairs, strict=True):
            decision = engine.evaluate(resolve(question, lexicon, atlas), now)
            found.update(reason.rule_id for reason in decision.reasons)
        return frozenset(found)


class Askers:
    """Asks of the rules near a changed one, which are few, and only if need be of all.

    Rules that are not near can't be met where the connections are known. On a connection that is
    not known they can, and may hide a difference that is there without them.
    """

    def __init__(self, near: Asker, whole: Asker) -> None:
        """Ask `near` first, then `whole`."""
        self.near = near
        self.whole = whole
        # On a connection that is not known all rules may be met, which takes its time.
        self.price = 1 + whole.size // RULES_AT_ONE_PRICE

    def shift(self, question: Question, now: datetime, *, ghosts: bool) -> Shift | None:
        """Return how the answers to `question` differ at `now`; None if they don't.

        With `ghosts`, a connection is not known.
        """
        shift = self.near.shift(question, now)
        if shift is None or not ghosts:
            return shift
        return self.whole.shift(question, now)
