"""Data requests over a real connection, answered from the shipped policies."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import grpc
import pytest
from comity.app.ports.decision_recorder import InMemoryDecisionRecorder
from comity.app.request_routing import RequestRouting
from comity.app.restrictions import PolicyTexts
from comity.grpc_api.callers import LoopbackEntitlements
from comity.grpc_api.data_requests import DataRequestServicer
from comity.grpc_api.interceptors import ErrorInterceptor
from comity.grpc_api.policy import PolicyServicer
from comity.v1 import common_pb2, data_request_service_pb2_grpc, policy_service_pb2_grpc
from comity.v1.data_request_service_pb2 import (
    DueKind,
    RouteDataRequestRequest,
    RouteDataRequestResponse,
    Verdict,
)
from comity.v1.policy_service_pb2 import GetJurisdictionRequest, GetRuleRequest
from google.protobuf import json_format
from unit.grpc_api.small_world import SmallPolicies, SmallPolicy
from unit.policy.routing.shipped import shipped_bundle

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FRENCH_ORDER = {
    "instrument": "fr_court_order",
    "authority": {"kind": "court", "issuing_state": "FR"},
    "subject": {"account_id": "account-1"},
    "person": {"role": "PERSON_ROLE_SUSPECT"},
    "offence": {"categories": ["drug_trafficking"]},
    "data": [{"category": "phone_number"}, {"category": "login_ip"}],
    "received_at": "2024-10-01T07:00:00Z",
}
UKRAINIAN_RULING = {
    **FRENCH_ORDER,
    "instrument": "ua_cpc_164",
    "authority": {"kind": "investigating_judge", "issuing_state": "UA"},
    "signed_at": "2024-07-30T09:00:00Z",
}
Stub = data_request_service_pb2_grpc.DataRequestServiceStub


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    """A connection to a server that answers from the shipped policies."""
    defects: list[Exception] = []
    policies = SmallPolicies(SmallPolicy(bundle=shipped_bundle()))
    routing = RequestRouting(policies, InMemoryDecisionRecorder(), lambda: NOW, wait_seconds=0.0)
    server = grpc.server(ThreadPoolExecutor(2), interceptors=[ErrorInterceptor(defects.append)])
    data_request_service_pb2_grpc.add_DataRequestServiceServicer_to_server(
        DataRequestServicer(routing, LoopbackEntitlements()), server
    )
    policy_service_pb2_grpc.add_PolicyServiceServicer_to_server(
        PolicyServicer(
            PolicyTexts(policies, lambda: NOW, wait_seconds=0.0), policies, LoopbackEntitlements()
        ),
        server,
    )
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            yield channel
    finally:
        server.stop(grace=None).wait()
    assert defects == []


@pytest.fixture
def stub(channel: grpc.Channel) -> Stub:
    """The service that routes requests."""
    return Stub(channel)


def ask(stub: Stub, asked: dict[str, object], **more: object) -> RouteDataRequestResponse:
    """Return the route of a request."""
    return stub.RouteDataRequest(
        json_format.ParseDict({**asked, **more}, RouteDataRequestRequest()), timeout=10
    )


def verdicts(reply: RouteDataRequestResponse) -> dict[str, str]:
    """Return the verdict on each category."""
    return {a.category: Verdict.Name(a.verdict).removeprefix("VERDICT_") for a in reply.answers}


def test_a_french_court_order_is_disclosable_after_verification_and_analysis(stub: Stub) -> None:
    """Must show: steps, desk, due instant and citation, of an order received on 1 October 2024."""
    reply = ask(stub, FRENCH_ORDER)
    assert verdicts(reply) == {"phone_number": "DISCLOSABLE", "login_ip": "DISCLOSABLE"}
    assert [step.name for step in reply.steps] == ["authority_verification", "legal_analysis"]
    assert (reply.desk.name, reply.desk.timezone) == ("dsa", "Europe/Brussels")
    assert reply.due.kind == DueKind.DUE_KIND_INSTANT
    assert reply.due.instant.ToJsonString() == "2024-10-31T23:00:00Z"
    [cited] = reply.citations
    assert (cited.rule_id, cited.jurisdiction) == ("fr-cpp-99-3", "FR")
    assert cited.citation.title == "Code de procédure pénale"
    assert reply.profile == "tg2024"
    assert not reply.preservation.required


def test_the_same_order_before_the_policy_changed_is_refused(stub: Stub) -> None:
    """Must show: received on 22 September 2024, and why."""
    reply = ask(stub, FRENCH_ORDER, received_at="2024-09-22T07:00:00Z")
    assert verdicts(reply) == {"phone_number": "REFUSED", "login_ip": "REFUSED"}
    assert {ground.code for answer in reply.answers for ground in answer.grounds} == {"PRE_POLICY"}
    assert reply.profile == "tg_before"
    assert list(reply.steps) == []


def test_a_ukrainian_ruling_past_its_two_months_needs_a_fresh_one(stub: Stub) -> None:
    """Must show: the ruling of 30 July, received on 1 October 2024."""
    reply = ask(stub, UKRAINIAN_RULING)
    assert verdicts(reply) == {"phone_number": "NEEDS_INFORMATION", "login_ip": "NEEDS_INFORMATION"}
    [ground] = reply.answers[0].grounds
    assert (ground.code, ground.cure, ground.rule_id) == (
        "EXPIRED",
        "Send a fresh order.",
        "ua-cpc-164",
    )
    assert reply.preservation.required


def test_a_ruling_within_its_two_months_is_asked_about_as_of_its_day(stub: Stub) -> None:
    """Today it would have expired too."""
    fresh = {**UKRAINIAN_RULING, "signed_at": "2024-09-25T09:00:00Z"}
    then = ask(stub, fresh, options={"as_of": "2024-10-01T08:00:00Z"})
    assert set(verdicts(then).values()) == {"DISCLOSABLE"}
    assert set(verdicts(ask(stub, fresh)).values()) == {"NEEDS_INFORMATION"}


def test_a_clash_of_laws_is_cited_twice_and_the_data_are_kept(stub: Stub) -> None:
    """A fresh ruling of Ukraine about a person in Germany: on hold, with both sources."""
    reply = ask(
        stub,
        UKRAINIAN_RULING,
        signed_at="2026-11-20T09:00:00Z",
        received_at="2026-11-23T09:00:00Z",
        person={"role": "PERSON_ROLE_SUSPECT", "residence": "DE"},
    )
    assert set(verdicts(reply).values()) == {"NEEDS_INFORMATION"}
    [conflict] = reply.conflicts
    assert (conflict.forbid_rule_id, conflict.require_rule_id) == ("eu-gdpr-48", "ua-cpc-164")
    assert conflict.forbid_citation.title == "Regulation (EU) 2016/679"
    assert conflict.require_citation.title == "Criminal Procedure Code of Ukraine"
    assert conflict.resolved_for == ""
    assert {e.desk for answer in reply.answers for e in answer.escalations} == {"data_protection"}
    assert reply.preservation.until_event == "decision"
    assert list(reply.preservation.categories) == ["login_ip", "phone_number"]


def test_the_time_that_an_order_names_is_its_due_instant(stub: Stub) -> None:
    """Ukrainian law leaves it to the ruling; French rules have a term, and the earlier counts."""
    fresh = {"signed_at": "2026-11-20T09:00:00Z", "received_at": "2026-11-23T09:00:00Z"}
    ruling = ask(stub, UKRAINIAN_RULING, **fresh, order_deadline="2026-12-01T15:00:00Z")
    assert ruling.due.instant.ToJsonString() == "2026-12-01T15:00:00Z"
    assert ask(stub, UKRAINIAN_RULING, **fresh).due.kind == DueKind.DUE_KIND_IN_ORDER
    french = ask(stub, FRENCH_ORDER, order_deadline="2024-12-24T00:00:00Z")
    assert french.due.instant.ToJsonString() == "2024-10-31T23:00:00Z"


def test_a_redirected_request_is_not_answered(stub: Stub) -> None:
    """A Belgian judge does not turn to Belgium by a European order."""
    reply = ask(
        stub,
        FRENCH_ORDER,
        instrument="epoc",
        authority={"kind": "judge", "issuing_state": "BE"},
        received_at="2026-09-10T07:00:00Z",
    )
    assert reply.redirect.to == "national_order"
    assert list(reply.answers) == []


@pytest.mark.parametrize("received", ["1900-01-01T00:00:00Z", "2199-12-31T23:59:59Z"])
def test_the_first_and_the_last_instant_of_the_contract_are_answered(
    stub: Stub, received: str
) -> None:
    assert len(ask(stub, FRENCH_ORDER, received_at=received).answers) == 2


def test_an_unknown_profile_is_refused_by_the_name_of_its_field(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(stub, FRENCH_ORDER, profile="lenient")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "profile" in caught.value.details()
    assert "lenient" not in caught.value.details()


def test_a_rule_that_is_cited_can_be_read(channel: grpc.Channel, stub: Stub) -> None:
    """As can every rule that a jurisdiction lists."""
    policies = policy_service_pb2_grpc.PolicyServiceStub(channel)
    [cited] = ask(stub, FRENCH_ORDER).citations
    rule = policies.GetRule(GetRuleRequest(rule_id=cited.rule_id)).rule
    assert (rule.jurisdiction, rule.title, rule.requires) == ("FR", cited.title, "disclose")
    assert rule.modality == common_pb2.MODALITY_REQUIRE
    assert rule.in_force
    for code in ("FR", "EU", "any"):
        listed = policies.GetJurisdiction(GetJurisdictionRequest(code=code)).jurisdiction.rule_ids
        for rule_id in listed:
            assert policies.GetRule(GetRuleRequest(rule_id=rule_id)).rule.id == rule_id


def test_a_check_that_is_cited_can_be_read(channel: grpc.Channel, stub: Stub) -> None:
    """It forbids, as the platform's practice."""
    forged = {"kind": "court", "issuing_state": "FR", "authenticity": "AUTHENTICITY_FORGED"}
    reply = ask(stub, FRENCH_ORDER, authority=forged)
    assert [cited.rule_id for cited in reply.citations] == ["fr-cpp-99-3", "plat-forged"]
    policies = policy_service_pb2_grpc.PolicyServiceStub(channel)
    rule = policies.GetRule(GetRuleRequest(rule_id="plat-forged")).rule
    assert rule.modality == common_pb2.MODALITY_FORBID
    assert rule.jurisdiction == "any"
