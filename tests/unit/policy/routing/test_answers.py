"""What an instrument reaches, what is held, and what is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from comity.domain.data_request import DataPerson, Offence, PersonRole, RequestEvent, SilenceOrder
from comity.domain.data_route import DueKind, NoticeBy, Preservation, UserNotice, Verdict
from comity.policy.routing.provisions import OffenceList
from unit.policy.routing.shipped import (
    FRAUD,
    asked,
    at,
    instrument,
    request,
    route,
    shipped_law,
    told,
)

ORDER = request("fr_court_order", "court", "FR", "2026-06-01T09:00:00+02:00", "phone_number")


def with_terms(terms: str, *data: str, **more: object) -> dict[str, str]:
    """Return what is answered to a Dutch court under a rule with `terms`."""
    law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", terms)))
    asked_for = request("court_order", "court", "NL", "2026-06-01T00:00:00Z", *data, **more)
    return told(route(asked_for, law))


def test_each_category_is_answered_once_in_the_order_asked() -> None:
    names = ["payments", "phone_number", "secret_chats", "login_ip", "content"]
    found = route(request("fr_court_order", "court", "FR", "2026-06-01T00:00:00Z", *names))
    assert [answer.category for answer in found.answers] == names


def test_public_data_are_read_where_they_are() -> None:
    found = route(replace(ORDER, data=(asked("public_profile"),)))
    assert told(found) == {"public_profile": "R OUT_OF_REACH"}
    assert found.answers[0].grounds[0].cure == "Read them at their public address."


def test_data_older_than_a_year_are_not_held() -> None:
    """Data that were held at receipt stay held, however late the answer."""
    day = "2025-06-01T00:00:00Z"
    early = replace(ORDER, data=(asked("login_ip", "2025-01-01T00:00:00Z", day),))
    assert told(route(early)) == {"login_ip": "NH NOT_HELD"}
    late = replace(ORDER, data=(asked("login_ip", day, "2025-06-02T00:00:00Z"),))
    assert told(route(late, now="2027-01-01T00:00:00Z")) == {"login_ip": "D"}


def test_of_a_period_that_begins_too_early_the_rest_is_answered() -> None:
    data = asked("login_ip", "2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    [answer] = route(replace(ORDER, data=(data,))).answers
    assert answer.verdict is Verdict.DISCLOSABLE
    assert answer.since == datetime(2025, 6, 1, tzinfo=UTC)
    assert answer.until == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("until", "expected"),
    [("2026-05-01T12:00:00+02:00", "D"), ("2026-05-01T12:00:01+02:00", "R OUT_OF_REACH")],
)
def test_a_period_may_be_as_long_as_the_instrument_says(until: str, expected: str) -> None:
    """Two months on the wall clock, over the beginning of summer time."""
    data = asked("ip_history", "2026-03-01T12:00:00+01:00", until)
    order = request("be_cic_88bis", "investigating_judge", "BE", "2026-06-01T00:00:00Z", data)
    assert told(route(order)) == {"ip_history": expected}


def test_without_a_period_all_that_is_kept_is_asked() -> None:
    """A year of addresses is more than two months; a phone number has no period."""
    found = route(
        request(
            "be_cic_88bis",
            "investigating_judge",
            "BE",
            "2026-06-01T00:00:00Z",
            "ip_history",
            "phone_number",
        )
    )
    assert told(found) == {"ip_history": "R OUT_OF_REACH", "phone_number": "D"}


def test_a_class_needs_one_row_that_fits() -> None:
    """Rows are ways; of those that fail, the one whose authority fits says why."""
    terms = """\
        system: EU
        reach:
          - {classes: [subscriber, identification], issued_by: judge}
          - {classes: subscriber, issued_by: court, offence: {category: terrorism}}
        due: in_order
        """
    terror = Offence(frozenset({"terrorism"}))
    assert with_terms(terms, offence=terror) == {
        "phone_number": "D",
        "login_ip": "R NOT_VALIDATED",
    }
    assert with_terms(terms, offence=FRAUD) == {
        "phone_number": "R OUT_OF_REACH",
        "login_ip": "R NOT_VALIDATED",
    }


@pytest.mark.parametrize(
    ("otherwise", "expected"),
    [("refuse", "R"), ("need_information", "N"), ("escalate", "N")],
)
def test_a_row_says_what_follows_where_it_fails(otherwise: str, expected: str) -> None:
    terms = f"""\
        system: EU
        reach: [{{classes: subscriber, issued_by: judge, else: {otherwise}}}]
        due: in_order
        """
    more = " +" if otherwise == "escalate" else ""
    assert with_terms(terms, "phone_number") == {"phone_number": f"{expected} NOT_VALIDATED{more}"}


def test_consent_of_another_authority_is_given_by_validation() -> None:
    terms = """\
        system: EU
        reach: [{classes: subscriber, issued_by: court, with_consent_of: prosecutor}]
        due: in_order
        """
    assert with_terms(terms, "phone_number") == {"phone_number": "R NOT_VALIDATED"}
    assert with_terms(terms, "phone_number", validated_by="prosecutor") == {"phone_number": "D"}


@pytest.mark.parametrize(
    ("offence", "expected"),
    [
        (Offence(frozenset({"tax"}), maximum_penalty_months=36, terms_violation=True), "D"),
        (Offence(frozenset({"tax"}), maximum_penalty_months=35, terms_violation=True), "R"),
        (Offence(frozenset({"tax"}), terms_violation=True), "N"),
        (Offence(frozenset({"terrorism"}), maximum_penalty_months=12), "D"),
        (Offence(frozenset({"payment_fraud"}), maximum_penalty_months=12), "D"),
        # Some fraud is on the list: which it is must be said.
        (Offence(frozenset({"fraud"}), maximum_penalty_months=12), "N"),
        (Offence(frozenset({"tax"}), 12, 4, terms_violation=True), "D"),
        (Offence(frozenset({"tax"}), 12, 3, terms_violation=True), "R"),
        (Offence(frozenset({"tax"}), 12, None, frozenset({"epoc"}), terms_violation=True), "D"),
    ],
)
def test_a_european_order_for_traffic_data_needs_a_grave_or_listed_offence(
    offence: Offence, expected: str
) -> None:
    """Three years, or on the list of article 5(4), or four months imposed."""
    found = route(
        request("epoc", "judge", "FR", "2026-09-10T09:00:00+02:00", "ip_history", offence=offence)
    )
    assert told(found)["ip_history"][0] == expected
    unknown = {"offence.maximum_penalty_months", "offence.categories"} & set(found.missing_facts)
    assert bool(unknown) is (expected == "N")


def test_a_doubt_about_an_authority_is_no_answer() -> None:
    """The police may have an officer with judicial powers: which it was must be said."""
    found = route(request("fr_cpp_60_1", "police", "FR", "2026-06-01T00:00:00Z", "phone_number"))
    assert told(found) == {"phone_number": "N AMBIGUOUS NOT_JUDICIAL"}
    assert found.missing_facts == ("authority.kind",)


def test_an_instrument_that_only_keeps_discloses_nothing_on_no_test() -> None:
    """Nobody need be a suspect, and the ceiling does not matter."""
    found = route(
        request("us_2703f", "police", "US", "2026-01-15T09:00:00-05:00", "content", offence=None),
        shipped_law(("US", "America/New_York", KEEPING)),
    )
    assert told(found) == {"content": "P OUT_OF_REACH"}
    assert found.preservation == Preservation(
        datetime.fromisoformat("2026-01-15T09:00:00-05:00"),
        datetime(2026, 4, 16, 4, tzinfo=UTC),
        rule_id="a-us-2703f",
        categories=("content",),
    )
    assert found.steps == ()


KEEPING = instrument(
    "us_2703f",
    """\
    preserve_only: true
    system: US
    reach: [{classes: [subscriber, records, content], issued_by: police}]
    due: at_once
    preserve: {for: 90 days, extends: {on: extension, for: 90 days, times: 1}}
    """,
)


@pytest.mark.parametrize(
    ("extensions", "until"),
    [
        ((), "2026-04-16T04:00:00+00:00"),
        (("2026-04-15T23:59:59-04:00",), "2026-07-15T04:00:00+00:00"),
        (("2026-04-16T00:00:00-04:00",), "2026-04-16T04:00:00+00:00"),
        (("2026-03-01T00:00:00Z", "2026-07-01T00:00:00Z"), "2026-07-15T04:00:00+00:00"),
    ],
)
def test_keeping_is_prolonged_in_time_and_as_often_as_the_law_says(
    extensions: tuple[str, ...], until: str
) -> None:
    events = tuple(("extension", when) for when in extensions)
    found = route(
        request("us_2703f", "police", "US", "2026-01-15T09:00:00-05:00", "content", events=events),
        shipped_law(("US", "America/New_York", KEEPING)),
    )
    assert found.preservation is not None
    assert found.preservation.until is not None
    assert found.preservation.until.isoformat() == until


def test_data_are_kept_until_produced_and_no_longer() -> None:
    order = request("epoc", "judge", "FR", "2026-09-10T09:00:00+02:00", "phone_number")
    kept = route(order).preservation
    assert kept is not None
    assert (kept.until, kept.until_event) == (None, "production")
    produced = request(
        "epoc", "judge", "FR", "2026-09-10T09:00:00+02:00", "phone_number",
        events=(("production", "2026-09-15T09:00:00+02:00"),),
    )  # fmt: skip
    assert route(produced).preservation is None


def test_nothing_is_kept_for_what_is_refused() -> None:
    tax = Offence(frozenset({"tax"}))
    order = request("epoc", "judge", "FR", "2026-09-10T09:00:00+02:00", "phone_number")
    assert route(replace(order, offence=tax)).preservation is None


def test_a_question_stops_the_clock_until_it_is_answered() -> None:
    """The term goes on by as long as the issuer took."""
    received = "2026-09-10T09:00:00+02:00"
    question = ("question", "2026-09-11T09:00:00+02:00")
    answer = ("clarification", "2026-09-14T09:00:00+02:00")
    lacking = frozenset({"signature"})
    waiting = request(
        "epoc", "judge", "FR", received, "phone_number", lacking=lacking, events=(question,)
    )
    assert route(waiting).due.kind is DueKind.NONE
    cured = request("epoc", "judge", "FR", received, "phone_number", events=(question, answer))
    due = route(cured).due
    assert due.instant == datetime.fromisoformat("2026-09-25T00:00:00+02:00")


def test_the_clock_of_a_plain_rule_runs_on() -> None:
    """Thirty days are thirty days, whatever is asked."""
    asking = replace(ORDER, lacking=frozenset({"signature"}))
    assert route(asking).due == route(ORDER).due


@pytest.mark.parametrize(
    ("silence", "expected"),
    [
        (None, UserNotice(NoticeBy.PLATFORM, "disclosure")),
        (
            SilenceOrder("court", datetime(2026, 9, 1, tzinfo=UTC)),
            UserNotice(NoticeBy.PLATFORM, "disclosure", datetime(2026, 9, 1, tzinfo=UTC)),
        ),
        (SilenceOrder("law"), UserNotice(NoticeBy.PLATFORM, "disclosure", silenced=True)),
    ],
)
def test_the_user_is_told_once_silence_ends(
    silence: SilenceOrder | None, expected: UserNotice
) -> None:
    assert route(replace(ORDER, silence_order=silence)).user_notice == expected


def test_a_silence_that_has_ended_binds_no_more() -> None:
    ended = request(
        "fr_court_order", "court", "FR", "2026-06-01T09:00:00+02:00", "phone_number",
        silence_order=SilenceOrder("court"), events=(("gag_ended", "2026-07-01T00:00:00Z"),),
    )  # fmt: skip
    found = route(ended)
    assert not found.user_notice.silenced
    assert found.tasks == ()


def test_an_objection_is_open_to_its_last_day() -> None:
    """Ten days after the receipt it is too late; data stored abroad are never a ground."""
    order = request("epoc", "judge", "FR", "2026-09-10T09:00:00+02:00", "phone_number")
    [task] = route(order, now="2026-09-21T23:59:59+02:00").tasks
    assert task.name == "consider_objection"
    assert task.text == (
        "Object by then if there is a ground: conflict of laws. None is this: stored abroad. "
        "Then nothing is disclosed until it is decided."
    )
    assert route(order, now="2026-09-22T00:00:00+02:00").tasks == ()
    refused = replace(order, offence=Offence(frozenset({"tax"})))
    assert route(refused).tasks == ()


def test_what_is_above_the_ceiling_is_refused_before_anything_is_asked() -> None:
    """Whether the order reaches it is not known; disclosed it is in no case."""
    grave = Offence(frozenset({"tax"}), terms_violation=True)
    order = request("epoc", "judge", "FR", "2026-09-10T09:00:00+02:00", "content", offence=grave)
    assert told(route(order)) == {"content": "R ABOVE_CEILING +"}


def test_an_incomplete_list_leaves_what_is_not_on_it_open() -> None:
    listed = {"epoc": OffenceList(frozenset({"terrorism"}), complete=False)}
    law = replace(shipped_law(), offence_lists=listed)
    for category, expected in (("terrorism", "D"), ("drug_trafficking", "N AMBIGUOUS")):
        offence = Offence(frozenset({category}), maximum_penalty_months=12)
        order = request(
            "epoc", "judge", "FR", "2026-09-10T09:00:00+02:00", "ip_history", offence=offence
        )
        assert told(route(order, law)) == {"ip_history": expected}


def test_nothing_is_asked_of_an_authority_that_need_not_be_answered() -> None:
    """A binding request of the police waits for a court; one that does not bind is refused."""
    for binding, expected in (("true", "N NOT_JUDICIAL"), ("false", "R NOT_JUDICIAL")):
        terms = f"""\
        binding: {binding}
        system: EU
        reach: [{{classes: subscriber, issued_by: police}}]
        due: in_order
        """
        law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", terms)))
        asked_for = request("court_order", "police", "NL", "2026-06-01T00:00:00Z", "phone_number")
        assert told(route(asked_for, law)) == {"phone_number": expected}


@pytest.mark.parametrize(("residence", "waits"), [("FR", False), ("DE", True), ("", True)])
def test_the_notified_authority_is_waited_for_unless_all_is_in_the_issuing_state(
    residence: str, *, waits: bool
) -> None:
    """Where that is not known, it is waited for, until the term ends."""
    order = request(
        "epoc", "judge", "FR", "2026-09-10T09:00:00+02:00", "ip_history",
        offence=replace(FRAUD, committed_in="FR"),
        person=DataPerson(PersonRole.SUSPECT, residence=residence),
    )  # fmt: skip
    found = route(order)
    assert told(found) == {"ip_history": "D"}
    last = found.steps[-1]
    assert (last.name == "await_notified_authority") is waits
    assert (last.due == found.due) is waits
    cleared = replace(order, events=(RequestEvent("clearance", at("2026-09-12T09:00:00+02:00")),))
    assert route(cleared).steps[-1].name != "await_notified_authority"
