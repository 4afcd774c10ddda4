"""`comity policy` on a small set of policy files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from unit.cli.command import Command
from unit.policy.scenarios.small_policies import DEVICES, SHOWN, policy_files

FAILING = SHOWN.replace("expect: allow", "expect: {effect: deny, because: ua-devices}")
FAILURE = """\
tests/ua_test.yaml:8: a soldier on duty, at 2024-10-01T12:00:00+03:00: failed
  effect: expected deny, but allow came.
  because: expected ua-devices, but none came.
  ua-devices (jurisdictions/ua.yaml:4): not met: an exception spares works_for UA (military).
"""
BROKEN = DEVICES.replace("effect: deny", "efect: deny")
BROKEN_LINE = (
    "jurisdictions/ua.yaml:6:5 CP202 'efect' is no key that can stand here. "
    "Did you mean 'effect'?\n"
)
REVIEWED = DEVICES + "  review_by: 2027-06-30\n"


def write(directory: Path, files: Mapping[str, bytes] | None = None) -> str:
    """Write policy files under `directory`, and return its path."""
    for name, content in (files or policy_files()).items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return str(directory)


def test_lint_counts_what_it_finds_and_passes_without_errors(
    comity: Command, tmp_path: Path
) -> None:
    ended = comity("policy", "lint", write(tmp_path))
    assert (ended.code, ended.out, ended.err) == (0, "0 errors, 0 warnings, 0 notes.\n", "")


def test_lint_prints_every_problem_in_file_order_and_fails(comity: Command, tmp_path: Path) -> None:
    scenarios = SHOWN.replace("label: on_duty", "label: On Duty")
    ended = comity("policy", "lint", write(tmp_path, policy_files(BROKEN, scenarios)))
    lines = ended.out.splitlines(keepends=True)
    assert lines[0] == BROKEN_LINE
    assert lines[1].startswith("tests/ua_test.yaml:9:51 CP210 ")
    assert lines[2:] == ["2 errors, 0 warnings, 0 notes.\n"]
    assert ended.code == 1


def test_lint_warns_of_reviews_that_are_due_on_the_day_given(
    comity: Command, tmp_path: Path
) -> None:
    directory = write(tmp_path, policy_files(REVIEWED))
    before = comity("policy", "lint", directory, "--today", "2027-06-30")
    assert before.out == "0 errors, 0 warnings, 0 notes.\n"
    after = comity("policy", "lint", directory, "--today", "2027-07-01")
    assert after.out.endswith("0 errors, 1 warning, 0 notes.\n")
    assert after.code == 0


def test_lint_prints_json(comity: Command, tmp_path: Path) -> None:
    ended = comity("policy", "lint", write(tmp_path, policy_files(BROKEN)), "--json")
    told = json.loads(ended.out)
    assert ended.code == 1
    assert (told["errors"], told["warnings"], told["notes"]) == (1, 0, 0)
    assert told["problems"][0] == {
        "level": "error",
        "code": "CP202",
        "file": "jurisdictions/ua.yaml",
        "line": 6,
        "column": 5,
        "message": "'efect' is no key that can stand here.",
        "suggestion": "effect",
    }


@pytest.mark.parametrize("command", ["lint", "test"])
def test_a_directory_without_policies_is_wrong_use(
    comity: Command, tmp_path: Path, command: str
) -> None:
    missing = tmp_path / "nowhere"
    ended = comity("policy", command, str(missing))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"comity: the policy directory {missing} does not exist or is no directory\n"
        "  name the directory of the policy files, or set COMITY_POLICIES\n"
    )


def test_the_directory_may_come_from_the_environment(
    comity: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMITY_POLICIES", write(tmp_path))
    for command in ("lint", "test", "list"):
        assert comity("policy", command).code == 0


def test_test_ends_with_a_summary(comity: Command, tmp_path: Path) -> None:
    ended = comity("policy", "test", write(tmp_path))
    assert ended.out == (
        "4 questions asked: 4 passed, 0 failed, 0 skipped.\n"
        "1 rule: 1 met, 1 nearly met, 1 of 1 shown with an exception, 0 of 0 with a derogation, "
        "1 of 1 boundaries of time shown on both sides; 0 lacks.\n"
    )
    assert ended.code == 0


def test_test_prints_what_failed_and_what_no_scenario_shows(
    comity: Command, tmp_path: Path
) -> None:
    files = dict(policy_files(scenarios=FAILING.replace(", label: on_duty", ", device: personal")))
    del files["tests/platform_test.yaml"]
    ended = comity("policy", "test", write(tmp_path, files))
    assert ended.code == 1
    failure = FAILURE.replace(
        "an exception spares works_for UA (military)",
        "on works_for UA (military), which comes nearest, device must be one of official",
    )
    assert ended.out == (
        f"{failure}"
        "platform.yaml:1: no scenario shows what this file does.\n"
        "jurisdictions/ua.yaml:4: ua-devices: no scenario is spared by one of its exceptions.\n"
        "3 questions asked: 2 passed, 1 failed, 0 skipped.\n"
        "1 rule: 1 met, 1 nearly met, 0 of 1 shown with an exception, 0 of 0 with a derogation, "
        "1 of 1 boundaries of time shown on both sides; 2 lacks.\n"
    )


def test_test_tells_of_boundaries_of_time_that_no_scenario_shows(
    comity: Command, tmp_path: Path
) -> None:
    scenarios = SHOWN.replace("23:59:59", "23:58:59")
    ended = comity("policy", "test", write(tmp_path, policy_files(scenarios=scenarios)))
    assert ended.code == 0
    assert ended.out.splitlines()[0] == (
        "jurisdictions/ua.yaml:4: ua-devices: "
        "no scenario asks within a minute before 2024-09-19T21:00:00+00:00."
    )


def test_test_stops_at_errors_of_the_files(comity: Command, tmp_path: Path) -> None:
    directory = write(tmp_path, policy_files(BROKEN))
    ended = comity("policy", "test", directory)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"comity: the policy files have errors:\n  {BROKEN_LINE}"
    as_json = comity("policy", "test", directory, "--json")
    assert as_json.code == 1
    assert json.loads(as_json.out)["errors"] == 1


def test_test_prints_json(comity: Command, tmp_path: Path) -> None:
    ended = comity("policy", "test", write(tmp_path, policy_files(scenarios=FAILING)), "--json")
    told = json.loads(ended.out)
    assert ended.code == 1
    assert told["passed"] is False
    assert told["counts"] == {"passed": 3, "failed": 1, "skipped": 0}
    assert told["lacks"] == []
    (covered,) = told["coverage"]
    assert (covered["rule_id"], covered["exception"]) == ("ua-devices", True)
    assert covered["boundaries"] == [
        {"at": "2024-09-19T21:00:00+00:00", "before": True, "after": True}
    ]
    (failed,) = [result for result in told["results"] if result["verdict"] == "failed"]
    assert failed == {
        "file": "tests/ua_test.yaml",
        "line": 8,
        "name": "a soldier on duty",
        "at": "2024-10-01T12:00:00+03:00",
        "verdict": "failed",
        "differences": [
            {"what": "effect", "expected": "deny", "came": "allow"},
            {"what": "because", "expected": "ua-devices", "came": "none"},
        ],
        "encounters": [
            {
                "rule_id": "ua-devices",
                "file": "jurisdictions/ua.yaml",
                "line": 4,
                "account": "not met: an exception spares works_for UA (military)",
            }
        ],
    }


def test_test_writes_junit(comity: Command, tmp_path: Path) -> None:
    order = """\
  - name: <an order> & "more"
    question: order
    given: {received: 2024-10-01T12:00:00Z}
    expect: {}
