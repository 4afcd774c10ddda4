"""Concealment: whether other rules hide what a rule adds to an answer otherwise.

What the rules of a set add to an answer joins: what is asked for where rules are held, what would
be asked for and what is asked for meanwhile where they are possible, and what is missing, each for
itself. An answer follows from these four, and from a denial alone where one is held. So if a rule
and some others together add the same by both revisions, all rules together do, whatever the rest
adds: it adds the same to both, or is found through another rule that differs. To prove a rule
hidden, few rules around it are enough; but all that these tell apart must be tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from comity.domain.effect import DENIED, Outcome, join_all
from comity.domain.facts import FactKey
from comity.domain.question import Question
from comity.policy.diffing.alone import AloneAsker
from comity.policy.diffing.answers import Answer, Asker, Shift

Sum = tuple[Outcome, Outcome, Outcome, frozenset[FactKey]]
DENIAL: Final[Sum] = (DENIED, DENIED, DENIED, frozenset())


class ConcealmentAsker:
    """Asks whether what one rule adds shows, among some others.

    Attributes:
        sought: kinds of difference by the rule alone of which no question was found yet.
        unsettled: kinds that the others don't hide, though the whole answer was the same -> ids of
            the rules that bear on such an answer.
    """

    price: Final = 1

    def __init__(
        self, rule: AloneAsker, others: Sequence[AloneAsker], whole: Asker, sought: set[Shift]
    ) -> None:
        """Ask of `rule` among `others`, and of all rules by `whole`, for the kinds `sought`."""
        self._rule = rule
        self._others = others
        self._whole = whole
        self.sought = set(sought)
        self.unsettled: dict[Shift, frozenset[str]] = {}

    def shift(self, question: Question, now: datetime, *, ghosts: bool) -> Shift | None:
        """Return what the rule alone adds otherwise, if the whole answers to `question` differ."""
        own = self._rule.shift(question, now, ghosts=ghosts)
        if own is None or own.kind not in self.sought:
            return None
        before, after = [own.before], [own.after]
        for other in self._others:
            answers = other.answers(question, now)
            before.append(answers[0])
            after.append(answers[1])
        if _sum(before) == _sum(after):
            return None
        if self._whole.shift(question, now) is None:
            self._note(own.kind, self._whole.bearing(question, now))
            return None
        self.sought.discard(own.kind)
        return own

    def _note(self, kind: Shift, bearing: frozenset[str]) -> None:
        """Note the fewest rules that bear on an answer in which `kind` doesn't show."""
        known = self.unsettled.get(kind)
        if known is None or len(bearing) < len(known):
            self.unsettled[kind] = bearing


def _sum(answers: Sequence[Answer]) -> Sum:
    """Return what rules add together."""
    doubtful = [a for a in answers if not a.decided]
    settled = join_all(a.outcome for a in answers if a.decided)
    if settled.denied:
        return DENIAL
    return (
        settled,
        settled.join(join_all(a.ceiling for a in doubtful if a.ceiling is not None)),
        settled.join(join_all(a.outcome for a in doubtful)),
        frozenset(key for a in doubtful for key in a.missing),
    )
