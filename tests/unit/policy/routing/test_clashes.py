"""Orders that require what the law of another authority forbids."""

from __future__ import annotations

from dataclasses import replace
from textwrap import indent

import pytest
from comity.domain.data_request import DataPerson, PersonRole
from comity.domain.data_route import Route
from comity.domain.decision import Conflict
from comity.policy.compiling.compilation import compile_policies
from comity.policy.routing.law import RequestLaw
from comity.policy.routing.provisions import RequestRuling
from unit.policy.routing.shipped import (
    FRAUD,
    MANDATORY,
    TODAY,
    at,
    instrument,
    request,
    route,
    shipped_bundle,
    shipped_law,
    told,
)

IN_GERMANY = DataPerson(PersonRole.SUSPECT, residence="DE")
RULING = request(
    "ua_cpc_164",
    "judge",
    "UA",
    "2026-06-02T09:00:00Z",
    signed="2026-06-01T09:00:00Z",
    person=IN_GERMANY,
)
CLASH = Conflict("eu-gdpr-48", "ua-cpc-164")
RULED = """\
conflicts:
  - between: [eu-gdpr-48, ua-cpc-164]
    prefer: PREFERRED
    by: General counsel
    weighed: A treaty was found.
    expires: 2026-07-01T00:00:00Z
"""


def ruled(prefer: str) -> RequestLaw:
    """Return the shipped law with a ruling on the clash."""
    files = dict(shipped_bundle().files)
    files["conflicts.yaml"] = RULED.replace("PREFERRED", prefer).encode()
    compilation = compile_policies(files, TODAY)
    assert compilation.bundle is not None, [str(problem) for problem in compilation.problems]
    return compilation.bundle.requests


def desks(found: Route) -> set[str]:
    """Return the desks that must look."""
    return {escalation.desk for answer in found.answers for escalation in answer.escalations}


def test_a_third_country_order_about_a_person_in_the_union_is_on_hold_and_kept() -> None:
    """Both rules are cited, a person decides, and nothing is lost meanwhile."""
    found = route(RULING)
    assert told(found) == {
        "phone_number": "N CONFLICT_OF_LAWS +",
        "login_ip": "N CONFLICT_OF_LAWS +",
    }
    assert found.conflicts == (CLASH,)
    assert set(found.rule_ids) == {"eu-gdpr-48", "ua-cpc-164"}
    assert desks(found) == {"data_protection"}
    assert found.preservation is not None
    assert found.preservation.until_event == "decision"
    assert found.preservation.categories == ("login_ip", "phone_number")
    assert found.steps == ()


@pytest.mark.parametrize(
    "person",
    [
        DataPerson(PersonRole.SUSPECT, residence="UA"),
        DataPerson(PersonRole.SUSPECT, residence="NO"),
    ],
)
def test_a_person_elsewhere_is_not_protected(person: DataPerson) -> None:
    found = route(replace(RULING, person=person))
    assert set(told(found).values()) == {"D"}
    assert found.conflicts == ()
    assert "person.residence" not in found.missing_facts


def test_where_the_person_lives_is_presumed_and_listed() -> None:
    """Unknown residence stops nothing, and the legal analysis is told to look."""
    found = route(replace(RULING, person=DataPerson(PersonRole.SUSPECT)))
    assert set(told(found).values()) == {"D"}
    assert "person.residence" in found.missing_facts


def test_an_order_of_a_member_state_clashes_with_nothing() -> None:
    found = route(
        request("fr_court_order", "court", "FR", "2026-06-01T09:00:00Z", person=IN_GERMANY)
    )
    assert set(told(found).values()) == {"D"}
    assert found.conflicts == ()


def test_what_the_platform_refuses_anyway_stays_refused() -> None:
    """The clash is told all the same: counsel answers an order that binds."""
    found = route(
        replace(RULING, data=request("x", "y", "UA", "2026-06-02T09:00:00Z", "content").data)
    )
    assert told(found) == {"content": "R ABOVE_CEILING +"}
    assert found.conflicts == (CLASH,)


def test_an_order_that_is_refused_as_a_whole_requires_nothing() -> None:
    found = route(replace(RULING, offence=replace(FRAUD, criminal=False)))
    assert set(told(found).values()) == {"R CIVIL"}
    assert found.conflicts == ()