"""
    files = dict(policy_files(scenarios=FAILING + order))
    del files["tests/platform_test.yaml"]
    report = tmp_path / "report.xml"
    assert comity("policy", "test", write(tmp_path, files), "--junit", str(report)).code == 1
    root = ET.parse(report).getroot()
    assert {name: root.get(name) for name in ("tests", "failures", "skipped")} == {
        "tests": "5",
        "failures": "2",
        "skipped": "1",
    }
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["tests/ua_test.yaml", "coverage"]
    names = [case.get("name") for case in suites["tests/ua_test.yaml"]]
    assert names[-1] == '<an order> & "more" @ 2024-10-01T12:00:00+00:00'
    failed, gap = root.findall(".//failure")
    assert f"{failed.text}\n" == FAILURE
    assert gap.text == "platform.yaml:1: no scenario shows what this file does."


def test_a_report_that_can_not_be_written_is_said(comity: Command, tmp_path: Path) -> None:
    report = tmp_path / "no" / "report.xml"
    ended = comity("policy", "test", write(tmp_path), "--junit", str(report))
    assert ended.code == 1
    assert ended.err == f"comity: {report} can't be written: No such file or directory\n"


def test_show_tells_the_rules_in_plain_words(comity: Command, tmp_path: Path) -> None:
    directory = write(tmp_path, policy_files(REVIEWED))
    at = ("--at", "2024-09-19T20:59:59Z")
    ended = comity("policy", "show", "ua", "--policies", directory, *at)
    assert ended.code == 0
    assert (
        ended.out
        == """\
