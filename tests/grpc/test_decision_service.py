"""GetDecision: a recorded decision, made once more over the wire, and why it is so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from comity.telemetry.sealed_facts import new_keys
from comity.v1 import common_pb2, decision_pb2
from comity.v1 import decision_service_pb2 as pb
from unit.grpc_api.decision_calls import SOLDIER, asked, explained
from unit.grpc_api.small_world import CUTOVER, DIGEST, NOW, SmallWorld
from unit.telemetry.in_memory import TracingSettings

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def world() -> SmallWorld:
    """A world of a few rules."""
    return SmallWorld()


@pytest.fixture
def channel(world: SmallWorld) -> Iterator[grpc.Channel]:
    """A connection to a server that answers from it."""
    with world.serving() as channel:
        yield channel
    assert world.defects == []


def test_a_decision_is_made_once_more(channel: grpc.Channel) -> None:
    """It agrees; what was recorded, and the answer in the legal view, are of the one decision."""
    identity = asked(channel)
    found = explained(channel, identity)
    assert found.recomputation == pb.RECOMPUTATION_SAME
    assert (found.not_recomputed_because, list(found.differences)) == ("", [])
    recorded, again = found.recorded, found.eligibility
    assert recorded.kind == pb.DECISION_KIND_ELIGIBILITY
    assert recorded.effect == again.effect == common_pb2.EFFECT_DENY
    assert recorded.determination == again.determination == common_pb2.DETERMINATION_DECIDED
    assert recorded.decision_id == again.decision_id == identity
    assert recorded.policy_revision == again.policy_revision
    assert (recorded.policy_revision.epoch, recorded.policy_revision.digest) == (7, DIGEST)
    assert recorded.evaluated_at == again.evaluated_at
    assert recorded.evaluated_at.ToDatetime(tzinfo=UTC) == NOW
    assert recorded.recorded_at.ToDatetime(tzinfo=UTC) > datetime(2026, 1, 1, tzinfo=UTC)
    assert again.HasField("max_age")
    assert again.max_age.ToSeconds() == 0
    assert json.loads(recorded.asked_json)["asked"]["device"] == "official"


def test_each_rule_that_matched_says_why(channel: grpc.Channel) -> None:
    """With the facts that it names, and where it can be read."""
    found = explained(channel, asked(channel))
    assert found.recorded.rule_ids == ["ua-2024-official-devices"]
    (met,) = found.matched
    assert met.rule_id == "ua-2024-official-devices"
    assert met.why == "met for certain on works_for UA (military)"
    assert "device:official" in met.by
    assert (met.citation.title, met.citation.pinpoint) == ("Decision", "item 1")
    assert met.authority == "National Coordination Centre for Cybersecurity"
    assert met.legal_effect == common_pb2.LEGAL_EFFECT_ADVICE
    (reason,) = found.eligibility.reasons
    assert reason.standing == decision_pb2.STANDING_CERTAIN
    assert [tie.place for tie in reason.connections] == ["UA"]


def test_each_rule_that_came_close_says_which_fact_kept_it(channel: grpc.Channel) -> None:
    """As many as asked for; here a rule whose exception spared the person, and confidential one."""
    spared = {**SOLDIER, "labels": [{"name": "ua_official_duty"}]}
    identity = asked(channel, facts=spared)
    found = explained(channel, identity)
    assert found.recorded.effect == common_pb2.EFFECT_ALLOW
    near = {rule.rule_id: rule for rule in found.close}
    assert "an exception spares works_for UA" in near["ua-2024-official-devices"].why
    assert near["any-watched"].visibility == common_pb2.VISIBILITY_CONFIDENTIAL
    assert len(explained(channel, identity, most_close=1).close) == 1


def test_unknown_and_presumed_facts_are_told(channel: grpc.Channel) -> None:
    """Missing ones with what each would lead to."""
    facts = {name: value for name, value in SOLDIER.items() if name != "device"}
    facts["unknown"] = [{"dimension": "device", "reason": "UNKNOWN_REASON_WITHHELD"}]
    found = explained(channel, asked(channel, facts=facts))
    recorded, again = found.recorded, found.eligibility
    assert found.recomputation == pb.RECOMPUTATION_SAME
    assert recorded.determination == common_pb2.DETERMINATION_INDETERMINATE
    assert recorded.unknown_facts == ["device=withheld"]
    assert "device" in recorded.missing_facts
    assert recorded.presumed_facts
    assert len(again.presumed_facts) == len(recorded.presumed_facts)
    led = {(one.value, one.effect) for one in again.explanation.alternatives}
    assert ("official", common_pb2.EFFECT_DENY) in led


def test_the_database_behind_an_address_is_told(channel: grpc.Channel) -> None:
    """And never the address."""
    found = explained(channel, asked(channel, subject={"ip_address": "203.0.114.9"}))
    assert found.recorded.provenance.database_type
    assert found.recorded.provenance == found.eligibility.provenance
    assert found.recorded.provenance.network_prefix_length == 24
    assert found.recorded.provenance.anonymous_database.digest == "a" * 64
    assert "203.0.114" not in str(found)


def test_everything_that_the_record_says_is_told(channel: grpc.Channel) -> None:
    """By the names that traces have, lists as lists."""
    said = {one.name: one.values for one in explained(channel, asked(channel)).recorded.attributes}
    assert said["comity.decision.effect"] == ["deny"]
    assert said["comity.policy.epoch"] == ["7"]
    assert said["comity.facts.connections"] == ["presence:DE", "residence:DE", "works_for:UA"]


def test_an_altered_record_is_found(channel: grpc.Channel, world: SmallWorld) -> None:
    """The law of its revision gives another answer than the record tells."""
    identity = asked(channel)
    world.records.tampering = {"comity.decision.effect": "allow", "comity.rule.ids": ()}
    found = explained(channel, identity)
    assert found.recomputation == pb.RECOMPUTATION_DIFFERENT
    told = {one.name: (one.recorded, one.recomputed) for one in found.differences}
    assert told == {
        "comity.decision.effect": ("allow", "deny"),
        "comity.rule.ids": ("", "ua-2024-official-devices"),
    }
    assert found.recorded.effect == common_pb2.EFFECT_ALLOW
    assert found.eligibility.effect == common_pb2.EFFECT_DENY


def test_an_altered_question_is_found(channel: grpc.Channel, world: SmallWorld) -> None:
    """It can't be read any more, and that is said."""
    identity = asked(channel)
    labels = '{"labels":[{"name":"watched","until":"2020-01-01T00:00:00"}]}'
    for text in ("{", "[]", '{"action":5}', '{"connections":[{"factor":"works_for"}]}', labels):
        world.records.tampering = {"comity.question": text}
        found = explained(channel, identity)
        assert found.recomputation == pb.RECOMPUTATION_ALTERED, text
        assert found.not_recomputed_because
        assert not found.HasField("eligibility")
        assert found.recorded.effect == common_pb2.EFFECT_DENY


