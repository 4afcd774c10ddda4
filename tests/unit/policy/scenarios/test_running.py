"""Scenarios run against a small set of policy files."""

from __future__ import annotations

import pytest
from comity.policy.documents.expected import VERDICTS
from comity.policy.documents.loading import read_documents
from comity.policy.scenarios.results import Verdict
from unit.policy.scenarios.small_policies import DEVICES, SHOWN, policy_files, run, told

NOON = "at: 2024-10-01T12:00:00+03:00"


def one_more(given: str, expect: str = "allow", *, restrictions: str = DEVICES) -> list[str]:
    """Return what is told of one more scenario, without its place and name."""
    scenarios = f"{SHOWN}  - name: one more\n    given: {{{given}}}\n    expect: {expect}\n"
    lines = "\n".join(told(policy_files(restrictions, scenarios))).splitlines()
    if lines:
        assert lines[0].startswith("tests/ua_test.yaml:11: one more"), lines
    return [line.strip() for line in lines[1:]]


def test_scenarios_that_expect_what_comes_pass() -> None:
    report = run(policy_files())
    assert report.passed
    assert [(r.line, r.verdict) for r in report.results if r.file == "tests/ua_test.yaml"] == [
        (6, Verdict.PASSED),
        (7, Verdict.PASSED),
        (8, Verdict.PASSED),
    ]


def test_a_failing_instant_shows_which_connection_met_which_rule_and_where() -> None:
    scenarios = SHOWN.replace("{effect: deny, because: ua-devices}", "allow")
    assert told(policy_files(scenarios=scenarios)) == [
        (
            "tests/ua_test.yaml:6: a soldier, at 2024-09-20T00:00:00+03:00: failed\n"
            "  effect: expected allow, but deny came.\n"
            "  because: expected none, but ua-devices came.\n"
            "  ua-devices (jurisdictions/ua.yaml:4): met for certain on works_for UA (military)."
        )
    ]


@pytest.mark.parametrize(
    ("given", "account"),
    [
        (f"{NOON}, label: on_duty", "not met: an exception spares works_for UA (military)."),
        ("at: 2024-09-19T20:59:59Z", "not in force at 2024-09-19T20:59:59+00:00."),
        (
            f"{NOON}, device: personal",
            (
                "not met: on works_for UA (military), which comes nearest, "
                "device must be one of official."
            ),
        ),
        (
            f"{NOON}, works_for: null",
            (
                "not met: on presence PL, which comes nearest, "
                "connected_by must be one of works_for; "
                "place must be one of UA; population must be one of military."
            ),
        ),
    ],
)
def test_a_rule_that_was_expected_in_vain_is_accounted_for(given: str, account: str) -> None:
    assert one_more(given, "{effect: deny, because: [ua-devices, ua-other]}") == [
        "effect: expected deny, but allow came.",
        "because: expected ua-devices, ua-other, but none came.",
        f"ua-devices (jurisdictions/ua.yaml:4): {account}",
        "ua-other: no rule has this id.",
    ]


def test_an_outcome_that_is_not_listed_fails() -> None:
    assert one_more(f"{NOON}, works_for: UA, unknown: {{population: withheld}}") == [
        "effect: expected allow, but verify came.",
        "obligations: expected none, but verify employer came.",
        "state: expected decided, but indeterminate came.",
        "missing: expected none, but population:military@works_for:UA came.",
        "possible: expected none, but ua-devices came.",
        "ua-devices (jurisdictions/ua.yaml:4): in doubt on works_for UA.",
    ]


def test_an_outcome_that_is_listed_in_full_passes() -> None:
    expect = (
        "{effect: verify, because: [], obligations: [{verify: employer}], state: INDETERMINATE, "
        "missing: ['population:military@works_for:UA'], possible: [ua-devices]}"
    )
    assert one_more(f"{NOON}, works_for: UA, unknown: {{population: withheld}}", expect) == []


def test_presumed_facts_and_notes_are_compared_if_they_are_given() -> None:
    told_of = one_more(NOON, "{effect: deny, because: ua-devices, presumed: [], notes: [recalled]}")
    assert [line.split(":")[0] for line in told_of] == [
        "presumed",
        "notes",
        "ua-devices (jurisdictions/ua.yaml",
    ]
    assert told_of[1] == "notes: expected recalled, but none came."


@pytest.mark.parametrize(
    "given",
    [
        "works_for: null",
        "works_for: PL:military",
        "works_for: UA",
        "works_for: [UA:civil_servant, PL:military]",
        "works_for: {in: UA, population: [civil_servant, baker]}",
        "works_for: {in: UA, population: military, until: 2024-10-01T12:00:00+03:00}",
        "works_for: {in: UA, population: military, from: 2024-10-01T12:00:01+03:00}",
        "product: signal",
        "device: personal",
        "action: account_delete",
    ],
)
def test_facts_that_spare_somebody_are_taken_over_what_is_shared(given: str) -> None:
    assert one_more(f"{NOON}, {given}") == []


