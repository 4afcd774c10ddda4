"""The memory of resolved questions changes no facts."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from comity.domain.facts import UnknownReason
from comity.policy.presumptions import resolve
from comity.policy.resolving import RULESETS_KEPT, Resolver
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


def test_equal_questions_share_what_can_be_shared() -> None:
    """The parts of remembered facts are the very same, so that what follows is cheap."""
    choices = RandomChoices(1)
    ruleset, question = build_ruleset(choices), build_question(choices)
    resolver = Resolver()
    first, second = (resolver.resolve(question, ruleset) for _ in range(2))
    assert first.ties is second.ties
    assert first.presumed is second.presumed


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
