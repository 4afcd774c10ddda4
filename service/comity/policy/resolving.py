"""Resolves questions, and remembers: those of equal facts differ in age and creation at most."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from comity.domain.facts import Facts
from comity.domain.question import Question
from comity.policy.engine.cache import Cache
from comity.policy.presumptions import Presumptions, known_age, known_creation
from comity.policy.rules import Ruleset

KEPT = 4096
# Those in force, those before while calls end, and old ones that are asked about.
RULESETS_KEPT = 4


class _Remembered(NamedTuple):
    """What is remembered under one set of rules.

    Attributes:
        ruleset: the rules.
        presumptions: their presumptions.
        facts: the facts of questions seen lately.
    """

    ruleset: Ruleset
    presumptions: Presumptions
    facts: Cache[Hashable, Facts]


class Resolver:
    """Gives the facts of questions, presumptions applied; shared by threads."""

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._remembered: tuple[_Remembered, ...] = ()

    def resolve(self, question: Question, ruleset: Ruleset) -> Facts:
        """Return the facts of `question` by the presumptions of `ruleset`."""
        remembered, key = self._of(ruleset), _key(question)
        facts = remembered.facts.get(key)
        if facts is None:
            return remembered.facts.put(key, remembered.presumptions.resolve(question))
        return _with_dates(facts, question)

    def _of(self, ruleset: Ruleset) -> _Remembered:
        """Return what is remembered under these rules; of rules no longer used nothing is held."""
        for remembered in self._remembered:
            if remembered.ruleset is ruleset:
                return remembered
        presumptions = Presumptions(ruleset.lexicon, ruleset.atlas)
        remembered = _Remembered(ruleset, presumptions, Cache(KEPT))
        self._remembered = (remembered, *self._remembered[: RULESETS_KEPT - 1])
        return remembered


def _key(question: Question) -> Hashable:
    """Return all that the facts of `question` depend on but the rules, age and creation."""
    return (
        question.action,
        question.product,
        question.device,
        question.purposes,
        question.items,
        question.connections,
        question.open_factors,
        question.open_sets,
        question.labels,
        question.labels_absent,
        tuple(question.unknown.items()),
        question.indicators,
    )


def _with_dates(facts: Facts, question: Question) -> Facts:
    """Return `facts` with the age and creation of `question`."""
    return Facts(
        action=facts.action,
        product=facts.product,
        device=facts.device,
        purposes=facts.purposes,
        items=facts.items,
        labels=facts.labels,
        labels_absent=facts.labels_absent,
        labels_open=facts.labels_open,
        age=known_age(question),
        account_created=known_creation(question),
        ties=facts.ties,
        presumed=facts.presumed,
    )
