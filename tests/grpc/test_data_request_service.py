"""What the data request service converts, over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import grpc
import pytest
from comity.domain.data_request import (
    Authenticity,
    DataPerson,
    DataRequest,
    Emergency,
    IssuingAuthority,
    Offence,
    PersonRole,
    RequestedData,
    RequestEvent,
    SilenceOrder,
)
from comity.domain.errors import NotEntitledError
from comity.domain.request import Caller, Options
from comity.v1 import common_pb2
from comity.v1.data_request_service_pb2 import RouteDataRequestRequest
from comity.v1.data_request_service_pb2_grpc import DataRequestServiceStub
from google.protobuf import json_format
from unit.grpc_api.small_world import DIGEST, SmallWorld

RECEIVED = datetime(2024, 10, 1, tzinfo=UTC)
LEAST = {
    "instrument": "fr_court_order",
    "authority": {"kind": "court", "issuing_state": "FR"},
    "data": [{"category": "phone_number"}],
    "received_at": "2024-10-01T00:00:00Z",
}
CITED = {
    "rule_id": "fr-court-order",
    "jurisdiction": "FR",
    "title": "Court order",
    "authority": "Parliament",
    "citation": {"title": "Code"},
    "legal_effect": "LEGAL_EFFECT_BINDING",
    "confidence": "CONFIDENCE_VERIFIED",
}


def request(**more: object) -> RouteDataRequestRequest:
    """Return a good request, with more in it."""
    return json_format.ParseDict({**LEAST, **more}, RouteDataRequestRequest())


@pytest.fixture
def world() -> SmallWorld:
    """A world whose router gives one route to everything."""
    return SmallWorld()


@pytest.fixture
def stub(world: SmallWorld) -> Iterator[DataRequestServiceStub]:
    """A connection to a server that answers from it."""
    with world.serving() as channel:
        yield DataRequestServiceStub(channel)
    assert world.defects == []


def test_what_is_not_given_is_unknown(stub: DataRequestServiceStub, world: SmallWorld) -> None:
    """The least that a request may hold is passed on as the least that is known."""
    stub.RouteDataRequest(request())
    assert world.router.asked == [
        DataRequest(
            instrument="fr_court_order",
            authority=IssuingAuthority("court", "FR"),
            data=(RequestedData("phone_number"),),
            received_at=RECEIVED,
        )
    ]


def test_every_fact_reaches_the_use_case(stub: DataRequestServiceStub, world: SmallWorld) -> None:
    """False is passed on as false, events in the order of time."""
    later = "2024-10-03T00:00:00Z"
    stub.RouteDataRequest(
        request(
            authority={
                "kind": "police",
                "issuing_state": "FR",
                "validated_by": "court",
                "authenticity": "AUTHENTICITY_FORGED",
            },
            subject={"account_id": "account-1"},
            person={
                "role": "PERSON_ROLE_SUSPECT",
                "residence": "FR",
                "child": False,
                "protected_callings": ["lawyer"],
                "populations": ["military"],
                "consents": True,
            },
            offence={
                "categories": ["fraud"],
                "maximum_penalty_months": 0,
                "sentence_months": 4,
                "lists": ["epoc"],
                "committed_online": False,
                "purposes": ["identify_author"],
                "terms_violation": True,
                "criminal": False,
                "dual_criminality": False,
                "linked_to_issuing_state": True,
                "death_penalty": False,
                "committed_in": "FR",
            },
            data=[{"category": "content", "period": {"since": "2024-09-01T00:00:00Z"}}],
            signed_at="2024-10-01T00:00:00Z",
            lacking=["reasons"],
            emergency={"danger": "life", "substantiated": False, "call_back_confirmed": True},
            silence_order={"ordered_by": "court", "until": later},
            events=[
                {"event": "withdrawal", "at": later},
                {"event": "clarification", "at": "2024-10-02T00:00:00Z"},
            ],
            profile="tg2024",
        )
    )
    third = datetime(2024, 10, 3, tzinfo=UTC)
    assert world.router.asked == [
        DataRequest(
            instrument="fr_court_order",
            authority=IssuingAuthority("police", "FR", "court", Authenticity.FORGED),
            data=(RequestedData("content", datetime(2024, 9, 1, tzinfo=UTC)),),
            received_at=RECEIVED,
            account_given=True,
            person=DataPerson(
                role=PersonRole.SUSPECT,
                residence="FR",
                child=False,
                protected_callings=frozenset({"lawyer"}),
                populations=frozenset({"military"}),
                consents=True,
            ),
            offence=Offence(
                categories=frozenset({"fraud"}),
                maximum_penalty_months=0,
                sentence_months=4,
                lists=frozenset({"epoc"}),
                committed_online=False,
                purposes=frozenset({"identify_author"}),
                terms_violation=True,
                criminal=False,
                dual_criminality=False,
                linked_to_issuing_state=True,
                death_penalty=False,
                committed_in="FR",
            ),
            signed_at=RECEIVED,
            lacking=frozenset({"reasons"}),
            emergency=Emergency("life", substantiated=False, call_back_confirmed=True),
            silence_order=SilenceOrder("court", third),
            events=(
                RequestEvent("clarification", datetime(2024, 10, 2, tzinfo=UTC)),
                RequestEvent("withdrawal", third),
            ),
            profile="tg2024",
        )
    ]


def test_the_reply_tells_the_whole_route(stub: DataRequestServiceStub) -> None:
    """Verdicts, steps, desk, due instant, preservation, notice and citations."""
    reply = json_format.MessageToDict(
        stub.RouteDataRequest(request()), preserving_proto_field_name=True
    )
    assert reply == {
        "answers": [
            {
                "category": "phone_number",
                "period": {"since": "2024-09-19T21:00:00Z"},
                "verdict": "VERDICT_DISCLOSABLE",
            },
            {
                "category": "content",
                "verdict": "VERDICT_REFUSED",
                "grounds": [
                    {
                        "code": "ABOVE_CEILING",
                        "text": "Above the ceiling.",
                        "rule_id": "any-ceiling",
                    }
                ],
                "escalations": [
                    {
                        "desk": "general_counsel",
                        "code": "ABOVE_CEILING",
                        "text": "The order binds.",
                    }
                ],
            },
        ],
        "steps": [{"name": "authority_verification", "text": "Verify the authority."}],
        "tasks": [
            {
                "name": "written_order",
                "text": "Send the order.",
                "due": {"kind": "DUE_KIND_AT_ONCE"},
                "rule_id": "fr-court-order",
            }
        ],
        "desk": {
            "name": "li_intake",
            "languages": ["en"],
            "timezone": "UTC",
            "hours": "mon-fri 09:00-17:00",
            "out_of_hours": "emergency",
        },
        "due": {
            "kind": "DUE_KIND_INSTANT",
            "instant": "2030-01-01T00:00:00Z",
            "rule_id": "fr-court-order",
        },
        "preservation": {
            "required": True,
            "since": "2024-10-01T12:00:00Z",
            "until_event": "production",
            "rule_id": "fr-court-order",
            "categories": ["content"],
        },
        "user_notice": {
            "by": "NOTICE_BY_PLATFORM",
            "at": "disclosure",
            "not_before": "2024-10-01T12:00:00Z",
        },
        "citations": [CITED],
        "profile": "tg2024",
        "missing_facts": ["offence.maximum_penalty_months"],
        "policy_revision": {"epoch": "7", "digest": DIGEST},
        "evaluated_at": "2024-10-01T12:00:00Z",
        "decision_id": f"{2:032x}-{1:016x}",
    }


def test_only_the_legal_view_cites_confidential_rules(stub: DataRequestServiceStub) -> None:
    """Nor does another view tell of conflicts with them."""
    reply = stub.RouteDataRequest(request(options={"view": "VIEW_LEGAL"}))
    assert [cited.rule_id for cited in reply.citations] == ["any-secret", "fr-court-order"]
    assert [conflict.forbid_citation.title for conflict in reply.conflicts] == ["Order"]
    assert reply.policy_revision == common_pb2.PolicyRevision(epoch=7, digest=DIGEST)


class NobodyMayLookBack:
    """Entitlements that open everything but other states of the policy."""

    def open_to_all(self, options: Options) -> bool:
        """Return False: who calls matters."""
        del options
        return False

    def require(self, caller: Caller, options: Options) -> None:
        """Refuse `as_known`."""
        assert caller.loopback
        if options.as_known is not None:
            message = "options.as_known is only for entitled callers"
            raise NotEntitledError(message)


def test_choosing_a_profile_takes_an_entitlement() -> None:
    """The error names the field that was used."""
    world = SmallWorld(entitlements=NobodyMayLookBack())
    with world.serving() as channel:
        stub = DataRequestServiceStub(channel)
        stub.RouteDataRequest(request())
        with pytest.raises(grpc.RpcError) as caught:
            stub.RouteDataRequest(request(profile="tg2024"))
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert caught.value.details().startswith("profile ")
    assert len(world.router.asked) == 1
