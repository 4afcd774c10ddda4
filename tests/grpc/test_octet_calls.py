"""Answers from octets over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from comity.v1 import eligibility_service_pb2, facts_pb2
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from opentelemetry.proto.trace.v1 import trace_pb2
from property.octet_paths import SwiftPath
from property.octet_records import identity_of
from unit.grpc_api.small_world import NOW, RULESET

Question = eligibility_service_pb2.CheckEligibilityRequest
Batch = eligibility_service_pb2.BatchCheckEligibilityRequest
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = (("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "a=1"))
TRIES, TIMEOUT_SECONDS = 6, 20
FACTS = facts_pb2.Facts(action="call", product="telegram")
SUBJECT = facts_pb2.Subject(account_id="account-1", ip_address="8.8.8.8", birth_date="2012-03-07")
QUESTION = Question(subject=SUBJECT, facts=FACTS)
BATCH = Batch(
    items=[eligibility_service_pb2.BatchCheckEligibilityItem(subject=SUBJECT, facts=FACTS)] * 3
)


@pytest.fixture
def path() -> SwiftPath:
    """What answers, and what it records."""
    path = SwiftPath(lambda: NOW)
    path.policies.exchange(RULESET, "ab" * 32)
    return path


@pytest.fixture
def stub(path: SwiftPath) -> Iterator[EligibilityServiceStub]:
    """A client of a server that answers so."""
    with (
        path.listening(ThreadPoolExecutor(2)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        yield EligibilityServiceStub(channel)


def test_a_question_is_answered_alike_before_and_after_it_is_known(
    path: SwiftPath, stub: EligibilityServiceStub
) -> None:
    """But for its decision id, which names a span below the caller's, of the caller's state."""
    replies = []
    for _ in range(TRIES):
        kept = len(path.kept)
        reply = stub.CheckEligibility(QUESTION, metadata=PARENT, timeout=TIMEOUT_SECONDS)
        for span in path.kept[kept:]:
            assert identity_of(span) == reply.decision_id
            parsed = trace_pb2.Span.FromString(span)
            assert (parsed.trace_id.hex(), parsed.parent_span_id.hex()) == (TRACE, SPAN)
            assert parsed.trace_state == "a=1"
        reply.decision_id = ""
        replies.append(reply)
    assert 1 < path.hits < TRIES
    assert replies == [replies[0]] * TRIES
    assert path.defects == []


def test_a_batch_is_answered_alike_before_and_after_it_is_known(
    path: SwiftPath, stub: EligibilityServiceStub
) -> None:
    """Each item has a decision of its own, in the order of the items."""
    replies = []
    for _ in range(TRIES):
        reply = stub.BatchCheckEligibility(BATCH, timeout=TIMEOUT_SECONDS)
        identities = [result.response.decision_id for result in reply.results]
        assert len(set(identities)) == 3
        if len(path.kept) >= 3 * TRIES // 2:
            assert [identity_of(span) for span in path.kept[-3:]] == identities
        for result in reply.results:
            result.response.decision_id = ""
        replies.append(reply)
    assert path.hits > 3
    assert replies == [replies[0]] * TRIES


def test_a_bad_question_is_refused_though_one_like_it_is_known(
    path: SwiftPath, stub: EligibilityServiceStub
) -> None:
    """The same facts about somebody who can't be."""
    for _ in range(TRIES):
        stub.CheckEligibility(QUESTION, timeout=TIMEOUT_SECONDS)
    hits = path.hits
    assert hits
    for field, value in (
        ("birth_date", "2012-02-30"),
        ("account_id", "a" * 129),
        ("account_id", "two words"),
        ("ip_address", "8.8.8"),
        ("phone_number", "380501234567"),
        ("age_at_least", 151),
    ):
        bad = Question()
        bad.CopyFrom(QUESTION)
        setattr(bad.subject, field, value)
        with pytest.raises(grpc.RpcError) as refused:
            stub.CheckEligibility(bad, timeout=TIMEOUT_SECONDS)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert path.hits == hits
    assert path.defects == []
