"""When compiled rules are in force."""

from __future__ import annotations

import pytest
from comity.domain.effect import DENIED, Outcome, Restrict
from unit.policy.compiling.one_file import (
    at,
    compile_file,
    problems_of,
    rule_text,
    rules_of,
)

DENY = "effect: deny\napplies_to: {connected_by: presence, product: telegram}\n"


def flips(keys: str, *, zone: str = "Europe/Kyiv") -> list[str]:
    """Return the instants at which the only rule changes, in UTC."""
    rule = rules_of(compile_file(rule_text(DENY + keys), zone=zone))["a-rule"]
    return [instant.isoformat() for instant in rule.timeline.instants]


def test_a_day_is_its_midnight_in_the_zone_of_the_file() -> None:
    assert flips("in_force: {from: 2024-09-20, until: 2024-12-01}\n") == [
        "2024-09-19T21:00:00+00:00",
        "2024-11-30T22:00:00+00:00",
    ]


def test_through_is_the_last_day_in() -> None:
    assert flips("in_force: {from: 2024-09-20, through: 2024-09-20}\n") == [
        "2024-09-19T21:00:00+00:00",
        "2024-09-20T21:00:00+00:00",
    ]


def test_a_month_counts_from_its_last_day_and_to_its_first() -> None:
    assert flips("in_force: {from: 2022-02, until: 2022-12}\n") == [
        "2022-02-27T22:00:00+00:00",
        "2022-11-30T22:00:00+00:00",
    ]


def test_an_unknown_start_counts_from_the_day_of_recording() -> None:
    assert flips("in_force: {from: unknown}\n") == ["2024-01-14T22:00:00+00:00"]


def test_a_suspension_is_cut_out() -> None:
    keys = """\
    in_force: {from: 2025-01-01}
    suspended: [{from: 2025-06-03, until: 2025-11-25, by: a court}]
    """
    timeline = rules_of(compile_file(rule_text(DENY + _dedent(keys))))["a-rule"].timeline
    assert timeline.state_at(at("2025-06-02T20:59:59Z")) == DENIED
    assert timeline.state_at(at("2025-06-02T21:00:00Z")) is None
    assert timeline.state_at(at("2025-11-24T22:00:00Z")) == DENIED


def test_an_interval_may_have_an_effect_of_its_own() -> None:
    keys = """\
    in_force:
      - {from: 2026-02-10, until: 2026-03-20, effect: {restrict: service_speed}}
      - {from: 2026-03-20}
    """
    timeline = rules_of(compile_file(rule_text(DENY + _dedent(keys))))["a-rule"].timeline
    slow = Outcome(obligations=frozenset({Restrict("service_speed")}))
    assert timeline.states == (None, slow, DENIED)


@pytest.mark.parametrize(
    "keys",
    [
        "legal_effect: proposal\nin_force: {from: 2024-01-01}\n",
        "confidence: unverified\nin_force: {from: 2024-01-01}\n",
        "in_force: []\n",
    ],
)
def test_what_has_no_effect_is_never_in_force(keys: str) -> None:
    assert rules_of(compile_file(rule_text(DENY + keys)))["a-rule"].timeline.states == (None,)


def test_an_unverified_rule_may_be_applied_for_a_reason() -> None:
    keys = "confidence: unverified\napply_unverified: the act is public\nin_force: [{}]\n"
    assert rules_of(compile_file(rule_text(DENY + keys)))["a-rule"].timeline.states == (DENIED,)


def test_overlapping_intervals_are_refused_at_the_later_one() -> None:
    keys = "in_force:\n  - {from: 2024-01-01, until: 2024-03-01}\n  - {from: 2024-02-29}\n"
    [problem] = problems_of(compile_file(rule_text(DENY + keys)))
    assert str(problem) == (
        "jurisdictions/ua.yaml:10:9 CP413 The interval overlaps another one of `in_force`."
    )


def test_a_day_that_a_zone_skipped_is_refused() -> None:
    """Samoa went from 29 to 31 December 2011."""
    compilation = compile_file(
        rule_text(DENY + "in_force: {from: 2011-12-30}\n"), code="WS", zone="Pacific/Apia"
    )
    assert [problem.code for problem in problems_of(compilation)] == ["CP306"]


def test_a_midnight_in_a_gap_is_the_first_instant_after_it_and_warns() -> None:
    """Beirut's clocks went from 24:00 to 01:00 on 31 March 2024."""
    compilation = compile_file(
        rule_text(DENY + "in_force: {from: 2024-03-31}\n"), code="LB", zone="Asia/Beirut"
    )
    assert [problem.code for problem in problems_of(compilation)] == ["CP320"]
    [instant] = rules_of(compilation)["a-rule"].timeline.instants
    assert instant == at("2024-03-30T22:00:00Z")


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ("{from: 2024-02-01, until: 2024-01-01}", "The interval ends before it begins."),
        (
            "{from: 2024-02-01, until: 2024-02-01}",
            "The interval ends as it begins and holds no time.",
        ),
        ("{from: 2024-02, through: 2024-02}", "The interval ends before it begins."),
    ],
)
def test_an_interval_without_time_is_refused(interval: str, words: str) -> None:
    [problem] = problems_of(compile_file(rule_text(DENY + f"in_force: {interval}\n")))
    assert (problem.code, problem.message) == ("CP309", words)


def test_exam_hours_repeat_on_the_days_named() -> None:
    keys = """\
    in_force: {from: 2024-11-01, through: 2024-11-22}
    schedule: {days: mon-fri, windows: ["07:00-10:00"], dates: 2024-11-01/2024-11-22}
    """
    text = rule_text(DENY + _dedent(keys))
    rule = rules_of(compile_file(text, code="KE", zone="Africa/Nairobi"))["a-rule"]
    assert rule.timeline.state_at(at("2024-11-04T03:59:59Z")) is None
    assert rule.timeline.state_at(at("2024-11-04T04:00:00Z")) == DENIED
    assert rule.timeline.state_at(at("2024-11-03T05:00:00Z")) is None


def test_an_hour_that_a_day_does_not_have_warns() -> None:
    keys = """\
    in_force: {from: 2026-03-01}
    schedule: {windows: ["01:30-02:30"], dates: 2026-03-01/2026-04-01}
    """
    text = rule_text(DENY + _dedent(keys))
    compilation = compile_file(text, code="DE", zone="Europe/Berlin")
    [problem] = problems_of(compilation)
    assert problem.code == "CP321"
    assert "2026-03-29" in problem.message
    rule = rules_of(compilation)["a-rule"]
    assert rule.timeline.state_at(at("2026-03-29T00:59:59Z")) == DENIED
    assert rule.timeline.state_at(at("2026-03-29T01:00:00Z")) is None


def _dedent(keys: str) -> str:
    """Return `keys` without their common indentation."""
    return "\n".join(line[4:] for line in keys.splitlines()) + "\n"
