"""What the eligibility service answers, over a real connection."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from comity.v1 import common_pb2, decision_pb2, facts_pb2
from comity.v1.eligibility_service_pb2 import (
    BatchCheckEligibilityItem,
    BatchCheckEligibilityRequest,
    CheckEligibilityRequest,
    CheckEligibilityResponse,
    ListRestrictionsRequest,
)
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from google.protobuf import json_format
from google.protobuf.message import Message
from unit.grpc_api.small_world import CUTOVER, DIGEST, NOW, SUNSET, SmallWorld


@pytest.fixture
def world() -> SmallWorld:
    """A world of a few rules."""
    return SmallWorld()


@pytest.fixture
def stub(world: SmallWorld) -> Iterator[EligibilityServiceStub]:
    """A connection to a server that answers from it."""
    with world.serving() as channel:
        yield EligibilityServiceStub(channel)
    assert world.defects == []


def soldier(*, device: str = "official", **options: object) -> CheckEligibilityRequest:
    """Return the question about a soldier's official phone in Poland."""
    return CheckEligibilityRequest(
        facts=facts_pb2.Facts(
            action="message_send",
            product="telegram",
            device=device,
            connections=[
                facts_pb2.Connection(factor="works_for", place="UA", populations=["military"]),
                facts_pb2.Connection(factor="presence", place="PL"),
            ],
        ),
        options=json_format.ParseDict(options, common_pb2.Options()),
    )


def plain(message: Message) -> dict[str, object]:
    """Return a message in the JSON mapping, with the names of the contract."""
    found = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return dict(found)


def test_a_denial_is_a_reply_with_its_reason(stub: EligibilityServiceStub) -> None:
    """The reply says what to do, why, by which source, and how long it holds."""
    reply = plain(stub.CheckEligibility(soldier()))
    reason = reply.pop("reasons")[0]
    assert reason == {
        "rule_id": "ua-2024-official-devices",
        "jurisdiction": "UA",
        "title": "Telegram is barred from official devices",
        "effect": "EFFECT_DENY",
        "legal_effect": "LEGAL_EFFECT_ADVICE",
        "platform_basis": "applied at the request of the authority",
        "confidence": "CONFIDENCE_VERIFIED",
        "authority": "National Coordination Centre for Cybersecurity",
        "citation": {
            "title": "Decision",
            "url": "https://example.org/d",
            "pinpoint": "item 1",
            "retrieved": "2024-09-23",
        },
        "standing": "STANDING_CERTAIN",
        "connections": [
            {"factor": "works_for", "place": "UA", "populations": ["military"], "source": "caller"}
        ],
        "matched_facts": [
            {"dimension": "device", "member": "official"},
            {
                "dimension": "population",
                "member": "military",
                "factor": "works_for",
                "place": "UA",
            },
            {"dimension": "product", "member": "telegram"},
        ],
        "visibility": "VISIBILITY_PUBLIC",
    }
    presumed = reply.pop("presumed_facts")
    assert {"dimension": "label"} in presumed
    conflict = reply.pop("conflicts")[0]
    assert conflict["require_citation"] == {"title": "Source of eu-must-carry"}
    assert reply == {
        "effect": "EFFECT_DENY",
        "determination": "DETERMINATION_DECIDED",
        "policy_revision": {"epoch": "7", "digest": DIGEST},
        "valid_until": SUNSET.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "max_age": "60s",
        "message": "Not on this device.",
        "evaluated_at": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "decision_id": f"{1:032x}-{1:016x}",
    }


def test_an_unknown_device_leaves_the_answer_open(stub: EligibilityServiceStub) -> None:
    """The one fact that would settle the question is named, and what it would lead to."""
    reply = stub.CheckEligibility(soldier(device="", explain_missing=True))
    assert reply.determination == common_pb2.DETERMINATION_INDETERMINATE
    assert reply.effect == common_pb2.EFFECT_ALLOW
    assert [key.dimension for key in reply.missing_facts] == ["device"]
    found = {a.value: a.effect for a in reply.explanation.alternatives}
    assert found["official"] == common_pb2.EFFECT_DENY
    assert found["personal"] == common_pb2.EFFECT_ALLOW


def test_the_user_view_tells_nothing_of_what_was_matched(stub: EligibilityServiceStub) -> None:
    """It holds the outcome, the message in the user's language, and public reasons."""
    reply = plain(stub.CheckEligibility(soldier(view="VIEW_USER", language="uk-UA")))
    assert reply["message"] == "Не на цьому пристрої."
    assert set(reply["reasons"][0]).isdisjoint({"connections", "matched_facts"})
    assert set(reply) == {
        "effect",
        "reasons",
        "conflicts",
        "policy_revision",
        "max_age",
        "message",
        "evaluated_at",
        "decision_id",
    }


@pytest.mark.parametrize("view", ["VIEW_CALLER", "VIEW_USER"])
def test_a_secret_cause_is_not_told(stub: EligibilityServiceStub, view: str) -> None:
    """Outside the legal view a confidential rule shows only in the outcome."""
    asked = soldier(device="personal", view=view)
    asked.facts.labels.add(name="watched")
    reply = stub.CheckEligibility(asked)
    assert reply.effect == common_pb2.EFFECT_DENY
    assert (list(reply.reasons), list(reply.conflicts)) == ([], [])
    assert reply.message == "Not possible here."


def test_the_legal_view_tells_everything(stub: EligibilityServiceStub) -> None:
    """Confidential reasons are marked as such."""
    asked = soldier(device="personal", view="VIEW_LEGAL")
    asked.facts.labels.add(name="watched")
    reply = stub.CheckEligibility(asked)
    told = {reason.rule_id: reason.visibility for reason in reply.reasons}
    assert told == {"any-watched": common_pb2.VISIBILITY_CONFIDENTIAL}
    assert [conflict.forbid_rule_id for conflict in reply.conflicts] == ["any-watched"]