UA  Ukraine  Europe/Kyiv
At 2024-09-19T20:59:59+00:00.
  In force        no rule on accounts or content
  Starts soon     ua-devices on 2024-09-20 (deny)
  Next review     2027-06-30

ua-devices  Telegram is barred from official devices
  Now             not in force; next change 2024-09-20T00:00:00+03:00
  Meets           who works for UA as military, product telegram, device official
  Except          label on duty
  While unknown   population: verify employer; other: as unmatched
  In force        from 2024-09-20T00:00:00+03:00: deny
  Authority       An authority
  Source          A source
  Legal effect    binding
  Confidence      verified, recorded 2024-01-15; review by 2027-06-30
  File            jurisdictions/ua.yaml:4
"""
    )
    later = comity("policy", "show", "UA", "--policies", directory, "--at", "2024-09-19T21:00:00Z")
    assert "  Now             in force: deny\n" in later.out


EVERYTHING = """\
- id: ua-exam
  title: Calls are closed in exam hours
  effect: [{restrict: calls, at_most: 1 hour, per: day}, {warn: careful}]
  applies_to:
    - {connected_by: [presence, residence], jurisdiction: [UA, EU], trust: low, product: all}
    - connected_by: any
      jurisdiction: any
      product: messaging
      action: call
      age: {from: 14, below: 16}
      account_created: {from: 2024-01-01, before: 2024-06-01}
      not: {product: signal, purpose: work}
  except_person: {connected_by: works_for, jurisdiction: UA, population: [baker, military]}
  only_if_person: {connected_by: network, jurisdiction: eu_commission}
  schedule:
    days: [mon-fri]
    windows: ["07:00-10:00"]
    dates: [2024-11-01/2024-11-22]
    except_dates: 2024-11-04
  confidence: recalled
  legal_effect: practice
  platform_basis: applied as it is observed
  in_force: [{from: 2024-11-01, until: 2024-12-01}]
  history: [{on: 2024-10-01, event: announced, by: Ministry}]
  note: A note.
- id: ua-permit
  title: Bakers are free
  permit: true
  derogates: ua-exam
  applies_to: {connected_by: works_for, population: baker, product: all, action: call}
  in_force: [{}]
- id: ua-carry
  title: Calls must be carried
  effect: {require: carry}
  applies_to: {connected_by: presence, product: all, action: call}
  in_force: [{until: 2020-01-01}]
"""


NEVER = """\
- id: ua-stayed
  title: Stayed before its start
  effect: deny
  applies_to: {connected_by: presence, product: telegram}
  in_force: [{from: 2025-01-01}]
  suspended: [{from: 2024-12-01, by: A court}, {from: 2026-01-01, by: A ministry, kind: deferred}]
- id: ua-proposed
  title: Proposed
  legal_effect: proposal
  applies_to: {connected_by: presence, product: telegram}
  in_force: [{from: 2025-01-01}]
- id: ua-doubted
  title: Doubted
  effect: deny
  applies_to: {connected_by: presence, product: telegram}
  confidence: unverified
  in_force: [{from: 2025-01-01}]
- id: ua-applied
  title: Doubted, and applied
  effect: deny
  applies_to: {connected_by: presence, product: telegram}
  confidence: unverified
  apply_unverified: nothing else is public
  reach_abroad: {why: A treaty says so, source: {title: The treaty, pinpoint: Article 3}}
  in_force: [{from: 2025-01-01}]
- id: ua-empty
  title: Never in force
  effect: deny
  applies_to: {connected_by: presence, product: telegram}
  in_force: []
