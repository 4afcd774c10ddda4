"""Two revisions differ if and only if some question is answered differently."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from comity.policy.diffing.comparison import compare_rulesets
from comity.policy.diffing.provisions import find_law_changes
from comity.policy.diffing.routes import compare_routes
from comity.policy.routing.router import route_request
from property.choices import RandomChoices
from property.law_revisions import build_law, build_request, plain
from property.revisions import (
    Revised,
    build_revised,
    build_widely_revised,
    questions,
    told,
)
from unit.policy.routing.shipped import shipped_law

# Some worlds of the generator have so many kinds of question that one takes seconds and is not
# complete; these are the first that are. COMITY_DIFF_WORLDS asks for all worlds up to a number.
WORLDS = int(os.environ.get("COMITY_DIFF_WORLDS", "0"))
QUICK = (0, 1, *range(3, 10), 16, 18, 19, 20, 21, 24, 26, 27, 28, 29, 34, 52, 54, 70, 87, 89, 134)
WIDELY_QUICK = (*range(9), 28, 29, 32, 38, 44, 52, 57, 58, 91, 93, 144, 160, 163, 168, 177, 192)
QUESTIONS = 30
WIDE_QUESTIONS = 60
LAW = shipped_law()
LAWS = 12
REQUESTS = 60


@pytest.mark.parametrize("world", range(WORLDS) if WORLDS else QUICK)
def test_revisions_differ_if_and_only_if_a_question_does(world: int) -> None:
    """Each difference has a witness, and no question differs where no difference was found."""
    choices = RandomChoices(world)
    revised = build_revised(choices)
    _hold(revised, choices, QUESTIONS)


@pytest.mark.parametrize("world", range(WORLDS) if WORLDS else WIDELY_QUICK)
def test_vocabularies_differ_if_and_only_if_a_question_does(world: int) -> None:
    """The same if rules stay as they are, and what is presumed, trusted or of a kind changes."""
    choices = RandomChoices(world)
    revised = build_widely_revised(choices)
    _hold(revised, choices, WIDE_QUESTIONS)


def _hold(revised: Revised, choices: RandomChoices, count: int) -> None:
    """Hold what a comparison claims against the reference evaluator."""
    found = compare_rulesets(revised.old, revised.new)
    assert WORLDS or found.is_complete, found.untried
    for region in found.regions:
        asked = region.witness.question, region.witness.at
        assert told(revised.old, *asked) != told(revised.new, *asked), region
    if not found.regions and found.is_complete:
        for question, now in questions(choices, revised, count):
            assert told(revised.old, question, now) == told(revised.new, question, now), (
                question,
                now,
            )


@pytest.mark.parametrize(
    ("build", "worlds"), [(build_revised, QUICK), (build_widely_revised, WIDELY_QUICK)]
)
def test_the_worlds_are_worth_trying(
    build: Callable[[RandomChoices], Revised], worlds: Sequence[int]
) -> None:
    """Edits that change answers and edits that don't are among them."""
    seen: Counter[str] = Counter()
    for world in worlds:
        choices = RandomChoices(world)
        revised = build(choices)
        differs = any(
            told(revised.old, *asked) != told(revised.new, *asked)
            for asked in questions(choices, revised, WIDE_QUESTIONS)
        )
        seen["different" if differs else "alike"] += 1
    assert min(seen["different"], seen["alike"]) >= 3, seen


@pytest.mark.parametrize("number", range(LAWS))
def test_laws_differ_if_and_only_if_a_request_is_routed_otherwise(number: int) -> None:
    """Each difference has a witness; where none was found, no generated request differs."""
    choices = RandomChoices(number)
    law = build_law(choices, LAW)
    found = compare_routes(LAW, law)
    for region in found.regions:
        request, at = region.witness.request, region.witness.at
        routes = [route_request(request, revision, at) for revision in (LAW, law)]
        assert routes[0] != routes[1], region
    if not found.regions:
        for _ in range(REQUESTS):
            request = build_request(choices, LAW)
            routes = [route_request(request, r, request.received_at) for r in (LAW, law)]
            assert plain(routes[0]) == plain(routes[1]), request


def test_the_laws_are_worth_trying() -> None:
    """Edits that change what the law says and edits that don't are among them."""
    laws = [build_law(RandomChoices(number), LAW) for number in range(LAWS)]
    changed = sum(find_law_changes(LAW, law).any for law in laws)
    assert 2 <= changed <= LAWS - 2
