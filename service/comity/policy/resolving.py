"""Resolves questions, and remembers: those of equal facts differ in age and creation at most."""

from __future__ import annotations

from collections.abc import Hashable

from comity.domain.facts import Facts
from comity.domain.question import Question
from comity.policy.engine.cache import Cache
from comity.policy.presumptions import known_age, known_creation, resolve
from comity.policy.rules import Ruleset

KEPT = 4096


class Resolver:
    """Gives the facts of questions, presumptions applied; shared by threads."""

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._known: Cache[Hashable, tuple[Ruleset, Facts]] = Cache(KEPT)

    def resolve(self, question: Question, ruleset: Ruleset) -> Facts:
        """Return the facts of `question` by the presumptions of `ruleset`."""
        key = _key(question, ruleset)
        known = self._known.get(key)
        if known is None:
            # The rules are held with the facts, so that no others get their identity.
            facts = resolve(question, ruleset.lexicon, ruleset.atlas)
            known = self._known.put(key, (ruleset, facts))
        return _with_dates(known[1], question)


def _key(question: Question, ruleset: Ruleset) -> Hashable:
    """Return all that the facts of `question` depend on but age and creation."""
    return (
        id(ruleset),
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
