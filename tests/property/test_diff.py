"""Two revisions differ if and only if some question is answered differently."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from comity.policy.diffing.comparison import compare_rulesets
from property.choices import RandomChoices
from property.revisions import build_revised, questions, told

# Some worlds of the generator have so many kinds of question that one takes a minute; these are
# the first that don't. COMITY_DIFF_WORLDS asks for all worlds up to a number.
WORLDS = int(os.environ.get("COMITY_DIFF_WORLDS", "0"))
QUICK = (*range(15), 16, 18, 19, 20, 21, 24, 26, 27, 28, 29, 34, 52, 54, 70, 87, 89, 134)
QUESTIONS = 30


@pytest.mark.parametrize("world", range(WORLDS) if WORLDS else QUICK)
def test_revisions_differ_if_and_only_if_a_question_does(world: int) -> None:
    """Each difference has a witness, and no question differs where no difference was found."""
    choices = RandomChoices(world)
    revised = build_revised(choices)
    found = compare_rulesets(revised.old, revised.new)
    for region in found.regions:
        asked = region.witness.question, region.witness.at
        assert told(revised.old, *asked) != told(revised.new, *asked), region
    if not found.regions:
        for question, now in questions(choices, revised, QUESTIONS):
            assert told(revised.old, question, now) == told(revised.new, question, now), (
                question,
                now,
            )


def test_the_worlds_are_worth_trying() -> None:
    """Edits that change answers and edits that don't are among them."""
    seen: Counter[str] = Counter()
    for world in QUICK:
        choices = RandomChoices(world)
        revised = build_revised(choices)
        differs = any(
            told(revised.old, *asked) != told(revised.new, *asked)
            for asked in questions(choices, revised, QUESTIONS)
        )
        seen["different" if differs else "alike"] += 1
    assert min(seen["different"], seen["alike"]) >= 3, seen
