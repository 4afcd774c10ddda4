"""Answers from octets over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import grpc
import pytest
from comity.grpc_api.shortcuts import CHECK
from comity.v1 import eligibility_service_pb2, facts_pb2
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from opentelemetry.proto.trace.v1 import trace_pb2
from property.octet_paths import Path, SwiftPath
from property.octet_records import identity_of
from unit.grpc_api.local_calls import LocalCall
from unit.grpc_api.small_world import NOW, RULESET

Question = eligibility_service_pb2.CheckEligibilityRequest
Reply = eligibility_service_pb2.CheckEligibilityResponse
Batch = eligibility_service_pb2.BatchCheckEligibilityRequest
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = (("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "a=1"))
TRIES, TIMEOUT_SECONDS = 6, 20
CALLS_A_THREAD, CALLS_A_TURN = 300, 60
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
    for number in range(TRIES):
        before = len(path.kept)
        reply = stub.BatchCheckEligibility(BATCH, timeout=TIMEOUT_SECONDS)
        identities = [result.response.decision_id for result in reply.results]
        assert len(set(identities)) == 3
        kept = [identity_of(span) for span in path.kept[before:]]
        if number >= TRIES // 2:
            assert kept[:3] == identities
        for result in reply.results:
            result.response.decision_id = ""
        replies.append(reply)
    assert path.hits > 3
    assert replies == [replies[0]] * TRIES


OTHER_RULESET = replace(RULESET, rules=RULESET.rules[::-1][:3])
RULESETS = {"ab" * 32: RULESET, "cd" * 32: OTHER_RULESET}
PEOPLE = (
    facts_pb2.Subject(),
    facts_pb2.Subject(ip_address="8.8.8.8"),
    facts_pb2.Subject(ip_address="9.9.9.9", phone_number="+380501234567"),
    facts_pb2.Subject(birth_date="2012-03-07"),
    facts_pb2.Subject(birth_date="2012-03-08"),
    facts_pb2.Subject(age_at_least=13, account_id="account-2"),
)
AT_HOME = facts_pb2.Connection(factor="residence", place="US-FL")


def possible_replies(questions: list[Question]) -> set[tuple[int, bytes]]:
    """Return what each revision and each database says of each question, by its number."""
    found = set()
    for digest, ruleset in RULESETS.items():
        plain = Path(lambda: NOW)
        plain.policies.exchange(ruleset, digest)
        for _ in range(2):
            for number, question in enumerate(questions):
                outcome, _ = plain.call(CHECK, question.SerializeToString(), LocalCall())
                found.add((number, bare(Reply.FromString(outcome.reply or b""))))
            plain.places.exchange()
    return found


def test_threads_mix_nothing_up_while_policies_and_places_are_exchanged() -> None:
    """Each reply is what one revision and one database say of the one question."""
    facts = facts_pb2.Facts(action="call", product="telegram", connections=[AT_HOME])
    questions = [Question(subject=subject, facts=facts) for subject in PEOPLE]
    path = SwiftPath(lambda: NOW)
    path.policies.exchange(RULESET, "ab" * 32)
    told: set[tuple[int, bytes]] = set()
    identities: list[str] = []

    def ask(address: str) -> None:
        with grpc.insecure_channel(address) as channel:
            check = EligibilityServiceStub(channel).CheckEligibility
            for turn in range(CALLS_A_THREAD):
                number = turn % len(questions)
                reply = check(questions[number], timeout=TIMEOUT_SECONDS)
                identities.append(reply.decision_id)
                told.add((number, bare(reply)))

    with path.listening(ThreadPoolExecutor(4)) as address, ThreadPoolExecutor(4) as clients:
        asking = [clients.submit(ask, address) for _ in range(4)]
        turn = 0
        while not all(future.done() for future in asking):
            wait(asking, timeout=0.005)
            if len(identities) < turn * CALLS_A_TURN:
                continue
            turn += 1
            if turn % 3:
                path.places.exchange()
            else:
                path.policies.exchange(*[*map(reversed, RULESETS.items())][turn // 3 % 2])
        for future in asking:
            future.result()
    assert told <= possible_replies(questions)
    assert len({number for number, _ in told}) == len(PEOPLE)
    assert len(set(identities)) == 4 * CALLS_A_THREAD
    assert path.hits > CALLS_A_THREAD
    assert path.defects == []


def bare(reply: eligibility_service_pb2.CheckEligibilityResponse) -> bytes:
    """Return a reply without what each revision and each decision has of its own."""
    reply.ClearField("decision_id")
    reply.policy_revision.ClearField("epoch")
    return reply.SerializeToString(deterministic=True)


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