def test_address_number_and_birth_become_facts(
    stub: EligibilityServiceStub, world: SmallWorld
) -> None:
    """They lead to connections and an age; the reply names the database, not the address."""
    reply = stub.CheckEligibility(
        CheckEligibilityRequest(
            subject=facts_pb2.Subject(
                account_id="account-1",
                ip_address="203.0.114.9",
                phone_number="+380501234567",
                birth_date="1990-02-28",
            ),
            facts=facts_pb2.Facts(action="call", product="telegram", device="personal"),
        )
    )
    assert reply.effect == common_pb2.EFFECT_RESTRICT
    assert [plain(o) for o in reply.obligations] == [
        {"restrict": {"feature": "calls"}},
        {"warn": {"notice": "official_advice"}},
    ]
    assert reply.reasons[0].connections[0] == decision_pb2.MatchedConnection(
        factor="presence", place="FR", source="geoip"
    )
    assert (reply.provenance.network_prefix_length, reply.provenance.digest) == (24, "0" * 64)
    anonymous = reply.provenance.anonymous_database
    assert (anonymous.database_type, anonymous.digest) == ("In-Memory-Anonymous", "a" * 64)
    assert anonymous.build_time.ToDatetime() == CUTOVER.replace(tzinfo=None)
    record = world.recorded()[reply.decision_id]
    assert {c.place for c in record.question.connections} == {"FR", "UA"}


def test_a_quota_says_how_much_remains(stub: EligibilityServiceStub) -> None:
    """Amount, period, object, and who may adjust it."""
    reply = stub.CheckEligibility(
        CheckEligibilityRequest(
            facts=facts_pb2.Facts(
                action="message_read",
                product="messaging",
                connections=[facts_pb2.Connection(factor="presence", place="CN")],
            )
        )
    )
    quota = reply.obligations[0].restrict.quota
    assert (quota.at_most.seconds, quota.per, quota.each) == (3600, "day", "account")
    assert quota.adjustable_by == "guardian"


def test_what_is_asked_of_another_instant_is_hypothetical(stub: EligibilityServiceStub) -> None:
    """A second before the rule came into force it says nothing; such a reply is not to be kept."""
    before = CUTOVER.timestamp() - 1
    asked = soldier()
    asked.options.as_of.seconds = int(before)
    reply = stub.CheckEligibility(asked)
    assert reply.effect == common_pb2.EFFECT_ALLOW
    assert not reply.HasField("valid_until")
    assert reply.max_age.seconds == 0
    assert reply.evaluated_at.seconds == int(before)


def test_a_batch_keeps_order_and_isolates_bad_items(
    stub: EligibilityServiceStub, world: SmallWorld
) -> None:
    """Each item has its own result; a bad one has the status it would have had alone."""
    good = BatchCheckEligibilityItem(facts=soldier().facts)
    bad = BatchCheckEligibilityItem(facts=facts_pb2.Facts(action="message_send"))
    malformed = BatchCheckEligibilityItem(
        subject=facts_pb2.Subject(ip_address="nowhere"), facts=soldier().facts
    )
    reply = stub.BatchCheckEligibility(
        BatchCheckEligibilityRequest(items=[good, bad, malformed, good])
    )
    kinds = [result.WhichOneof("result") for result in reply.results]
    assert kinds == ["response", "error", "error", "response"]
    assert reply.results[1].error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert reply.results[1].error.message.startswith("items[1].facts.product: must be given")
    assert reply.results[2].error.message.startswith("items[2].subject.ip_address: ")
    assert reply.policy_revision == common_pb2.PolicyRevision(epoch=7, digest=DIGEST)
    ids = {r.response.decision_id for r in reply.results if r.HasField("response")}
    assert ids == set(world.recorded())
    assert [r.position for r in world.recorded().values()] == [0, 3]


def test_a_batch_answers_what_single_questions_are_answered(stub: EligibilityServiceStub) -> None:
    """An item differs from the same question alone in its decision id only."""
    asked = soldier()
    alone = stub.CheckEligibility(asked)
    item = BatchCheckEligibilityItem(subject=asked.subject, facts=asked.facts)
    batch = stub.BatchCheckEligibility(BatchCheckEligibilityRequest(items=[item]))
    together = CheckEligibilityResponse()
    together.CopyFrom(batch.results[0].response)
    together.decision_id = alone.decision_id
    assert together == alone


def test_restrictions_come_page_by_page(stub: EligibilityServiceStub) -> None:
    """Pages hold what is in force for the place, requirements included, secret rules left out."""
    request = ListRestrictionsRequest(jurisdiction="UA", page_size=1)
    first = stub.ListRestrictions(request)
    assert [r.rule_id for r in first.restrictions] == ["eu-must-carry"]
    assert first.restrictions[0].modality == common_pb2.MODALITY_REQUIRE
    request.page_token = first.next_page_token
    second = stub.ListRestrictions(request)
    assert [r.rule_id for r in second.restrictions] == ["ua-2024-official-devices"]
    assert second.restrictions[0].until.ToDatetime() == SUNSET.replace(tzinfo=None)
    assert second.restrictions[0].message == "Not on this device."
    assert second.next_page_token == ""


def test_restrictions_of_the_legal_view_hold_the_secret_ones(stub: EligibilityServiceStub) -> None:
    """They are marked."""
    request = ListRestrictionsRequest(jurisdiction="UA")
    request.options.view = common_pb2.VIEW_LEGAL
    found = {r.rule_id: r.visibility for r in stub.ListRestrictions(request).restrictions}
    assert found["any-watched"] == common_pb2.VISIBILITY_CONFIDENTIAL
