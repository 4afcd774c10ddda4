"""Resolves questions by the presumptions of several sets of rules."""

from __future__ import annotations

from comity.domain.facts import Facts
from comity.domain.question import Question
from comity.policy.presumptions import Presumptions
from comity.policy.rules import Ruleset

# Those in force, those before while calls end, and old ones that are asked about.
RULESETS_KEPT = 4


class Resolver:
    """Gives the facts of questions, presumptions applied; shared by threads.

    What connections came to under some rules is remembered while these are used.
    """

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._known: tuple[tuple[Ruleset, Presumptions], ...] = ()

    def resolve(self, question: Question, ruleset: Ruleset) -> Facts:
        """Return the facts of `question` by the presumptions of `ruleset`."""
        return self._of(ruleset).resolve(question)

    def _of(self, ruleset: Ruleset) -> Presumptions:
        """Return the presumptions of these rules; of rules no longer used nothing is held."""
        for rules, presumptions in self._known:
            if rules is ruleset:
                return presumptions
        presumptions = Presumptions(ruleset.lexicon, ruleset.atlas)
        self._known = ((ruleset, presumptions), *self._known[: RULESETS_KEPT - 1])
        return presumptions