def test_a_ruling_for_the_order_lifts_the_hold_until_it_expires() -> None:
    law = ruled("ua-cpc-164")
    before = route(RULING, law, "2026-06-30T23:59:59Z")
    assert set(told(before).values()) == {"D"}
    assert before.conflicts == (replace(CLASH, resolved_for="ua-cpc-164"),)
    after = route(RULING, law, "2026-07-01T00:00:00Z")
    assert set(told(after).values()) == {"N CONFLICT_OF_LAWS +"}
    assert after.conflicts == (CLASH,)


def test_a_ruling_for_the_prohibition_refuses_and_is_escalated_all_the_same() -> None:
    """A binding order is never closed without a person."""
    found = route(RULING, ruled("eu-gdpr-48"))
    assert set(told(found).values()) == {"R CONFLICT_OF_LAWS +"}
    assert found.conflicts == (replace(CLASH, resolved_for="eu-gdpr-48"),)
    assert found.answers[0].grounds[0].rule_id == "eu-gdpr-48"


def test_the_rulings_are_part_of_the_law() -> None:
    expires = at("2026-07-01T00:00:00Z")
    assert ruled("ua-cpc-164").rulings == (
        RequestRuling("eu-gdpr-48", "ua-cpc-164", "ua-cpc-164", expires),
    )


def test_a_ruling_on_what_cannot_clash_is_refused() -> None:
    """A check that meets its own instruments only forbids nothing of others."""
    files = dict(shipped_bundle().files)
    odd = RULED.replace("eu-gdpr-48", "plat-civil").replace("PREFERRED", "plat-civil")
    files["conflicts.yaml"] = odd.encode()
    [problem] = compile_policies(files, TODAY).problems
    assert str(problem).startswith("conflicts.yaml:2:14 CP423 'between' names one binding instr")


BLOCKING = """\
- id: nl-blocking
  when: {issued_outside: NL}
  meets: foreign
  code: CONFLICT_OF_LAWS
  outcome: OUTCOME
""" + indent(MANDATORY, "  ")
VOLUNTARY = instrument(
    "kr_83_3",
    """\
    binding: false
    system: EU
    reach: [{classes: subscriber, issued_by: court}]
    due: none
    """,
    rule_id="kr-may",
)


@pytest.mark.parametrize("outcome", ["refuse", "escalate"])
def test_a_statute_that_blocks_is_never_decided_by_itself(outcome: str) -> None:
    """Whether it says refuse or escalate: against a duty of another state a person decides."""
    law = shipped_law(("NL", "Europe/Amsterdam", "", BLOCKING.replace("OUTCOME", outcome)))
    french = request("fr_court_order", "court", "FR", "2026-06-01T09:00:00Z", "phone_number")
    found = route(french, law)
    assert told(found) == {"phone_number": "N CONFLICT_OF_LAWS +"}
    assert found.conflicts == (Conflict("nl-blocking", "fr-cpp-99-3"),)


def test_what_need_not_be_answered_clashes_with_nothing_and_is_refused() -> None:
    """Only one of the two is a duty: the prohibition."""
    law = shipped_law(
        ("NL", "Europe/Amsterdam", "", BLOCKING.replace("OUTCOME", "refuse")),
        ("KR", "Asia/Seoul", VOLUNTARY),
    )
    found = route(request("kr_83_3", "court", "KR", "2026-06-01T09:00:00Z", "phone_number"), law)
    assert told(found) == {"phone_number": "R CONFLICT_OF_LAWS"}
    assert found.conflicts == ()


OBJECTING = instrument(
    "us_warrant",
    """\
    system: US
    reach: [{classes: subscriber, issued_by: court}]
    due: in_order
    objections: [{grounds: conflict_of_laws, within: 14 days, form: annex_iii}]
    """,
    rule_id="us-objecting",
)


def test_the_way_to_object_is_told_with_its_form_until_it_is_too_late() -> None:
    law = shipped_law(("US", "America/New_York", OBJECTING))
    warrant = request(
        "us_warrant", "court", "US", "2026-06-01T09:00:00-04:00", "phone_number", person=IN_GERMANY
    )
    [task] = route(warrant, law).tasks
    found = "Object by then: a conflict of laws was found, and is a ground."
    assert task.text == f"{found} Use the form: annex iii."
    assert task.due is not None
    assert task.due.instant == at("2026-06-16T04:00:00Z")
    late = route(warrant, law, "2026-06-16T04:00:00Z")
    assert late.tasks == ()
    assert told(late) == {"phone_number": "N CONFLICT_OF_LAWS +"}
