"""Deadlines of the order itself, answers of the issuer, voluntary tracks, and what is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from comity.domain.data_request import DataPerson, DataRequest, PersonRole
from comity.domain.data_route import DueKind, Route
from comity.policy.routing.law import RequestLaw
from unit.policy.routing.shipped import DANGER, at, instrument, request, route, shipped_law, told

RECEIVED = "2026-06-01T09:00:00-04:00"
TERMS = """\
    system: US
    reach: [{classes: subscriber, issued_by: [court, prosecutor]}]
"""


def law_of(due: str, *, more: str = "") -> RequestLaw:
    """Return the shipped law with a US instrument that is due as `due` says."""
    return shipped_law(
        ("US", "America/New_York", instrument("us_warrant", f"{TERMS}    due: {due}\n{more}"))
    )


def ask(law: RequestLaw, deadline: str = "", **more: object) -> Route:
    """Return the route of a request for a phone number, perhaps with a deadline of its own."""
    asked = request("us_warrant", "court", "US", RECEIVED, "phone_number")
    return route(replace(asked, order_deadline=at(deadline) if deadline else None, **more), law)


@pytest.mark.parametrize(
    ("due", "deadline", "instant"),
    [
        ("in_order", "2026-06-10T17:00:00-04:00", "2026-06-10T17:00:00-04:00"),
        ("{within: 10 days}", "2026-06-05T17:00:00-04:00", "2026-06-05T17:00:00-04:00"),
        ("{within: 10 days}", "2026-07-05T17:00:00-04:00", "2026-06-12T00:00:00-04:00"),
        ("{within: 10 days}", "", "2026-06-12T00:00:00-04:00"),
    ],
)
def test_the_earlier_of_law_and_order_counts(due: str, deadline: str, instant: str) -> None:
    found = ask(law_of(due), deadline)
    assert found.due.kind is DueKind.INSTANT
    assert found.due.instant == at(instant)


@pytest.mark.parametrize("due", ["at_once", "none"])
def test_an_order_changes_nothing_where_the_law_names_no_time_for_it(due: str) -> None:
    found = ask(law_of(due), "2026-06-05T17:00:00-04:00")
    assert (found.due.kind.value, found.due.instant) == (due, None)


CLOCKS_OF_FILE = """\
own: {order_deadline: wins}
asking: {on_question: QUESTION, issuer_answers_within: 5 days}
"""


def clocked(due: str, question: str = "runs") -> RequestLaw:
    """Return the law with an instrument that is due by one of two clocks of its file."""
    rules = instrument("us_warrant", f"{TERMS}    due: {due}\n")
    clocks = CLOCKS_OF_FILE.replace("QUESTION", question)
    return shipped_law(("US", "America/New_York", rules, "", clocks))


def test_an_order_wins_where_its_clock_says_so() -> None:
    """Its own deadline counts, though it is later than the term."""
    law = clocked("{within: 10 days, clock: own}")
    assert ask(law, "2026-07-05T17:00:00-04:00").due.instant == at("2026-07-05T17:00:00-04:00")
    assert ask(law).due.instant == at("2026-06-12T00:00:00-04:00")


QUESTION = (("question", "2026-06-03T12:00:00-04:00"),)
ANSWERED = (*QUESTION, ("clarification", "2026-06-05T12:00:00-04:00"))


def asking(events: tuple[tuple[str, str], ...]) -> DataRequest:
    """Return a request that waits for the issuer to say who the person is."""
    return request(
        "us_warrant", "court", "US", RECEIVED, "phone_number", events=events, person=DataPerson()
    )


@pytest.mark.parametrize("on_question", ["runs", "pause", "restart"])
def test_the_issuer_owes_its_answer_by_the_clock(on_question: str) -> None:
    """Five days after the question, whatever the question does to the platform's own term."""
    law = clocked("{within: 10 days, clock: asking}", on_question)
    [task] = route(asking(QUESTION), law).tasks
    assert (task.name, task.rule_id) == ("await_clarification", "a-us-warrant")
    assert task.due is not None
    assert task.due.instant == at("2026-06-09T00:00:00-04:00")
    assert route(asking(ANSWERED), law).tasks == ()
    assert route(asking(()), law).tasks == ()


def test_an_answer_without_a_term_is_waited_for_without_a_time() -> None:
    [task] = route(asking(QUESTION), law_of("{within: 10 days}")).tasks
    assert (task.name, task.due) == ("await_clarification", None)


def test_the_issuer_is_asked_in_the_way_that_the_law_names() -> None:
    """Until it is asked, and again for what it left open; not for what waits for counsel."""
    law = law_of("in_order", more="    ask_with: annex_iii\n")
    assert [task.name for task in route(asking(()), law).tasks] == ["annex_iii"]
    assert [task.name for task in route(asking(ANSWERED), law).tasks] == ["annex_iii"]
    assert [task.name for task in route(asking(QUESTION), law).tasks] == ["await_clarification"]
    protected = DataPerson(PersonRole.SUSPECT, protected_callings=frozenset({"lawyer"}))
    assert route(replace(asking(()), person=protected), law).tasks == ()


TRACK = (
    "    emergency: {when: threat_to_life, due: DUE, classes: [records], voluntary: VOLUNTARY}\n"
)


def in_danger(voluntary: str, due: str) -> Route:
    """Return the route of a request for a phone number and devices in danger to life."""
    more = TRACK.replace("DUE", due).replace("VOLUNTARY", voluntary)
    asked = request("us_warrant", "court", "US", RECEIVED, "phone_number", "devices")
    return route(replace(asked, emergency=DANGER), law_of("{within: 10 days}", more=more))


def test_what_is_voluntary_is_not_owed() -> None:
    """Above the ceiling it is refused and not escalated; the platform's own eight hours run."""
    found = in_danger("true", "none")
    assert told(found) == {"phone_number": "D", "devices": "R ABOVE_CEILING"}
    assert found.due.instant == at("2026-06-01T21:00:00Z")
    owed = in_danger("false", "{within: 6 hours}")
    assert told(owed) == {"phone_number": "D", "devices": "R ABOVE_CEILING +"}
    assert owed.due.instant == at("2026-06-01T19:00:00Z")


@pytest.mark.parametrize(("data", "more"), [("asked", False), ("all_held", True)])
def test_what_is_kept_is_what_is_asked_or_all_that_is_held(data: str, more: bool) -> None:  # noqa: FBT001
    """What is never held can't be kept."""
    keep = f"    preserve: {{for: 90 days, data: {data}}}\n"
    law = law_of("in_order", more=keep)
    asked = request("us_warrant", "court", "US", RECEIVED, "phone_number", "secret_chats")
    kept = route(asked, law).preservation
    assert kept is not None
    assert "phone_number" in kept.categories
    assert ("content" in kept.categories) is more
    assert "secret_chats" not in kept.categories
