"""`comity policy calendar`, `comity policy show` and `comity policy findings` on small files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import icalendar
import pytest
from unit.cli.command import Command
from unit.policy.scenarios.small_policies import policy_files

RULES = """\
jurisdiction: UA
timezone: Europe/Kyiv
defaults:
  authority: A centre
  source: {title: A decision}
  recorded_at: 2026-01-01
restrictions:
  - id: ua-turning
    title: Turns from a notice into a ban, is stayed and ends
    effect: deny
    applies_to: {connected_by: works_for, product: telegram}
    in_force:
      - {from: 2026-03-01, until: 2026-03-10, effect: {warn: careful}}
      - {from: 2026-03-10, until: 2026-05-01}
    suspended: [{from: 2026-04-01, until: 2026-04-02, by: A court}]
    review_by: 2026-02-15
  - id: ua-noon
    title: Begins at noon
    effect: deny
    applies_to: {connected_by: presence, product: telegram}
    in_force: [{from: 2026-03-01T12:00:00+02:00}]
  - id: ua-exams
    title: At exam hours
    effect: deny
    applies_to: {connected_by: presence, product: signal}
    schedule: {windows: ["08:00-10:00"], dates: 2026-03-02/2026-03-06}
    in_force: [{from: 2025-01-01}]
    review_by: 2026-03-31
  - id: ua-stayed
    title: Stayed before it began
    effect: deny
    applies_to: {connected_by: nationality, product: signal}
    in_force: [{from: 2026-03-20}]
    suspended: [{from: 2026-01-15, by: A court}]
  - id: ua-bill
    title: A bill
    applies_to: {connected_by: presence, product: telegram}
    legal_effect: proposal
    in_force: [{from: 2026-03-03}]
    review_by: 2026-03-05
"""
CALENDAR = """\
Overdue
  2026-02-15  ua-turning is due for review: {turning}
Sunday, 2026-03-01
  ua-turning starts (warn careful): {turning}
  ua-noon starts at 12:00 EET (deny): Begins at noon  [jurisdictions/ua.yaml:17]
Monday, 2026-03-02
  ua-exams begins its hours at 08:00 EET (until 2026-03-06): {exams}
Thursday, 2026-03-05
  ua-bill is due for review: A bill  [jurisdictions/ua.yaml:35]
Friday, 2026-03-06
  ua-exams ends its hours at 10:00 EET: {exams}
Tuesday, 2026-03-10
  ua-turning changes its effect (from warn careful to deny): {turning}
Friday, 2026-03-20
  ua-stayed is suspended (would start; by A court): {stayed}
Tuesday, 2026-03-31
  ua-exams is due for review: {exams}
Wednesday, 2026-04-01
  ua-turning is suspended (by A court): {turning}
Thursday, 2026-04-02
  ua-turning is no longer suspended: {turning}
Friday, 2026-05-01
  ua-turning ends: {turning}
11 events in 90 days from 2026-02-20, 1 review overdue.
""".format(
    turning="Turns from a notice into a ban, is stayed and ends  [jurisdictions/ua.yaml:8]",
    exams="At exam hours  [jurisdictions/ua.yaml:22]",
    stayed="Stayed before it began  [jurisdictions/ua.yaml:29]",
)
STAYED_SOON = (
    "  Suspended soon  ua-stayed on 2026-03-20 (would start; by A court); "
    "ua-turning on 2026-04-01 (by A court)"
)
TIED = (
    "jurisdictions/ua.yaml:32 CF152 ua-stayed: it meets people by whatever tie they have; "
    "name the ties that the order names.\n"
    "  comity check --as-of 2026-03-19T22:00:00Z --action message_send --product signal "
    "--presence UA"
).splitlines()
WAIVERS = """\
waivers:
  - {code: CF131, rule: ua-noon, reason: Looked at., expires: 2026-03-04}
"""


@pytest.fixture
def policies(tmp_path: Path) -> str:
    """The directory of the files."""
    return write(tmp_path / "policies", files_with(RULES))


def files_with(rules: str) -> Mapping[str, bytes]:
    """Return small policy files, those of Ukraine with `rules`."""
    own = {"jurisdictions/ua.yaml": rules.encode(), "tests/ua_test.yaml": b"scenarios: []\n"}
    return {**policy_files(), **own}


def write(directory: Path, files: Mapping[str, bytes]) -> str:
    """Write policy files under `directory`, and return its path."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content)
    return str(directory)


def test_the_calendar_tells_what_happens_by_day(comity: Command, policies: str) -> None:
    ended = comity("policy", "calendar", policies, "--from", "2026-02-20")
    assert ended.code == 0
    assert ended.out == CALENDAR


def test_the_calendar_looks_only_at_the_days_asked(comity: Command, policies: str) -> None:
    """The first day counts, the day after the last does not."""
    ended = comity("policy", "calendar", policies, "--from", "2026-03-02", "--days", "4")
    told = [line for line in ended.out.splitlines() if not line.startswith(" ")]
    assert told == [
        "Overdue",
        "Monday, 2026-03-02",
        "Thursday, 2026-03-05",
        "2 events in 4 days from 2026-03-02, 1 review overdue.",
    ]


def test_the_calendar_prints_json(comity: Command, policies: str) -> None:
    ended = comity("policy", "calendar", policies, "--from", "2026-03-01", "--days", "1", "--json")
    told = json.loads(ended.out)
    assert [entry["rule"] for entry in told["overdue"]] == ["ua-turning"]
    assert told["entries"][1] == {
        "day": "2026-03-01",
        "at": "2026-03-01T10:00:00+00:00",
        "happening": "starts",
        "rule": "ua-noon",
        "title": "Begins at noon",
        "detail": "deny",
        "file": "jurisdictions/ua.yaml",
        "line": 17,
    }