"""


def test_show_says_why_a_rule_is_never_in_force(comity: Command, tmp_path: Path) -> None:
    """By what it was suspended before it began, that it is only proposed, or not verified."""
    ended = comity("policy", "show", "UA", "--policies", write(tmp_path, policy_files(NEVER)))
    times = [line.split(maxsplit=2)[2] for line in ended.out.splitlines() if "In force  " in line]
    assert times[1:] == [
        "never: suspended before it began, stayed by A court; deferred by A ministry",
        "never: a proposal",
        "never: unverified",
        "from 2025-01-01T00:00:00+02:00: deny",
        "never",
    ]
    assert "\n  Applied because nothing else is public\n" in ended.out
    assert "\n  Reaches abroad  A treaty says so (The treaty, Article 3)\n" in ended.out


def test_show_words_everything_that_a_rule_can_say(comity: Command, tmp_path: Path) -> None:
    directory = write(tmp_path, policy_files(EVERYTHING))
    at = "2024-11-05T06:00:00+00:00"
    ended = comity("policy", "show", "UA", "--policies", directory, "--at", at)
    shown = ended.out.split("\n\n")
    assert [part.split("  Authority")[0] for part in shown[1:]] == [
        """\
ua-exam  Calls are closed in exam hours
  Now             in force: restrict calls to 1 hour per day and product, warn careful; \
next change 2024-11-05T10:00:00+02:00
  Meets           who is in or lives in EU or UA by a connection of low trust; \
or product messaging, action call, no product signal, no purpose work, aged 14 or more and \
under 16, with an account created from 2024-01-01T00:00:00+02:00 before 2024-06-01T00:00:00+03:00
  Except a person who works for UA as baker or military
  Only a person   who is on the network of eu commission
  While unknown   other: as unmatched
  In force        from 2024-11-01T00:00:00+02:00 until 2024-12-01T00:00:00+02:00: \
restrict calls to 1 hour per day and product, warn careful
  Only at         07:00-10:00 on mon, tue, wed, thu, fri within 2024-11-01/2024-11-22 \
except 2024-11-04
""",
        """\
ua-permit  Bakers are free
  Now             in force
  Derogates       ua-exam
  Meets           who works for UA as baker, action call
  While unknown   other: as unmatched
  In force        always
""",
        """\
ua-carry  Calls must be carried
  Now             not in force
  Requires        carry
  Meets           who is in UA, action call
  While unknown   other: as unmatched
  In force        until 2020-01-01T00:00:00+02:00
""",
    ]
    assert (
        """\
  Legal effect    practice (applied as it is observed)
  Confidence      recalled, recorded 2024-01-15
  History         2024-10-01: announced by Ministry
  Note            A note.
"""
        in ended.out
    )


REQUESTS = """\
data_requests:
  - id: ua-ruling
    title: A ruling
    instrument: ruling
    binding: false
    system: EU
    issuing_states: {in: [UA, EU], not: DE}
    reach:
      - {classes: subscriber, issued_by: [court, police]}
      - classes: content
        issued_by: police
        or_validated_by: court
        offence:
          any_of:
            - {maximum_penalty_at_least: 3 years, committed_online: true}
            - {category: fraud, listed: serious}
    needs: [signature, account_identifier]
    valid_for: 2 months
    due: {within: 10 days}
    desk: intake
    in_force: [{from: 2024-01-01, until: 2025-01-01}]
    authority: A parliament
    source: {title: A code, pinpoint: Article 1}
    recorded_at: 2024-01-15
checks:
  - id: ua-check
    title: A check
    when: {request: forged, dual_criminality: false}
    code: FORGED
    outcome: need_information
    in_force: [{}]
    authority: A parliament
    source: {title: A code}
    recorded_at: 2024-01-15
"""


def test_show_tells_the_law_of_requests_for_data(comity: Command, tmp_path: Path) -> None:
    files = dict(policy_files())
    files["jurisdictions/ua.yaml"] += REQUESTS.encode()
    directory = ("--policies", write(tmp_path, files))
    ended = comity("policy", "show", "UA", *directory, "--at", "2024-10-01T00:00:00Z")
    assert (
        ended.out[ended.out.index("ua-ruling  A") :]
        == """\
ua-ruling  A ruling
  Now             in force
  Instrument      ruling, not binding
  Issued in       EU or UA but not DE
  Reaches         subscriber, issued by court or police
  Reaches         content, issued by police, or validated by court, for an offence (threatened \
with 3 years or more and committed online) or (on the list serious and of fraud)
  Needs           signature, account identifier
  Valid for       2 months
  Due             within 10 days
  Desk            intake
  In force        from 2024-01-01T00:00:00+02:00 until 2025-01-01T00:00:00+02:00
  Authority       A parliament
  Source          A code, Article 1
  Legal effect    voluntary
  Confidence      verified, recorded 2024-01-15
  File            jurisdictions/ua.yaml:15

