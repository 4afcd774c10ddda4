"""What is remembered of connections changes no facts."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from comity.domain.facts import UnknownReason
from comity.policy.by_ruleset import RULESETS_KEPT
from comity.policy.presumptions import resolve
from comity.policy.resolving import Resolver
from property.choices import RandomChoices
from property.questions import build_question
from property.situations import build_age, build_now
from property.worlds import build_ruleset


def test_remembered_facts_are_those_of_the_question() -> None:
    """Questions that share all but age and creation get their own facts, by their own rules."""
    resolver = Resolver()
    for seed in range(300):
        choices = RandomChoices(seed)
        rulesets = [build_ruleset(choices) for _ in range(2)]
        question = build_question(choices)
        other = replace(question, age=build_age(choices), account_created=build_now(choices))
        hidden = replace(question, unknown={**question.unknown, "age": UnknownReason.WITHHELD})
        for ruleset in rulesets:
            for asked in (question, other, hidden, question):
                facts = resolver.resolve(asked, ruleset)
                expected = resolve(asked, ruleset.lexicon, ruleset.atlas)
                assert (facts, facts.presumed) == (expected, expected.presumed)


def test_questions_share_the_connections_that_they_have_in_common() -> None:
    """The engine finds what it knows of a connection by its identity."""
    resolver, shared = Resolver(), 0
    for seed in range(20):
        choices = RandomChoices(seed)
        ruleset, question = build_ruleset(choices), build_question(choices)
        first, second = (
            resolver.resolve(replace(question, purposes=frozenset(purposes)), ruleset)
            for purposes in ((), ("ads",))
        )
        assert {id(tie) for tie in first.ties} == {id(tie) for tie in second.ties}
        shared += len(first.ties)
    assert shared > 20


def test_rules_that_are_no_longer_used_are_let_go() -> None:
    """Else each edit of the policies would take memory for as long as its questions are kept."""
    choices = RandomChoices(1)
    resolver, question = Resolver(), build_question(choices)
    rulesets = [build_ruleset(choices) for _ in range(RULESETS_KEPT + 1)]
    first = weakref.ref(rulesets[0])
    for ruleset in rulesets:
        resolver.resolve(question, ruleset)
    del ruleset, rulesets[0]
    gc.collect()
    assert first() is None
