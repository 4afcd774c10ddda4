"""What the platform's own policy lets through, before 23 September 2024 and since."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from comity.domain.data_request import Authenticity, DataPerson, Offence, PersonRole
from comity.domain.data_route import Due, DueKind, NoticeBy, Step, UserNotice
from unit.policy.routing.shipped import instrument, request, route, shipped_law, told

DRUGS = Offence(categories=frozenset({"drug_trafficking"}))


def test_a_french_court_order_about_a_drug_trafficker_is_disclosable_after_its_steps() -> None:
    """Must show: desk, due instant, steps, and where the rule can be read."""
    found = route(
        request("fr_court_order", "court", "FR", "2024-10-01T09:00:00+02:00", offence=DRUGS)
    )
    assert told(found) == {"phone_number": "D", "login_ip": "D"}
    assert [step.name for step in found.steps] == ["authority_verification", "legal_analysis"]
    assert found.desk.name == "dsa"
    assert found.due == Due(DueKind.INSTANT, datetime(2024, 10, 31, 23, tzinfo=UTC), "fr-cpp-99-3")
    assert found.profile == "tg2024"
    assert found.rule_ids == ("fr-cpp-99-3",)
    assert found.preservation is None
    assert found.tasks == ()
    assert found.user_notice == UserNotice(NoticeBy.PLATFORM, "disclosure")
    assert found.missing_facts == ("offence.dual_criminality", "offence.linked_to_issuing_state")


def test_the_same_order_before_the_policy_is_refused_and_says_why() -> None:
    """Must show: received on 22 September 2024; the cure is to send it again."""
    found = route(
        request("fr_court_order", "court", "FR", "2024-09-22T09:00:00+02:00", offence=DRUGS)
    )
    assert told(found) == {"phone_number": "R PRE_POLICY", "login_ip": "R PRE_POLICY"}
    [ground] = found.answers[0].grounds
    assert ground.text == "The policy in use at the time covers only this: terrorism."
    assert ground.cure == (
        "Send it again: a request received from 2024-09-23T00:00:00Z on is judged by a wider "
        "policy."
    )
    assert found.profile == "tg_before"
    assert found.steps == ()


@pytest.mark.parametrize(
    ("received", "expected"),
    [("2024-09-22T23:59:59Z", "R PRE_POLICY"), ("2024-09-23T00:00:00Z", "D")],
)
def test_the_policy_changes_at_midnight_in_utc(received: str, expected: str) -> None:
    found = route(request("fr_court_order", "court", "FR", received, "phone_number"))
    assert told(found) == {"phone_number": expected}


def test_a_policy_may_be_asked_about_whenever_the_request_came() -> None:
    """The profile that the request names counts, not the one in use."""
    found = route(
        request(
            "fr_court_order", "court", "FR", "2026-06-01T00:00:00Z", "payments", profile="eu_law"
        )
    )
    assert told(found) == {"payments": "D"}
    assert found.profile == "eu_law"


def test_there_is_no_other_profile_than_those_of_the_policy() -> None:
    unknown = request("fr_court_order", "court", "FR", "2026-06-01T00:00:00Z", profile="lenient")
    with pytest.raises(ValueError, match="no profile lenient"):
        route(unknown)


def test_before_the_policy_a_police_letter_about_a_terrorist_is_refused() -> None:
    """It took a court."""
    letter = instrument(
        "police_letter",
        """\
        system: EU
        reach: [{classes: [subscriber, identification], issued_by: police}]
        due: none
        """,
    )
    law = shipped_law(("NL", "Europe/Amsterdam", letter))
    terror = Offence(categories=frozenset({"terrorism"}))
    for received, expected in (
        ("2024-03-05T00:00:00Z", "R NOT_JUDICIAL"),
        ("2024-10-05T00:00:00Z", "N NOT_JUDICIAL"),
    ):
        asked_for = request(
            "police_letter", "police", "NL", received, "phone_number", offence=terror
        )
        assert told(route(asked_for, law)) == {"phone_number": expected}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (PersonRole.SUSPECT, "D"),
        (PersonRole.UNKNOWN, "N AMBIGUOUS NOT_SUSPECT"),
        (PersonRole.WITNESS, "R NOT_SUSPECT"),
        (PersonRole.VICTIM, "R NOT_SUSPECT"),
        (PersonRole.MISSING, "R NOT_SUSPECT"),
    ],
)
def test_only_the_data_of_suspects_are_disclosed(role: PersonRole, expected: str) -> None:
    found = route(
        request(
            "fr_court_order",
            "court",
            "FR",
            "2026-06-01T00:00:00Z",
            "phone_number",
            person=DataPerson(role),
        )
    )
    assert told(found) == {"phone_number": expected}
    assert ("person.role" in found.missing_facts) is (role is PersonRole.UNKNOWN)


@pytest.mark.parametrize(
    ("offence", "expected"),
    [
        (Offence(frozenset({"payment_fraud"})), "D"),
        (Offence(frozenset({"tax"})), "R NOT_TOS"),
        (Offence(frozenset({"tax"}), terms_violation=True), "D"),
        (Offence(frozenset({"fraud"}), terms_violation=False), "R NOT_TOS"),
        (Offence(frozenset({"tax", "fraud"})), "D"),
        (Offence(terms_violation=True), "N AMBIGUOUS"),
        (Offence(), "N AMBIGUOUS NOT_TOS"),
        (None, "N AMBIGUOUS NOT_TOS"),
    ],
)
def test_only_cases_that_break_the_terms_are_answered(
    offence: Offence | None, expected: str
) -> None:
    """By its kind, or as stated; an offence that nobody names might be one of expression."""
    found = route(
        request(
            "fr_court_order",
            "court",
            "FR",
            "2026-06-01T00:00:00Z",
            "phone_number",
            offence=offence,
        )
    )
    assert told(found) == {"phone_number": expected}


def test_what_is_verified_is_not_verified_again() -> None:
    order = request("fr_court_order", "court", "FR", "2026-06-01T00:00:00Z")
    verified = replace(order.authority, authenticity=Authenticity.VERIFIED)
    found = route(replace(order, authority=verified))
    assert [step.name for step in found.steps] == ["legal_analysis"]


def test_an_order_above_the_ceiling_is_refused_and_looked_at_if_it_binds() -> None:
    """A request that need not be answered is refused without more."""
    binding = """\
        system: EU
        reach: [{classes: [subscriber, content], issued_by: court}]
        due: in_order
        """
    for more, expected in (
        ("", "R ABOVE_CEILING +"),
        ("        binding: false\n", "R ABOVE_CEILING"),
    ):
        law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", more + binding)))
        found = route(request("court_order", "court", "NL", "2026-06-01T00:00:00Z", "content"), law)
        assert told(found) == {"content": expected}


def test_steps_are_named_once_in_order() -> None:
    """Those of the profile, then those of the instrument, which are cited."""
    terms = """\
        system: EU
        reach: [{classes: subscriber, issued_by: court}]
        due: in_order
        steps: [legal_analysis, two_person_approval]
        """
    law = shipped_law(("NL", "Europe/Amsterdam", instrument("court_order", terms)))
    found = route(
        request("court_order", "court", "NL", "2026-06-01T00:00:00Z", "phone_number"), law
    )
    assert [step.name for step in found.steps] == [
        "authority_verification",
        "legal_analysis",
        "two_person_approval",
    ]
    assert found.steps[2] == Step(
        "two_person_approval", "Let two people approve the disclosure.", rule_id="a-court-order"
    )
