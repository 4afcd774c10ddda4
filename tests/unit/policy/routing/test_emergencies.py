"""What a danger to life changes, once it is shown and a call-back has confirmed it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from comity.domain.data_request import DataPerson, Emergency, Offence, PersonRole, RequestEvent
from comity.domain.data_route import DueKind, NoticeBy, Route
from unit.policy.routing.shipped import DANGER, asked, at, request, route, told

KIDNAPPING = Offence(frozenset({"kidnapping"}), maximum_penalty_months=240, committed_in="FR")
POLICE = request(
    "epoc", "police", "FR", "2026-10-24T22:40:00+02:00", "phone_number", "content",
    offence=KIDNAPPING, emergency=DANGER,
)  # fmt: skip


def due(found: Route) -> str:
    """Return the due instant."""
    assert found.due.instant is not None
    return found.due.instant.isoformat()


def owed(found: Route) -> dict[str, str]:
    """Return task -> by when, in the order told."""
    return {
        task.name: task.due.instant.isoformat() if task.due and task.due.instant else ""
        for task in found.tasks
    }


def test_the_police_may_have_an_order_validated_later() -> None:
    """The phone number in eight hours, proof in two days; messages wait for a judge."""
    found = route(POLICE)
    assert told(found) == {"phone_number": "D", "content": "R NOT_VALIDATED"}
    assert due(found) == "2026-10-25T04:40:00+00:00"
    assert found.desk.name == "emergency"
    assert owed(found) == {
        "annex_iii": "",
        "validation_proof": "2026-10-26T20:40:00+00:00",
        "written_order": "2026-10-26T20:40:00+00:00",
        "consider_objection": "2026-11-03T23:00:00+00:00",
    }


def test_proof_that_comes_is_owed_no_more() -> None:
    done = tuple(
        RequestEvent(event, at("2026-10-25T09:00:00Z")) for event in ("validation", "written_order")
    )
    found = route(replace(POLICE, events=done), now="2026-10-25T10:00:00Z")
    assert owed(found).keys() == {"annex_iii", "consider_objection"}


def test_proof_that_does_not_come_has_the_data_deleted() -> None:
    found = route(POLICE, now="2026-10-27T00:00:00Z")
    assert owed(found) == {
        "annex_iii": "",
        "ask_deletion": "",
        "consider_objection": "2026-11-03T23:00:00+00:00",
    }


def test_the_notified_authority_may_object_for_four_days() -> None:
    """Traffic data of a suspect abroad leave at once; an objection has them deleted."""
    judge = replace(
        POLICE,
        authority=replace(POLICE.authority, kind="judge"),
        data=(asked("ip_history"),),
        person=DataPerson(PersonRole.SUSPECT, residence="DE"),
    )
    found = route(judge)
    assert told(found) == {"ip_history": "D"}
    assert owed(found)["ask_deletion"] == "2026-10-28T20:40:00+00:00"
    assert "await_notified_authority" not in [step.name for step in found.steps]


@pytest.mark.parametrize(
    ("emergency", "verdict", "missing", "desk"),
    [
        (DANGER, "D", set(), "emergency"),
        (
            Emergency("body", substantiated=True),
            "N NOT_JUDICIAL NOT_SUSPECT",
            {"emergency.call_back_confirmed"},
            "emergency",
        ),
        (
            Emergency("life", call_back_confirmed=True),
            "N NOT_JUDICIAL NOT_SUSPECT",
            {"emergency.substantiated"},
            "emergency",
        ),
        (Emergency("life", substantiated=False), "R NOT_SUSPECT", set(), "dsa"),
        (Emergency("critical_infrastructure", substantiated=True), "R NOT_SUSPECT", set(), "dsa"),
        (
            Emergency("life", substantiated=True, call_back_confirmed=False),
            "N UNVERIFIED",
            set(),
            "security",
        ),
    ],
)
def test_the_tests_of_the_policy_are_lifted_only_for_a_danger_that_is_shown_and_confirmed(
    emergency: Emergency, verdict: str, missing: set[str], desk: str
) -> None:
    """While it may be shown, its desk and its clock hold, and nothing is refused for good."""
    found = route(
        request(
            "de_stpo_100j",
            "police",
            "DE",
            "2026-06-01T09:00:00+02:00",
            "phone_number",
            person=DataPerson(PersonRole.MISSING),
            offence=KIDNAPPING,
            emergency=emergency,
        )
    )
    assert told(found) == {"phone_number": verdict}
    assert {f for f in found.missing_facts if f.startswith("emergency.")} == missing
    assert found.desk.name == desk
    hurried = emergency.substantiated is not False and emergency.danger != "critical_infrastructure"
    assert (due(found) == "2026-06-01T15:00:00+00:00") is hurried


def test_an_emergency_opens_no_more_than_phone_number_and_address() -> None:
    found = route(
        request(
            "de_stpo_100j",
            "police",
            "DE",
            "2026-06-01T09:00:00+02:00",
            "phone_number",
            "login_ip",
            "name",
            "content",
            person=DataPerson(PersonRole.MISSING),
            offence=KIDNAPPING,
            emergency=DANGER,
        )
    )
    assert told(found) == {
        "phone_number": "D",
        "login_ip": "D",
        "name": "R NOT_SUSPECT ABOVE_CEILING +",
        "content": "R OUT_OF_REACH NOT_SUSPECT",
    }
    assert "two_person_approval" in [step.name for step in found.steps]
    assert found.user_notice.by is NoticeBy.NOBODY


def test_what_a_judge_orders_rests_on_no_emergency() -> None:
    """No written order is owed besides the one that came; only the clock is shorter."""
    order = request(
        "fr_court_order", "court", "FR", "2026-06-01T09:00:00+02:00", "phone_number",
        emergency=DANGER,
    )  # fmt: skip
    found = route(order)
    assert due(found) == "2026-06-01T15:00:00+00:00"
    assert found.tasks == ()
    assert "two_person_approval" not in [step.name for step in found.steps]


def test_an_emergency_makes_no_term_longer() -> None:
    """A preservation order is due at once, danger or not."""
    order = request(
        "epoc_pr", "judge", "FR", "2026-10-01T09:00:00+02:00", "content", emergency=DANGER
    )
    assert route(order).due.kind is DueKind.AT_ONCE