@pytest.mark.parametrize(
    "given",
    [
        "purpose: work",
        "device: official_phone",
        "works_for: [PL:military, UA:military]",
        "works_for: {in: UA, population: [baker, military]}",
        "works_for: {in: UA, population: military, until: 2024-10-01T12:00:01+03:00}",
        "label: {name: on_duty, until: 2024-10-01T12:00:00+03:00}",
        "open: nationality",
    ],
)
def test_facts_that_spare_nobody_leave_the_rule_met(given: str) -> None:
    assert one_more(f"{NOON}, {given}", "{effect: deny, because: ua-devices}") == []


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("works_for: {in: UA, via: vpn, population: military}", "trust@works_for:UA"),
        ("works_for: null, open: works_for", "connection:works_for"),
        ("works_for: null, unknown: {works_for: contradictory}", "connection:works_for"),
        ("device: null", "device"),
        ("unknown: {device: withheld}", "device"),
        ("unknown: {action: not_recorded}, action: null", "action"),
    ],
)
def test_facts_in_doubt_leave_the_answer_open(given: str, missing: str) -> None:
    expect = (
        "{effect: allow, because: [], state: INDETERMINATE, "
        f"missing: ['{missing}'], possible: [ua-devices]}}"
    )
    assert one_more(f"{NOON}, {given}", expect) == []


def test_names_that_the_policies_do_not_know_ask_no_question() -> None:
    given = (
        f"{NOON}, product: telegarm, device: toaster, label: on_dty, item: chanel, purpose: play, "
        "works_for: {in: EU, via: vpm, population: militry}, presence: ZZ, "
        "nationality: eu_comm"
    )
    assert one_more(given) == [
        "given: 'telegarm' is no product that the policies know; perhaps 'telegram' is meant.",
        "given: 'toaster' is no device that the policies know.",
        "given: 'chanel' is no item that the policies know; perhaps 'channel' is meant.",
        "given: 'play' is no purpose that the policies know.",
        "given: 'on_dty' is no label that the policies know; perhaps 'on_duty' is meant.",
        "given: 'ZZ' is no place that the policies know.",
        "given: 'eu_comm' is no place that the policies know; perhaps 'eu_commission' is meant.",
        "given: 'EU' is a group; name a place in it.",
        "given: 'militry' is no population that the policies know; perhaps 'military' is meant.",
        "given: 'vpm' is no class of trust that the policies know.",
    ]


def test_a_question_needs_an_instant_an_action_and_a_product() -> None:
    assert told(policy_files(scenarios=f"{SHOWN}  - {{name: bare, expect: allow}}\n")) == [
        "tests/ua_test.yaml:11: bare: failed\n  given: 'at' is missing, the instant that is asked."
    ]
    assert one_more(f"{NOON}, action: null, product: null") == [
        "given: 'action' is missing; where it is not known, say so under `unknown`.",
        "given: 'product' is missing; where it is not known, say so under `unknown`.",
    ]


CONSENT = """\
- id: ua-consent
  title: A parent must consent
  effect: {verify: guardian}
  applies_to: {connected_by: residence, product: all, action: call, age: {below: 14}}
  in_force: [{from: 2018-05-25}]
"""
VERIFY = "{effect: verify, because: ua-consent, obligations: [{verify: guardian}]}"
OPEN = "{effect: allow, because: [], state: INDETERMINATE, missing: age, possible: ua-consent}"


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("age: 13", VERIFY),
        ("age: 14", "allow"),
        ("born: 2010-10-02", VERIFY),
        ("born: 2010-10-01", "allow"),
        ("birth_year: 2011", VERIFY),
        ("birth_year: 2010", OPEN),
        ("birth_year: 2009", "allow"),
        ("birth_year: null", OPEN),
        ("age: 13, label: guardian_consent", "allow"),
        ("age: 13, at: 2024-02-29T12:00:00Z", VERIFY),
        ("age: 13, at: 2024-09-30T21:00:00Z", VERIFY),
    ],
)
def test_an_age_is_given_in_years_as_a_day_or_as_a_year(given: str, expect: str) -> None:
    shared = (
        "given: {product: signal, action: call, residence: UA, presence: PL, birth_year: 2012}\n"
    )
    when = "" if "at:" in given else f"{NOON}, "
    scenarios = (
        f"{shared}scenarios:\n"
        f"  - {{name: a child, given: {{{NOON}}}, expect: {VERIFY}}}\n"
        f"  - {{name: consent, given: {{{NOON}, label: guardian_consent}}, expect: allow}}\n"
        f"  - {{name: a message, given: {{{NOON}, action: message_send}}, expect: allow}}\n"
        f"  - {{name: one, given: {{{when}{given}}}, expect: {expect}}}\n"
    )
    assert told(policy_files(CONSENT, scenarios)) == []


CHANNELS = """\
- id: ua-channels
  title: Banned channels are withheld
  effect: {withhold: channel}
  item: banned_channel
  applies_to: {connected_by: presence}
  in_force: [{from: 2024-01-01}]
"""


