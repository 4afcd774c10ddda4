"""The rules and questions that all engines are given."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from bench.throughput import cerbos_form, comity_form
from bench.throughput.drawing import draw_known, draw_mixed, draw_norms, draw_unknown, place_of
from bench.throughput.inside import question_of
from bench.throughput.norms import Asked, Law, Norm, Tie
from comity.adapters.policy_directory import MOST_FILE_BYTES, MOST_FILES, MOST_TOTAL_BYTES
from comity.domain.effect import Effect
from comity.policy.compiling.compilation import compile_policies
from comity.policy.engine import Engine
from comity.policy.presumptions import resolve
from comity.v1 import eligibility_service_pb2

NORM = Norm(0, "FR", "works_for", ("minister", "contractor"), "telegram", ("call",), "", 16, True)
ASKED = Asked(
    account="a",
    address="193.0.0.1",
    born=date(2020, 1, 15),
    product="telegram",
    action="call",
    device="personal_private",
    official=False,
    ties=(Tie("works_for", "FR", "minister"), Tie("nationality", "DE", "")),
)


def test_a_rule_denies_what_it_says() -> None:
    assert Law([NORM]).denied(ASKED)


@pytest.mark.parametrize(
    "other",
    [
        {"product": "signal"},
        {"action": "search"},
        {"official": True},
        {"born": date(1990, 1, 15)},
        {"ties": (Tie("works_for", "FR", "bank_staff"),)},
        {"ties": (Tie("works_for", "DE", "minister"),)},
        {"ties": (Tie("nationality", "FR", "minister"), Tie("works_for", "FR", ""))},
    ],
)
def test_a_rule_spares_what_differs_in_one_thing(other: dict[str, object]) -> None:
    assert not Law([NORM]).denied(replace(ASKED, **other))  # type: ignore[arg-type]


def test_a_rule_on_a_device_spares_others() -> None:
    on_official = replace(NORM, device="official_mobile")
    assert not Law([on_official]).denied(ASKED)
    assert Law([on_official]).denied(replace(ASKED, device="official_mobile"))


def test_people_in_a_part_are_in_the_country() -> None:
    assert Law([NORM]).denied(replace(ASKED, ties=(Tie("works_for", "FR-BRE", "minister"),)))
    in_part = replace(NORM, place="FR-BRE")
    assert not Law([in_part]).denied(ASKED)


def test_a_longer_list_begins_with_the_shorter() -> None:
    assert draw_norms(3_000)[:100] == draw_norms(100)


def test_further_rules_leave_the_answers_on_the_first_places_alone() -> None:
    first = {place_of(number) for number in range(100)}
    assert len(first) == 25
    assert not first & {place_of(number) for number in range(100, 60_000)}
    questions = draw_known(draw_norms(100), 300, 300)
    few, many = Law(draw_norms(100)), Law(draw_norms(5_000))
    assert [few.denied(one) for one in questions] == [many.denied(one) for one in questions]


def test_no_policy_file_of_the_most_rules_is_too_long() -> None:
    sizes = [len(content) for content in comity_form.policy_files(draw_norms(100_000)).values()]
    assert max(sizes) <= MOST_FILE_BYTES
    assert sum(sizes) <= MOST_TOTAL_BYTES
    assert len(sizes) <= MOST_FILES


def test_known_facts_are_few_and_accounts_are_not() -> None:
    drawn = draw_known(draw_norms(100), 500, 20)
    assert len({(*one.facts, one.born) for one in drawn}) == 20
    assert len({one.account for one in drawn}) == 500
    mixed = draw_mixed(draw_norms(100), 500, 20)
    assert len({one.facts for one in mixed}) == 20
    assert len({one.born for one in mixed}) > 100


def test_unknown_facts_never_come_again_and_are_always_the_same() -> None:
    first, second = (list(itertools.islice(draw_unknown(draw_norms(100)), 2_000)) for _ in range(2))
    assert first == second
    assert len({one.facts for one in first}) == 2_000


def test_some_questions_are_denied_and_some_are_not() -> None:
    norms = draw_norms(100)
    law = Law(norms)
    denied = [law.denied(one) for one in itertools.islice(draw_unknown(norms), 1_000)]
    assert 100 < sum(denied) < 500


def test_the_engine_answers_as_the_rules_say() -> None:
    norms = draw_norms(1_200)  # some of them about parts of countries
    files = comity_form.policy_files(norms)
    compiled = compile_policies(files, datetime.now(UTC).date())
    assert compiled.problems == ()
    assert compiled.bundle is not None
    ruleset, law, now = compiled.bundle.eligibility, Law(norms), datetime.now(UTC)
    engine = Engine(ruleset)
    for one in itertools.islice(draw_unknown(norms), 600):
        facts = resolve(question_of(one), ruleset.lexicon, ruleset.atlas)
        assert (engine.evaluate(facts, now).effect is Effect.DENY) == law.denied(one), one


def test_a_reply_that_is_not_decided_is_no_answer() -> None:
    reply = eligibility_service_pb2.CheckEligibilityResponse(decision_id="a-b")
    with pytest.raises(ValueError, match="not a decided answer"):
        comity_form.check_reply(reply.SerializeToString())


def test_cerbos_is_given_one_resource_a_question() -> None:
    message = cerbos_form.batch_request(draw_known(draw_norms(100), 50, 50))
    request = cerbos_form.read_request(message)
    assert len(request.resources) == 50
    assert len({entry.resource.id for entry in request.resources}) == 50


def test_a_condition_for_cerbos_says_all_that_the_rule_says() -> None:
    assert cerbos_form.condition(replace(NORM, device="official_mobile")) == (
        'R.attr.works_for == "FR" && R.attr.works_for_as in ["minister", "contractor"]'
        ' && R.attr.device == "official_mobile" && R.attr.age < 16 && !R.attr.official'
    )
