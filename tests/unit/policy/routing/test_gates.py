"""What the whole request must pass, and which rule answers it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from comity.domain.data_request import Authenticity, DataPerson, Offence, PersonRole
from comity.domain.data_route import DueKind, NoticeBy, Redirect
from unit.policy.routing.shipped import (
    FRAUD,
    SUSPECT,
    instrument,
    request,
    route,
    shipped_law,
    told,
)

ORDER = request("fr_court_order", "court", "FR", "2026-06-01T09:00:00+02:00", "phone_number")
RULING = request(
    "ua_cpc_164",
    "investigating_judge",
    "UA",
    "2024-10-01T09:00:00+03:00",
    "phone_number",
    signed="2024-07-30T12:00:00+03:00",
)


def test_a_ukrainian_ruling_past_its_two_months_needs_a_fresh_one() -> None:
    """Must show: the ground says what to send."""
    found = route(RULING)
    assert told(found) == {"phone_number": "N EXPIRED"}
    [ground] = found.answers[0].grounds
    assert ground.text == "The order is no longer valid: 2 months from its date have passed."
    assert ground.cure == "Send a fresh order."
    assert ground.rule_id == "ua-cpc-164"
    assert found.preservation is not None


def test_a_ruling_that_expires_before_the_answer_needs_a_fresh_one() -> None:
    """It must be valid when the data leave, not only when it comes."""
    fresh = replace(RULING, signed_at=RULING.received_at)
    assert told(route(fresh)) == {"phone_number": "D"}
    assert told(route(fresh, now="2024-12-01T23:59:59+02:00")) == {"phone_number": "D"}
    assert told(route(fresh, now="2024-12-02T00:00:00+02:00")) == {"phone_number": "N EXPIRED"}


def test_an_instant_before_the_receipt_counts_as_the_receipt() -> None:
    assert route(ORDER, now="2020-01-01T00:00:00Z") == route(ORDER)


def test_an_order_served_too_late_needs_a_fresh_one() -> None:
    """What counts is the receipt; the answer may take longer."""
    terms = """\
        system: EU
        reach: [{classes: subscriber, issued_by: court}]
        due: in_order
        served_within: 10 days
        """
    law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", terms)))

    def served(received: str) -> dict[str, str]:
        signed = "2026-06-01T00:00:00+02:00"
        asked_for = request("court_order", "court", "NL", received, "phone_number", signed=signed)
        return told(route(asked_for, law, now="2026-12-01T00:00:00Z"))

    assert served("2026-06-11T23:59:59+02:00") == {"phone_number": "D"}
    assert served("2026-06-12T00:00:00+02:00") == {"phone_number": "N EXPIRED"}


@pytest.mark.parametrize("need", ["signature", "date"])
def test_an_order_must_be_signed_and_dated(need: str) -> None:
    assert told(route(replace(ORDER, lacking=frozenset({need})))) == {"phone_number": "N UNSIGNED"}


def test_what_the_instrument_does_not_need_may_be_lacking() -> None:
    assert told(route(replace(ORDER, lacking=frozenset({"redress"})))) == {"phone_number": "D"}


def test_without_an_account_nothing_can_be_kept() -> None:
    found = route(replace(ORDER, account_given=False))
    assert told(found) == {"phone_number": "N AMBIGUOUS"}
    assert found.preservation is None
    assert found.missing_facts == ("subject",)


def test_an_instrument_that_no_rule_knows_is_never_answered_by_default() -> None:
    """The legal basis is asked for; meanwhile data are kept."""
    found = route(replace(ORDER, instrument="court_order"))
    assert told(found) == {"phone_number": "N AMBIGUOUS"}
    assert found.answers[0].grounds[0].cure == "State the legal basis."
    assert found.due.kind is DueKind.INSTANT
    assert found.due.rule_id == ""
    assert found.preservation is not None
    assert found.rule_ids == ()


def test_an_instrument_not_yet_in_force_is_refused() -> None:
    """The ground says from when on it can be issued."""
    found = route(request("epoc", "judge", "FR", "2026-08-17T23:59:59+02:00", "phone_number"))
    assert told(found) == {"phone_number": "R NOT_IN_FORCE"}
    assert "2026-08-17 on" in found.answers[0].grounds[0].cure
    assert found.preservation is None


def test_an_unverified_rule_has_no_effect() -> None:
    terms = """\
        confidence: unverified
        system: EU
        reach: [{classes: subscriber, issued_by: court}]
        due: in_order
        """
    law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", terms)))
    found = route(request("court_order", "court", "NL", "2026-06-01T00:00:00Z"), law)
    assert {*told(found).values()} == {"R NOT_IN_FORCE"}


@pytest.mark.parametrize(
    ("governed_by", "expected"),
    [("received", "R NOT_IN_FORCE"), ("issued", "R NOT_IN_FORCE"), ("decided", "D")],
)
def test_a_rule_says_which_moment_counts(governed_by: str, expected: str) -> None:
    terms = f"""\
        system: EU
        reach: [{{classes: subscriber, issued_by: court}}]
        due: in_order
        governed_by: {governed_by}
        """
    rule = instrument("court_order", terms).replace("[{}]", "[{from: 2026-06-10}]")
    law = shipped_law(("NL", "Europe/Amsterdam", rule))
    asked_for = request(
        "court_order", "court", "NL", "2026-06-05T00:00:00Z", "phone_number",
        signed="2026-06-01T00:00:00Z",
    )  # fmt: skip
    assert told(route(asked_for, law, now="2026-06-20T00:00:00Z")) == {"phone_number": expected}


def test_the_profile_is_that_of_the_moment_that_counts() -> None:
    """An order issued before the policy and received after it, by both rules."""
    terms = """\
        system: EU
        reach: [{classes: subscriber, issued_by: court}]
        due: in_order
        governed_by: issued
        """
    law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", terms)))
    signed = "2024-09-01T00:00:00Z"
    received = "2024-10-01T00:00:00Z"
    issued = request("court_order", "court", "NL", received, "phone_number", signed=signed)
    assert told(route(issued, law)) == {"phone_number": "R PRE_POLICY"}
    french = replace(issued, instrument="fr_court_order", authority=ORDER.authority)
    assert told(route(french, law)) == {"phone_number": "D"}


def test_a_state_that_may_not_issue_is_told_what_to_use() -> None:
    """A Belgian judge turns to the Belgian instruments; the categories are not answered."""
    found = route(request("epoc", "judge", "BE", "2026-09-10T09:00:00+02:00"))
    assert found.redirect == Redirect(
        "national_order",
        "BE may not issue this instrument; ask by national order.",
        "eu-epoc",
    )
    assert found.answers == ()
    assert found.preservation is None
    assert found.rule_ids == ("eu-epoc",)


def test_a_state_outside_is_redirected_like_one_that_is_excluded() -> None:
    for state in ("DK", "US"):
        found = route(request("epoc", "judge", state, "2026-09-10T09:00:00+02:00"))
        assert found.redirect is not None


def test_a_withdrawn_request_is_closed() -> None:
    """Nothing is kept or due; what was given is asked back."""
    withdrawn = (("production", "2026-06-02T09:00:00Z"), ("withdrawal", "2026-06-03T09:00:00Z"))
    early = request(
        "fr_court_order", "court", "FR", "2026-06-01T09:00:00Z", "content", events=withdrawn[1:]
    )
    found = route(early)
    assert told(found) == {"content": "R WITHDRAWN"}
    assert found.preservation is None
    assert found.due.kind is DueKind.NONE
    assert found.tasks == ()
    late = request(
        "fr_court_order", "court", "FR", "2026-06-01T09:00:00Z", "content", events=withdrawn
    )
    assert [task.name for task in route(late).tasks] == ["ask_deletion"]


def test_what_is_still_to_happen_does_not_count() -> None:
    """A withdrawal of tomorrow changes nothing today."""
    tomorrow = request(
        "fr_court_order", "court", "FR", "2026-06-01T09:00:00Z", "phone_number",
        events=(("withdrawal", "2026-06-02T09:00:00Z"),),
    )  # fmt: skip
    assert told(route(tomorrow, now="2026-06-01T10:00:00Z")) == {"phone_number": "D"}


def test_a_forged_request_is_told_to_nobody() -> None:
    forged = replace(ORDER, authority=replace(ORDER.authority, authenticity=Authenticity.FORGED))
    found = route(forged)
    assert told(found) == {"phone_number": "R FORGED"}
    assert found.desk.name == "security"
    assert found.user_notice.by is NoticeBy.NOBODY
    assert found.rule_ids == ("fr-cpp-99-3", "plat-forged")


def test_of_several_hurdles_the_strongest_decides() -> None:
    """Refusing all, escalating, asking, refusing a category, in this order."""
    lawyer = DataPerson(PersonRole.WITNESS, protected_callings=frozenset({"lawyer"}))
    refused = replace(ORDER, person=DataPerson(PersonRole.WITNESS))
    asking = replace(refused, lacking=frozenset({"signature"}))
    escalated = replace(asking, person=lawyer)
    closed = replace(escalated, offence=Offence(frozenset({"insult"})))
    assert told(route(refused)) == {"phone_number": "R NOT_SUSPECT"}
    assert told(route(asking)) == {"phone_number": "N UNSIGNED"}
    assert told(route(escalated)) == {"phone_number": "N RED_FLAG +"}
    assert told(route(closed)) == {"phone_number": "R RED_FLAG"}


def test_an_escalation_names_the_desk_that_looks() -> None:
    lawyer = replace(SUSPECT, protected_callings=frozenset({"lawyer"}))
    found = route(replace(ORDER, person=lawyer))
    [escalation] = found.answers[0].escalations
    assert escalation.desk == "general_counsel"
    assert found.desk.name == "dsa"
    assert found.answers[0].grounds[0].cure == "The desk general_counsel decides."


@pytest.mark.parametrize("field", ["dual_criminality", "linked_to_issuing_state"])
def test_what_a_check_presumes_is_listed_while_it_is_unknown(field: str) -> None:
    known = replace(FRAUD, **{field: True})
    assert f"offence.{field}" in route(ORDER).missing_facts
    assert f"offence.{field}" not in route(replace(ORDER, offence=known)).missing_facts
    refused = route(replace(ORDER, offence=replace(FRAUD, **{field: False})))
    assert refused.answers[0].verdict.value == "refused"


@pytest.mark.parametrize("received", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
@pytest.mark.parametrize("instrument", ["fr_court_order", "ua_cpc_164", "epoc", "epoc_pr"])
def test_every_instant_is_answered(received: str, instrument: str) -> None:
    """The ends of the calendar are no special case."""
    asked_for = request(
        instrument, "judge", "FR", received, "login_ip", "ip_history", signed=received
    )
    assert len(route(asked_for).answers) == 2