def test_a_waiver_that_expires_is_an_event(comity: Command, tmp_path: Path) -> None:
    files = {**files_with(RULES), "waivers.yaml": WAIVERS.encode()}
    directory = write(tmp_path / "waived", files)
    ended = comity("policy", "calendar", directory, "--from", "2026-03-04", "--days", "1")
    assert "  ua-noon is no longer spared by a waiver (CF131): Begins at noon" in ended.out


def test_a_profile_of_the_platform_that_comes_into_use_is_an_event(
    comity: Command, tmp_path: Path
) -> None:
    files = dict(files_with(RULES))
    files["platform.yaml"] = files["platform.yaml"].replace(
        b"in_use: [{profile: cautious}]",
        b"in_use: [{profile: cautious, until: 2026-01-02}, {profile: cautious, from: 2026-01-02}]",
    )
    directory, file = write(tmp_path / "used", files), tmp_path / "used.ics"
    days = ("--from", "2026-01-02", "--days", "1", "--ics", str(file))
    ended = comity("policy", "calendar", directory, *days)
    assert "  cautious starts: What the platform discloses  [platform.yaml:3]" in ended.out
    assert b"SUMMARY:cautious starts" in file.read_bytes()


def test_the_icalendar_file_has_all_day_events_in_the_zone_of_the_file(
    comity: Command, policies: str, tmp_path: Path
) -> None:
    file = tmp_path / "rules.ics"
    comity("policy", "calendar", policies, "--from", "2026-02-20", "--ics", str(file))
    calendar = icalendar.Calendar.from_ical(file.read_bytes())
    events = {str(event["summary"]): event for event in calendar.walk("VEVENT")}
    assert len(events) == 12
    noon = events["ua-noon starts"]
    assert (noon.decoded("dtstart"), noon.decoded("dtend")) == (date(2026, 3, 1), date(2026, 3, 2))
    assert "12:00 EET" in noon["description"]
    assert "jurisdictions/ua.yaml:17" in noon["description"]
    assert "Europe/Kyiv" in noon["description"]
    assert events["ua-turning is due for review"].decoded("dtstart") == date(2026, 2, 15)


def test_reading_the_icalendar_file_again_changes_nothing(
    comity: Command, policies: str, tmp_path: Path
) -> None:
    """The same event has the same identifier and text, whichever days were asked for."""
    events: list[dict[str, bytes]] = []
    for first in ("2026-02-20", "2026-02-20", "2026-03-01"):
        file = tmp_path / "rules.ics"
        comity("policy", "calendar", policies, "--from", first, "--ics", str(file))
        read = icalendar.Calendar.from_ical(file.read_bytes()).walk("VEVENT")
        told = {str(event["uid"]): event.to_ical() for event in read}
        assert len(told) == len(read)
        events.append(told)
    assert events[0] == events[1]
    assert {uid: events[2][uid] for uid in events[0]} == events[0]


def test_show_begins_with_what_holds_and_what_is_to_come(comity: Command, policies: str) -> None:
    ended = comity("policy", "show", "UA", "--policies", policies, "--at", "2026-03-03T06:30:00Z")
    head = ended.out.split("\n\n")[0].splitlines()
    assert head[2:] == [
        "  In force        ua-turning (warn careful); ua-noon (deny); ua-exams (deny)",
        "  Resumes soon    ua-turning on 2026-04-02",
        "  Changes soon    ua-turning on 2026-03-10 (from warn careful to deny)",
        STAYED_SOON,
        "  Ends soon       ua-turning on 2026-05-01",
        "  Began recently  ua-noon on 2026-03-01 (deny); ua-turning on 2026-03-01 (warn careful)",
        "  Review overdue  ua-turning on 2026-02-15",
        "  Review due      ua-bill on 2026-03-05; ua-exams on 2026-03-31",
    ]


def test_show_tells_what_is_suspended_and_what_has_ended(comity: Command, policies: str) -> None:
    ended = comity("policy", "show", "UA", "--policies", policies, "--at", "2026-05-03T00:00:00Z")
    head = ended.out.split("\n\n")[0]
    assert "  In force        ua-noon (deny)\n" in head
    assert "  Suspended       ua-stayed since 2026-03-20 (would start; by A court)\n" in head
    assert "  Ended recently  ua-turning on 2026-05-01\n" in head


def test_findings_are_told_with_a_question_and_fail(comity: Command, tmp_path: Path) -> None:
    tied = RULES.replace("connected_by: nationality", "connected_by: any").replace(
        "suspended: [{from: 2026-01-15, by: A court}]", "note: None"
    )
    directory = write(tmp_path / "odd", files_with(tied))
    ended = comity("policy", "findings", directory, "--today", "2026-03-01")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        *TIED,
        "0 errors, 1 warning, 0 notes, 0 waived.",
    ]


def test_findings_pass_with_notes_and_waivers(comity: Command, policies: str) -> None:
    """The rule that is suspended for good is a note, told only when asked for."""
    quiet = comity("policy", "findings", policies)
    assert quiet.code == 0
    assert quiet.out == "0 errors, 0 warnings, 1 note, 0 waived; --notes shows the notes.\n"
    noted = comity("policy", "findings", policies, "--notes")
    assert noted.out.startswith("jurisdictions/ua.yaml:34 CF102 ua-stayed: it is suspended")
    told = json.loads(comity("policy", "findings", policies, "--json").out)
    assert told["passed"] is True
    assert told["counts"] == {"error": 0, "warning": 0, "note": 1}
    assert [finding["code"] for finding in told["findings"]] == ["CF102"]
