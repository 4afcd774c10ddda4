"""Alone: how one rule counts in an answer, whatever all others say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity.domain.decision import Decision
from comity.domain.facts import Facts
from comity.domain.question import Question
from comity.policy.diffing.answers import Answer, Shift, answer_of
from comity.policy.diffing.changes import Pair, Revision
from comity.policy.diffing.drift import Drift
from comity.policy.diffing.geography import Ground
from comity.policy.diffing.neighbours import BOTH, Neighbour, engines_of
from comity.policy.engine import Engine
from comity.policy.presumptions import resolve
from comity.policy.rules import Modality, Rule


def own_neighbours(
    pair: Pair, revisions: tuple[Revision, Revision], drift: Drift
) -> list[Neighbour]:
    """Return both versions of a rule with what acts on them, which asks for nothing itself.

    What is the same in both revisions, and means the same, is there once.
    """
    versions = [list(_acting(side, r)) for side, r in zip(pair.sides, revisions, strict=True)]
    found: list[Neighbour] = []
    for rule in versions[1]:
        same = any(
            revisions[0].meaning(other) == revisions[1].meaning(rule)
            for other in versions[0]
            if other.id == rule.id
        )
        found.append(Neighbour(rule, BOTH if same and not drift.touches(rule) else (1,)))
    shared = {n.rule.id for n in found if n.revisions == BOTH}
    found += [Neighbour(rule, (0,)) for rule in versions[0] if rule.id not in shared]
    return sorted(found, key=lambda n: n.rule.id != pair.id)


def _acting(side: Rule | None, revision: Revision) -> Iterator[Rule]:
    """Yield a version of a rule and what acts on it, which keeps its modality only if it must."""
    if side is None:
        return
    yield side
    for other in {rule.id: rule for rule in revision.acting_on(side.id)}.values():
        if other.modality is Modality.FORBID:
            yield replace(other, modality=Modality.PERMIT)
        else:
            yield other


@dataclass(frozen=True, slots=True)
class _Side:
    """A version of a rule, and what answers by it alone.

    Attributes:
        rule: the rule; None if the revision doesn't have it.
        engine: what answers.
    """

    rule: Rule | None
    engine: Engine

    def answer(self, decision: Decision, now: datetime) -> Answer:
        """Return what of a decision counts."""
        answer = answer_of(decision)
        if answer.decided or self.rule is None:
            return answer
        return replace(answer, ceiling=self.rule.timeline.state_at(now))


class AloneAsker:
    """Asks of one rule alone.

    What a rule adds to an answer is what it asks for where it is held; else, where it is possible,
    what it would ask for, what it asks for meanwhile, and the facts that are missing. An answer is
    made of what its rules add. So two revisions answer a question differently only if some rule
    adds something else in one than in the other.

    Attributes:
        by_facts: whether it can do so only where the revisions see other connections.
    """

    price: Final = 1

    def __init__(
        self,
        pair: Pair,
        revisions: tuple[Revision, Revision],
        neighbours: list[Neighbour],
        drift: Drift,
        ground: Ground,
    ) -> None:
        """Ask of `pair` among its own `neighbours`."""
        self._ground = ground
        engines = engines_of(neighbours, (revisions[0].ruleset, revisions[1].ruleset))
        before, after = map(_Side, pair.sides, engines)
        self._sides = (before, after)
        alike = pair.old is not None and pair.new is not None
        self.by_facts = (
            alike
            and drift.in_ties_alone
            and revisions[0].whole_meaning(pair.old) == revisions[1].whole_meaning(pair.new)  # type: ignore[arg-type]
        )
        self._one = ground.lexicons[0] == ground.lexicons[1] and (
            ground.atlases[0] == ground.atlases[1]
        )

    def shift(self, question: Question, now: datetime, *, ghosts: bool = False) -> Shift | None:  # noqa: ARG002 - as other askers
        """Return how what the rule adds to the answer differs at `now`; None if it doesn't."""
        ground = self._ground
        given = resolve(question, ground.lexicons[0], ground.atlases[0])
        facts = (given, given)
        if not self._one:
            facts = (given, resolve(question, ground.lexicons[1], ground.atlases[1]))
            if self.by_facts and facts[0].ties == facts[1].ties:
                return None
        before, after = self._of(facts, now)
        return None if before == after else Shift(before, after)

    def answers(self, question: Question, now: datetime) -> tuple[Answer, Answer]:
        """Return what the rule adds to the answer by each revision."""
        before, after = (
            resolve(question, lexicon, atlas)
            for lexicon, atlas in zip(self._ground.lexicons, self._ground.atlases, strict=True)
        )
        return self._of((before, after), now)

    def _of(self, facts: tuple[Facts, Facts], now: datetime) -> tuple[Answer, Answer]:
        before, after = (
            side.answer(side.engine.evaluate(known, now), now)
            for side, known in zip(self._sides, facts, strict=True)
        )
        return before, after
