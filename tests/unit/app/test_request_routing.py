"""The use case that routes data requests: which law answers, what is recorded and cited."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from comity.app.ports.decision_recorder import InMemoryDecisionRecorder
from comity.app.request_routing import RequestRouting
from comity.app.routing import RoutedRequest
from comity.domain.data_request import (
    DataPerson,
    DataRequest,
    IssuingAuthority,
    Offence,
    RequestedData,
    RequestEvent,
)
from comity.domain.data_route import Verdict
from comity.domain.errors import InvalidQuestionError, NoHistoryError, NoPolicyError
from comity.domain.request import Options, Subject
from unit.grpc_api.small_world import CUTOVER, SmallPolicies, SmallPolicy
from unit.policy.routing.shipped import request, shipped_bundle

NOW = datetime(2024, 11, 1, 12, tzinfo=UTC)
SUBJECT = Subject(account_id="account-1")
RULING = request("ua_cpc_164", "judge", "UA", "2024-10-01T00:00:00Z", signed="2024-09-02T00:00:00Z")


@pytest.fixture
def recorder() -> InMemoryDecisionRecorder:
    """A recorder that shows what it was given."""
    return InMemoryDecisionRecorder()


@pytest.fixture
def routing(recorder: InMemoryDecisionRecorder) -> RequestRouting:
    """The use case over the shipped policies."""
    policies = SmallPolicies(SmallPolicy(bundle=shipped_bundle()))
    return RequestRouting(policies, recorder, lambda: NOW, wait_seconds=0.0)


def ask(
    routing: RequestRouting, asked: DataRequest = RULING, options: Options | None = None
) -> RoutedRequest:
    """Return the answer to one request."""
    chosen = options or Options()
    return routing.route(SUBJECT, asked, chosen, routing.policy_for(chosen))


def verdict(answer: RoutedRequest) -> Verdict:
    """Return the verdict on the first category."""
    return answer.route.answers[0].verdict


def test_the_clock_says_when_it_is_answered(routing: RequestRouting) -> None:
    """A ruling of 2 September is good to 2 November."""
    answer = ask(routing)
    assert answer.evaluated_at == NOW
    assert verdict(answer) is Verdict.DISCLOSABLE


def test_another_instant_may_be_asked_about(
    routing: RequestRouting, recorder: InMemoryDecisionRecorder
) -> None:
    """Then the decision is recorded as hypothetical."""
    later = datetime(2024, 11, 3, tzinfo=UTC)
    answer = ask(routing, options=Options(as_of=later))
    assert answer.evaluated_at == later
    assert verdict(answer) is Verdict.NEEDS_INFORMATION
    assert recorder.routes[answer.decision_id].hypothetical


def test_the_decision_is_recorded_as_it_was_made(
    routing: RequestRouting, recorder: InMemoryDecisionRecorder
) -> None:
    """The reply carries the id under which it is kept."""
    answer = ask(routing)
    record = recorder.routes[answer.decision_id]
    assert record.request == RULING
    assert record.route == answer.route
    assert record.revision == answer.revision
    assert record.evaluated_at == NOW
    assert record.jurisdictions == ("UA",)
    assert not record.hypothetical
    assert ("population", "military") in record.sensitive
    assert record.account_id == "account-1"
    assert "account-1" not in repr(record)


def test_choosing_a_profile_is_hypothetical(
    routing: RequestRouting, recorder: InMemoryDecisionRecorder
) -> None:
    answer = ask(routing, replace(RULING, profile="eu_law"))
    assert answer.route.profile == "eu_law"
    assert recorder.routes[answer.decision_id].hypothetical


def test_every_rule_that_decided_is_cited(routing: RequestRouting) -> None:
    """The state's rule binds; the platform's own is its practice."""
    lawyer = DataPerson(protected_callings=frozenset({"lawyer"}))
    answer = ask(routing, replace(RULING, person=lawyer))
    assert {i: (c.jurisdiction, c.text.legal_effect) for i, c in answer.cited.items()} == {
        "plat-protected-person": ("any", "practice"),
        "ua-cpc-164": ("UA", "binding"),
    }
    assert answer.cited["ua-cpc-164"].text.citation.title == "Criminal Procedure Code of Ukraine"


def test_all_unknown_names_are_refused_at_once(
    routing: RequestRouting, recorder: InMemoryDecisionRecorder
) -> None:
    """By the names of their fields; nothing is recorded, and no value repeated."""
    wrong = DataRequest(
        instrument="rulling",
        authority=IssuingAuthority("juge", "UA", "courts"),
        data=(RequestedData("phone_number"), RequestedData("phone")),
        received_at=NOW,
        person=DataPerson(populations=frozenset({"soldiers"})),
        offence=Offence(categories=frozenset({"fruad"}), lists=frozenset({"worst"})),
        lacking=frozenset({"stamp"}),
        events=(RequestEvent("lunch", NOW),),
        profile="lenient",
    )
    with pytest.raises(InvalidQuestionError) as caught:
        ask(routing, wrong)
    assert sorted(violation.field for violation in caught.value.violations) == [
        "authority.kind",
        "authority.validated_by",
        "data[1].category",
        "events[0].event",
        "instrument",
        "lacking",
        "offence.categories",
        "offence.lists",
        "person.populations",
        "profile",
    ]
    assert "soldiers" not in str(caught.value)
    assert recorder.routes == {}


def test_without_a_policy_nothing_is_answered(recorder: InMemoryDecisionRecorder) -> None:
    routing = RequestRouting(SmallPolicies(None), recorder, lambda: NOW)
    with pytest.raises(NoPolicyError):
        routing.policy_for(Options())


def test_nor_as_known_before_the_first_policy(routing: RequestRouting) -> None:
    with pytest.raises(NoHistoryError):
        routing.policy_for(Options(as_known=CUTOVER.replace(year=2020)))
