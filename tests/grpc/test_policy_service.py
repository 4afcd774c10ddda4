"""What the policy service answers, over a real connection."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from comity.v1 import common_pb2
from comity.v1.policy_service_pb2 import (
    GetJurisdictionRequest,
    GetRevisionRequest,
    GetRuleRequest,
    ListJurisdictionsRequest,
    RuleEvent,
    RuleReach,
    RuleSuspension,
)
from comity.v1.policy_service_pb2_grpc import PolicyServiceStub
from google.protobuf import json_format
from unit.grpc_api.small_world import CUTOVER, DIGEST, SUNSET, SmallWorld


@pytest.fixture
def world() -> SmallWorld:
    """A world of a few rules."""
    return SmallWorld()


@pytest.fixture
def stub(world: SmallWorld) -> Iterator[PolicyServiceStub]:
    """A connection to a server that answers from it."""
    with world.serving() as channel:
        yield PolicyServiceStub(channel)
    assert world.defects == []


def test_the_revision_tells_of_a_refused_edit(stub: PolicyServiceStub) -> None:
    """Epoch and digest, since when, where from, and what is wrong with the edit after it."""
    reply = stub.GetRevision(GetRevisionRequest())
    found = json_format.MessageToDict(reply, preserving_proto_field_name=True)
    assert found == {
        "policy_revision": {"epoch": "7", "digest": DIGEST},
        "in_force_since": "2024-09-19T21:00:00Z",
        "kept_from_earlier": True,
        "tzdata_version": "2025b",
        "jurisdiction_count": 3,
        "rule_count": 6,
        "refused_edit": {
            "noticed_at": "2024-10-01T12:00:00Z",
            "problem_count": 2,
            "problems": [
                {
                    "file": "jurisdictions/fr.yaml",
                    "line": 3,
                    "column": 5,
                    "code": "E101",
                    "message": "unknown key",
                }
            ],
        },
    }


def test_a_rule_comes_with_text_times_and_history(stub: PolicyServiceStub) -> None:
    """Citation, intervals in force, texts by language, and what happened to it."""
    rule = stub.GetRule(GetRuleRequest(rule_id="ua-2024-official-devices")).rule
    assert rule.citation.pinpoint == "item 1"
    assert rule.review_by == "2026-12-31"
    assert dict(rule.messages) == {"en": "Not on this device.", "uk": "Не на цьому пристрої."}
    minutes = common_pb2.Citation(title="Minutes")
    assert list(rule.history) == [
        RuleEvent(on="2024-09-19", event="decided", by="NCCC", note="in session", citation=minutes)
    ]
    assert list(rule.suspensions) == [
        RuleSuspension(
            since="2024-09-01",
            through="2024-09-10",
            by="A court",
            kind="stayed",
            note="not in force yet",
        )
    ]
    (interval,) = rule.intervals
    assert interval.range.since.ToDatetime() == CUTOVER.replace(tzinfo=None)
    assert interval.range.until.ToDatetime() == SUNSET.replace(tzinfo=None)
    assert interval.effect == common_pb2.EFFECT_DENY
    assert rule.in_force
    assert rule.next_change == interval.range.until
    assert (rule.file, rule.line) == ("", 0)
    statute = common_pb2.Citation(title="Statute", pinpoint="art. 3")
    assert rule.reach_abroad == RuleReach(why="Applied to posts abroad", citation=statute)
    assert rule.apply_unverified == ""


def test_a_rule_may_be_asked_of_another_instant(stub: PolicyServiceStub) -> None:
    """Before it came into force it is not in force, and will change."""
    request = GetRuleRequest(rule_id="ua-2024-official-devices")
    request.options.as_of.seconds = int(CUTOVER.timestamp()) - 1
    rule = stub.GetRule(request).rule
    assert not rule.in_force
    assert rule.next_change.ToDatetime() == CUTOVER.replace(tzinfo=None)


def test_only_the_legal_view_knows_confidential_rules(stub: PolicyServiceStub) -> None:
    """Elsewhere such a rule is not found, exactly like one that doesn't exist."""
    messages = []
    for rule_id in ("any-watched", "any-nothing"):
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetRule(GetRuleRequest(rule_id=rule_id))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        messages.append(caught.value.details())
    assert messages[0] == messages[1]
    request = GetRuleRequest(rule_id="any-watched")
    request.options.view = common_pb2.VIEW_LEGAL
    rule = stub.GetRule(request).rule
    assert rule.visibility == common_pb2.VISIBILITY_CONFIDENTIAL
    assert rule.apply_unverified == "The order is sealed."
    assert not rule.HasField("reach_abroad")


def test_a_jurisdiction_is_found_by_an_alias(stub: PolicyServiceStub) -> None:
    """The reply names the canonical code."""
    reply = stub.GetJurisdiction(GetJurisdictionRequest(code="UA-43"))
    assert (reply.jurisdiction.code, reply.jurisdiction.timezone) == ("crimea", "Europe/Kyiv")


def test_an_unlisted_jurisdiction_is_not_found(stub: PolicyServiceStub) -> None:
    """A code without a policy file is a normal question with an answer of its own."""
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetJurisdiction(GetJurisdictionRequest(code="NZ"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_jurisdictions_come_page_by_page(stub: PolicyServiceStub) -> None:
    """Sorted by code, without the confidential rules."""
    request = ListJurisdictionsRequest(page_size=2)
    first = stub.ListJurisdictions(request)
    assert [j.code for j in first.jurisdictions] == ["UA", "any"]
    assert list(first.jurisdictions[1].rule_ids) == []
    request.page_token = first.next_page_token
    second = stub.ListJurisdictions(request)
    assert ([j.code for j in second.jurisdictions], second.next_page_token) == (["crimea"], "")
