"""Resolves questions by the presumptions of several sets of rules."""

from __future__ import annotations

from comity.domain.facts import Facts
from comity.domain.question import Question
from comity.policy.by_ruleset import ByRuleset
from comity.policy.presumptions import Presumptions
from comity.policy.rules import Ruleset


class Resolver:
    """Gives the facts of questions, presumptions applied; shared by threads.

    What connections came to under some rules is remembered while these are used.
    """

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._presumptions = ByRuleset(lambda ruleset: Presumptions(ruleset.lexicon, ruleset.atlas))

    def resolve(self, question: Question, ruleset: Ruleset) -> Facts:
        """Return the facts of `question` by the presumptions of `ruleset`."""
        return self._presumptions.of(ruleset).resolve(question)