def test_a_question_in_other_words_is_found(channel: grpc.Channel, world: SmallWorld) -> None:
    """Be they such that the policies don't know."""
    identity = asked(channel)
    kept = {"action": "fly", "product": "telegram", "device": "personal"}
    for more in ({}, {"connections": [{"factor": "x", "place": "QQ"}]}):
        text = json.dumps({**kept, **more})
        world.records.tampering = {"comity.question": text}
        found = explained(channel, identity)
        assert found.recomputation == pb.RECOMPUTATION_DIFFERENT, text
        assert "comity.facts.device" in {one.name for one in found.differences}


def test_an_instant_beyond_the_calendar_is_found(channel: grpc.Channel, world: SmallWorld) -> None:
    """No defect, whatever somebody wrote."""
    identity = asked(channel)
    world.records.tampering = {"comity.decision.evaluated_at": "0001-01-01T00:00:00+00:00"}
    found = explained(channel, identity)
    assert found.recomputation in (pb.RECOMPUTATION_ALTERED, pb.RECOMPUTATION_DIFFERENT)


def test_a_revision_that_is_gone_is_told(channel: grpc.Channel, world: SmallWorld) -> None:
    """What was recorded is told all the same."""
    identity = asked(channel)
    world.policies.current = None
    found = explained(channel, identity)
    assert found.recomputation == pb.RECOMPUTATION_REVISION_GONE
    assert found.not_recomputed_because == f"policy revision 7 ({DIGEST[:12]}) is not kept here"
    assert found.recorded.rule_ids == ["ua-2024-official-devices"]
    assert found.WhichOneof("recomputed") is None


def test_what_was_not_kept_is_told(channel: grpc.Channel) -> None:
    """An age is sensitive, and no legal key is set."""
    found = explained(channel, asked(channel, subject={"birth_year": 2010}))
    assert found.recomputation == pb.RECOMPUTATION_NOT_KEPT
    assert "no legal key" in found.not_recomputed_because
    assert (found.recorded.sealed_to, found.recorded.asked_json) == ("", "")


def test_what_is_sealed_stays_sealed(tmp_path: Path) -> None:
    """A server without the private key names the key that would open it."""
    _, public, name = new_keys()
    (tmp_path / "legal.pub").write_bytes(public)
    world = SmallWorld()
    world.records.settings = TracingSettings(seal_public_key=tmp_path / "legal.pub")
    with world.serving() as channel:
        found = explained(channel, asked(channel, subject={"birth_year": 2010}))
    assert world.defects == []
    assert found.recomputation == pb.RECOMPUTATION_SEALED
    assert found.recorded.sealed_to == name
    assert found.recorded.asked_json == ""
    assert found.recorded.effect == common_pb2.EFFECT_DENY


def test_a_hypothetical_decision_is_explained_as_one(channel: grpc.Channel) -> None:
    """At the instant that was asked about."""
    identity = asked(channel, options={"as_of": "2024-09-01T00:00:00Z"})
    found = explained(channel, identity)
    assert found.recomputation == pb.RECOMPUTATION_SAME
    assert found.recorded.hypothetical
    assert found.eligibility.evaluated_at.ToDatetime(tzinfo=UTC) < CUTOVER
