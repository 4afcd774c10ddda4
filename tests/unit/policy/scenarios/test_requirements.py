"""What scenarios must show of the rules of their file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from unit.policy.scenarios.small_policies import DEVICES, SHOWN, policy_files, run, told

BILL = """\
- id: ua-bill
  title: A bill
  legal_effect: proposal
  applies_to: {connected_by: presence, product: signal, action: call}
  in_force: []
"""
NOON = "at: 2024-10-01T12:00:00+03:00"
SOLDIER = f"{{name: a soldier, given: {{{NOON}}}, expect: {{effect: deny, because: ua-devices}}}}"
BAKER = f"{{name: a baker, given: {{{NOON}, works_for: UA:baker}}, expect: allow}}"
ON_DUTY = f"{{name: on duty, given: {{{NOON}, label: on_duty}}, expect: allow}}"
ABROAD = f"{{name: a Polish baker, given: {{{NOON}, works_for: PL:baker}}, expect: allow}}"
BEFORE = "{name: before, given: {at: 2024-09-01T12:00:00Z}, expect: allow}"


def scenarios(*listed: str) -> str:
    """Return a scenario file with the shared facts of a soldier."""
    shared = SHOWN[: SHOWN.index("  - name")]
    return shared + "".join(f"  - {scenario}\n" for scenario in listed)


def lacking(*listed: str) -> list[str]:
    """Return what the scenarios lack of the rule on official devices."""
    gaps = told(policy_files(scenarios=scenarios(*listed)))
    return [gap.removeprefix("jurisdictions/ua.yaml:4: ua-devices: ") for gap in gaps]


def test_a_match_a_near_miss_and_an_exception_are_enough() -> None:
    assert lacking(SOLDIER, BAKER, ON_DUTY) == []
    assert lacking(ON_DUTY, BAKER) == []


def test_a_miss_by_the_time_is_a_near_miss() -> None:
    assert lacking(ON_DUTY, BEFORE) == []


def test_a_miss_by_more_than_one_condition_is_none() -> None:
    assert lacking(ON_DUTY, ABROAD) == ["no scenario misses it by one condition, or by its time."]


def test_each_lack_is_told_in_a_sentence() -> None:
    assert lacking(ABROAD) == [
        "no scenario meets it while it is in force.",
        "no scenario misses it by one condition, or by its time.",
        "no scenario is spared by one of its exceptions.",
    ]


def test_scenarios_of_another_file_show_nothing() -> None:
    files = dict(policy_files(scenarios=scenarios(SOLDIER, BAKER, ON_DUTY)))
    files["tests/platform_test.yaml"] = files["tests/ua_test.yaml"]
    files["tests/ua_test.yaml"] = scenarios(ABROAD).encode()
    assert len(told(files)) == 3


@pytest.mark.parametrize(
    ("listed", "gaps"),
    [
        (["action: call", "action: message_send"], []),
        (
            ["action: call", "action: message_send, presence: PL"],
            [
                (
                    "jurisdictions/ua.yaml:4: ua-bill: a rule without effect needs 2 scenarios "
                    "that would meet it or nearly so, and has 1."
                )
            ],
        ),
    ],
)
def test_a_rule_without_effect_needs_two_scenarios(listed: list[str], gaps: list[str]) -> None:
    shared = f"given: {{{NOON}, product: signal, presence: UA}}\nscenarios:\n"
    text = "".join(f"  - {{name: x, given: {{{given}}}, expect: allow}}\n" for given in listed)
    assert told(policy_files(BILL, shared + text)) == gaps


MEMBERS = """\
- id: ua-age
  title: A parent must consent
  effect: {verify: guardian}
  applies_to: {connected_by: residence, product: all, action: call, age: {below: per_member}}
  per_member: {FR: 15, DE: 16, others: none}
  in_force: [{from: 2018-05-25}]
"""


def test_an_exception_shown_on_one_member_is_shown_on_all() -> None:
    policy = {**policy_files(MEMBERS), "jurisdictions/eu.yaml": b""}
    text = policy["jurisdictions/ua.yaml"].replace(b"jurisdiction: UA", b"jurisdiction: EU")
    shared = (
        f"given: {{{NOON}, product: signal, action: call, presence: PL, residence: FR, age: 13}}"
    )

    def verify(member: str) -> str:
        return (
            f"{{effect: verify, because: ['ua-age#{member}'], obligations: [{{verify: guardian}}]}}"
        )

    tests = (
        f"{shared}\nscenarios:\n"
        f"  - {{name: France, expect: {verify('FR')}}}\n"
        f"  - {{name: Germany, given: {{residence: DE}}, expect: {verify('DE')}}}\n"
        "  - {name: consent, given: {label: guardian_consent}, expect: allow}\n"
    )
    del policy["jurisdictions/ua.yaml"], policy["tests/ua_test.yaml"]
    files = {**policy, "jurisdictions/eu.yaml": text, "tests/eu_test.yaml": tests.encode()}
    report = run(files)
    assert report.passed, [str(gap) for gap in report.gaps]
    assert report.exceptions == (1, 1)


def test_files_without_scenarios_fail() -> None:
    files = dict(policy_files(scenarios="scenarios: []\n"))
    del files["tests/platform_test.yaml"]
    assert [gap for gap in told(files) if "no scenario shows" in gap] == [
        "platform.yaml:1: no scenario shows what this file does.",
        "tests/ua_test.yaml:1: no scenario shows what this file does.",
    ]


def test_boundaries_are_shown_by_questions_within_a_minute_on_both_sides() -> None:
    report = run(policy_files())
    (covered,) = report.coverage
    (boundary,) = covered.boundaries
    assert boundary.at == datetime(2024, 9, 19, 21, tzinfo=UTC)
    assert (boundary.before, boundary.after) == (True, True)
    assert report.boundaries == (1, 1)
    assert list(covered.blind_spots()) == []
    report = run(policy_files(scenarios=SHOWN.replace("23:59:59", "23:58:59")))
    assert report.boundaries == (0, 1)
    assert list(report.coverage[0].blind_spots()) == [
        "no scenario asks within a minute before 2024-09-19T21:00:00+00:00."
    ]


def test_a_derogation_is_shown_by_a_scenario_that_it_spares() -> None:
    permit = """\
- id: ua-permit
  title: Calls are free
  permit: true
  derogates: ua-devices
  applies_to: {connected_by: works_for, product: telegram, action: call}
  in_force: [{}]
"""
    call = f"{{name: a call, given: {{{NOON}, action: call}}, expect: allow}}"
    for listed, shown in (((call,), True), ((), False)):
        text = scenarios(SOLDIER, BAKER, ON_DUTY, *listed)
        coverage = run(policy_files(DEVICES + permit, text)).coverage
        assert {c.rule_id: c.derogation for c in coverage} == {
            "ua-devices": shown,
            "ua-permit": None,
        }
        spots = list(coverage[0].blind_spots())
        assert ("no scenario is spared by a rule that derogates it." in spots) is not shown