ua-check  A check
  Now             in force
  Speaks when     request is forged; and dual criminality is lacking
  Outcome         need information, FORGED
  In force        always
  Authority       A parliament
  Source          A code
  Legal effect    binding
  Confidence      verified, recorded 2024-01-15
  File            jurisdictions/ua.yaml:39
"""
    )
    listed = comity("policy", "list", *directory, "--at", "2025-01-01T00:00:00Z")
    assert listed.out.startswith(
        "UA   Ukraine: 1 of 1 rules in force, 1 of 2 on requests for data\n"
    )
    told = json.loads(comity("policy", "show", "UA", *directory, "--json").out)
    assert [rule["id"] for rule in told["rules"]] == told["jurisdiction"]["rule_ids"]
    assert {"ua-ruling", "ua-check"} <= set(told["jurisdiction"]["rule_ids"])


def test_show_prints_the_json_of_the_service(comity: Command, tmp_path: Path) -> None:
    ended = comity("policy", "show", "UA", "--policies", write(tmp_path), "--json")
    told = json.loads(ended.out)
    assert told["jurisdiction"] == {
        "code": "UA",
        "name": "Ukraine",
        "timezone": "Europe/Kyiv",
        "rule_ids": ["ua-devices"],
    }
    (rule,) = told["rules"]
    assert (rule["id"], rule["in_force"], rule["line"]) == ("ua-devices", True, 4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("UB",), "comity: no policy file is about 'UB'; `comity policy list` lists them\n"),
        (
            ("UA", "--at", "2024-09-20T00:00:00"),
            (
                "comity: --at: must be a day or an instant with its offset, "
                "2024-09-20T00:00:00+03:00\n"
            ),
        ),
    ],
)
def test_show_says_what_it_can_not_show(
    comity: Command, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    ended = comity("policy", "show", *arguments, "--policies", write(tmp_path))
    assert (ended.code, ended.out, ended.err) == (2, "", said)


def test_a_day_is_its_first_instant_in_utc(comity: Command, tmp_path: Path) -> None:
    directory = ("--policies", write(tmp_path))
    day, instant = (
        comity("policy", "show", "UA", *directory, "--at", at)
        for at in ("2024-09-20", "2024-09-20T00:00:00Z")
    )
    assert (day.code, day.err) == (0, "")
    assert "At 2024-09-20T00:00:00+00:00." in day.out
    assert day.out == instant.out


def test_list_counts_what_is_in_force(comity: Command, tmp_path: Path) -> None:
    directory = ("--policies", write(tmp_path))
    ended = comity("policy", "list", *directory, "--at", "2024-01-01T00:00:00Z")
    assert ended.out == (
        "UA   Ukraine: 0 of 1 rules in force\nany  Platform: no rules\n"
        "2 policy files, at 2024-01-01T00:00:00+00:00.\n"
    )
    assert "1 of 1 rules in force" in comity("policy", "list", *directory).out
    told = json.loads(comity("policy", "list", *directory, "--json").out)
    assert [jurisdiction["code"] for jurisdiction in told["jurisdictions"]] == ["UA", "any"]


@pytest.mark.parametrize(
    ("arguments", "stem"),
    [
        (("PL",), "pl"),
        (("no",), "no"),
        (("us-tx", "--timezone", "America/Chicago"), "us-tx"),
        (("EU", "--timezone", "Europe/Brussels"), "eu"),
        (("eu_commission", "--timezone", "Europe/Brussels"), "eu_commission"),
    ],
)
def test_new_writes_files_that_pass_lint_and_test(
    comity: Command, tmp_path: Path, arguments: tuple[str, ...], stem: str
) -> None:
    directory = write(tmp_path)
    ended = comity("policy", "new", *arguments, "--policies", directory)
    written = [tmp_path / f"jurisdictions/{stem}.yaml", tmp_path / f"tests/{stem}_test.yaml"]
    assert (ended.code, ended.out.split()) == (0, list(map(str, written)))
    assert comity("policy", "lint", directory).out == "0 errors, 0 warnings, 0 notes.\n"
    tested = comity("policy", "test", directory)
    assert (tested.code, tested.out.splitlines()[0]) == (
        0,
        "6 questions asked: 6 passed, 0 failed, 0 skipped.",
    )


def test_new_overwrites_nothing(comity: Command, tmp_path: Path) -> None:
    files = policy_files()
    ended = comity("policy", "new", "UA", "--policies", write(tmp_path, files))
    path = tmp_path / "jurisdictions/ua.yaml"
    assert ended.err == f"comity: {path} exists already; edit it, or remove it first\n"
    assert ended.code == 1
    assert path.read_bytes() == files["jurisdictions/ua.yaml"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("atlantis",), 2, ("'atlantis' is no code of ISO 3166, group, body or area\n"
         "  add a body or an area to groups.yaml first\n")),
        (("Portugal",), 2, ("'Portugal' is no code of ISO 3166, group, body or area\n"
         "  did you mean PT?\n")),
        (("CY",), 2, "say the time zone of CY with --timezone: Asia/Famagusta, Asia/Nicosia\n"),
        (("eu_commission",), 2,
         "say the time zone of eu_commission with --timezone, such as Europe/Brussels\n"),
        (("PL", "--timezone", "Europe/Warsa"), 2,
         ("--timezone: 'Europe/Warsa' is no time zone of the IANA database, "
             "such as Europe/Kyiv.\n"
         "  did you mean Europe/Warsaw?\n")),
    ],
)  # fmt: skip
def test_new_says_what_it_needs(
    comity: Command, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = comity("policy", "new", *arguments, "--policies", write(tmp_path))
    assert (ended.code, ended.out, ended.err) == (code, "", f"comity: {said}")


def test_new_begins_nothing_beside_errors(comity: Command, tmp_path: Path) -> None:
    directory = write(tmp_path, policy_files(BROKEN))
    ended = comity("policy", "new", "PL", "--policies", directory)
    assert ended.code == 1
    assert ended.err.startswith("comity: the policy files have errors")
    assert not (tmp_path / "jurisdictions/pl.yaml").exists()


@pytest.mark.parametrize("command", ["lint", "test", "show", "list", "new"])
def test_help_documents_the_exit_codes(comity: Command, command: str) -> None:
    ended = comity("policy", command, "--help")
    assert ended.code == 0
    assert "Exit codes: 0 " in " ".join(ended.out.split())


def test_changes_that_no_scenario_notices_are_listed_and_counted(
    comity: Command, tmp_path: Path
) -> None:
    directory = write(tmp_path)
    ended = comity("policy", "test", directory, "--mutate")
    lines = ended.out.splitlines()
    assert lines[2] == (
        "jurisdictions/ua.yaml:7: ua-devices: `applies_to`: `connected_by` left out."
    )
    assert lines[-1] == (
        "10 changes of rules: 3 noticed by a scenario, 7 not (70.0 %, at most 3 %)."
    )
    assert ended.code == 1
    assert comity("policy", "test", directory, "--mutate", "--most-alive", "70").code == 0


def test_changes_of_rules_are_told_as_json(comity: Command, tmp_path: Path) -> None:
    ended = comity("policy", "test", write(tmp_path), "--mutate", "--json")
    told = json.loads(ended.out)["mutation"]
    assert (told["changes"], told["percent_alive"], len(told["survivors"])) == (10, 70.0, 7)
    assert told["survivors"][0] == {
        "rule_id": "ua-devices",
        "file": "jurisdictions/ua.yaml",
        "line": 7,
        "change": "`applies_to`: `connected_by` left out.",
    }


def test_rules_are_not_changed_while_a_scenario_fails(comity: Command, tmp_path: Path) -> None:
    ended = comity("policy", "test", write(tmp_path, policy_files(scenarios=FAILING)), "--mutate")
    assert "changes of rules" not in ended.out
    assert ended.code == 1


def test_what_can_not_be_read_stops_no_check(comity: Command, tmp_path: Path) -> None:
    """A directory with a file's name is a problem like any other, told beside all of them."""
    directory = write(tmp_path, policy_files(BROKEN))
    (Path(directory) / "x.yaml").mkdir()
    ended = comity("policy", "lint", directory)
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert "x.yaml:1:1 CP115 It can't be read: it is a directory." in lines
    assert any(line.startswith("jurisdictions/ua.yaml:") for line in lines)