def test_content_is_asked_by_action_and_item_without_a_product() -> None:
    scenarios = f"""\
        given: {{{NOON}, action: show, item: banned_channel, presence: UA}}
        scenarios:
          - name: shown
            question: content
            expect: {{effect: restrict, because: ua-channels, obligations: [{{withhold: channel}}]}}
          - name: shown in Poland
            question: content
            given: {{presence: PL}}
            expect: allow
          - name: of unknown kind
            question: content
            given: {{item: null}}
            expect: allow
        """
    assert told(policy_files("", scenarios, content=CHANNELS)) == [
        (
            "tests/ua_test.yaml:10: of unknown kind, at 2024-10-01T12:00:00+03:00: failed\n"
            "  given: 'item' is missing; where it is not known, say so under `unknown`."
        )
    ]


def test_orders_and_reports_are_read_and_skipped() -> None:
    scenarios = f"""{SHOWN}\
  - name: an order
    question: order
    given: {{instrument: ruling, issuing_state: UA, received: 2024-10-01T12:00:00Z}}
    expect: {{queue: illegal, due: at_once, effect: [{{withhold: item}}], territory: worldwide}}
  - name: a report
    question: report
    given: {{category: spam, from: user}}
    timeline:
      2024-10-01T12:00:00Z: {{queue: illegal, stages: {{assess: 2024-10-02T00:00:00Z}}}}
"""
    report = run(policy_files(scenarios=scenarios))
    assert report.passed
    assert list(map(str, report.ended(Verdict.SKIPPED))) == [
        (
            "tests/ua_test.yaml:11: an order, at 2024-10-01T12:00:00+00:00: skipped\n"
            "  Questions of the kind `order` are not answered yet."
        ),
        (
            "tests/ua_test.yaml:19: a report, at 2024-10-01T12:00:00+00:00: skipped\n"
            "  Questions of the kind `report` are not answered yet."
        ),
    ]


@pytest.mark.parametrize(
    ("scenario", "problem"),
    [
        (
            "{name: x, given: {at: 2024-01-01T00:00:00Z}}",
            "11:5 CP201 'expect' or 'timeline' is missing.",
        ),
        (
            "{name: x, given: {at: 2024-01-01T00:00:00Z}, timeline: {2024-01-01T00:00:00Z: allow}}",
            "11:50 CP208 'at' and 'timeline', whose instants are asked, exclude each other.",
        ),
        (
            "{name: x, expect: allow, timeline: {2024-01-01T00:00:00Z: allow}}",
            "11:30 CP208 'expect' and 'timeline' exclude each other.",
        ),
        (
            "{name: x, given: {age: 3, born: 2020-01-01}, expect: allow}",
            "11:31 CP208 'age' and 'born' exclude each other.",
        ),
        (
            "{name: x, expect: alow}",
            "11:23 CP204 'expect' must be allow or effect, not 'alow'. Did you mean 'allow'?",
        ),
        (
            "{name: x, given: {received: 2024-01-01T00:00:00Z}, expect: allow}",
            "11:23 CP202 'received' is no key that can stand here.",
        ),
        (
            "{name: x, question: data_request, expect: {categories: {content: {escalated: true}}}}",
            f"11:70 CP201 A verdict is missing: {', '.join(VERDICTS)}.",
        ),
        (
            "{name: x, question: data_request, given: {offence: {sentence: 3 days}}, expect: {}}",
            "11:57 CP304 'sentence' is given in months or years, or as life.",
        ),
    ],
)
def test_what_a_scenario_can_not_say_is_a_problem_with_its_place(
    scenario: str, problem: str
) -> None:
    documents = read_documents(policy_files(scenarios=f"{SHOWN}  - {scenario}\n"))
    assert list(map(str, documents.problems)) == [f"tests/ua_test.yaml:{problem}"]


SPARING = """\
- id: ua-devices
  title: Telegram is barred from official devices
  effect: deny
  applies_to: {connected_by: works_for, product: telegram, device: official}
  except_person: {connected_by: nationality, jurisdiction: PL}
  only_if_person: {connected_by: presence, jurisdiction: [PL, UA]}
  in_force: [{from: 2024-09-20}]
- id: ua-calls
  title: Calls are free
  permit: true
  derogates: ua-devices
  applies_to: {connected_by: works_for, product: telegram, action: call}
  in_force: [{}]
"""


@pytest.mark.parametrize(
    ("given", "account"),
    [
        ("nationality: PL", "an exception spares the person"),
        ("presence: DE", "the person does not meet its condition"),
        ("action: call", "ua-calls derogates it on works_for UA (military)"),
    ],
)
def test_what_spares_a_person_is_told(given: str, account: str) -> None:
    shared = SHOWN[: SHOWN.index("  - name")]
    expect = "{effect: deny, because: ua-devices}"
    one = f"{shared}  - {{name: one, given: {{{NOON}, {given}}}, expect: {expect}}}\n"
    failed = [result for result in run(policy_files(SPARING, one)).results if result.encounters]
    assert [str(encounter) for encounter in failed[0].encounters] == [
        f"ua-devices (jurisdictions/ua.yaml:4): not met: {account}."
    ]
