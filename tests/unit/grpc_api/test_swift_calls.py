"""Calls answered from octets obey what other calls do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import grpc
import pytest
from comity.adapters.callers_file import CallersFile
from comity.app.ports.place_lookup import PlaceFinding
from comity.domain.errors import NotRecordedError
from comity.grpc_api.shortcuts import CHECK
from comity.grpc_api.swift_batches import ITEMS_A_TURN
from comity.grpc_api.swift_calls import BATCH
from comity.v1 import common_pb2, eligibility_service_pb2, facts_pb2
from google.rpc import error_details_pb2
from opentelemetry.proto.trace.v1 import trace_pb2
from property.octet_paths import METRICS, SwiftPath
from property.octet_records import decisions_in, identity_of
from unit.grpc_api.local_calls import LocalCall, Outcome
from unit.grpc_api.small_world import NOW, RULESET

Question = eligibility_service_pb2.CheckEligibilityRequest
Batch = eligibility_service_pb2.BatchCheckEligibilityRequest
Item = eligibility_service_pb2.BatchCheckEligibilityItem
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
LEGAL_DESK, SUPPORT = "spiffe://example.org/legal-desk", "spiffe://example.org/support"
ELSEWHERE = "ipv4:198.51.100.7:1"
FACTS = facts_pb2.Facts(action="call", product="telegram")
QUESTION = Question(
    subject=facts_pb2.Subject(account_id="account-1", ip_address="8.8.8.8"), facts=FACTS
).SerializeToString()
LEGAL = Question(
    facts=FACTS, options=common_pb2.Options(view=common_pb2.VIEW_LEGAL)
).SerializeToString()
BATCH_OF_TWO = eligibility_service_pb2.BatchCheckEligibilityRequest(
    items=[Item(subject=facts_pb2.Subject(account_id=a), facts=FACTS) for a in ("a-1", "a-2")]
).SerializeToString()
MOST_TRIES = 6


def clock() -> datetime:
    """Return the one instant there is."""
    return NOW


@pytest.fixture
def path() -> SwiftPath:
    """A server of the small world that has answered nothing yet."""
    path = SwiftPath(clock)
    path.policies.exchange(RULESET, "ab" * 32)
    return path


def learn(
    path: SwiftPath,
    octets: bytes = QUESTION,
    call: Callable[[], LocalCall] = LocalCall,
    method: str = CHECK,
) -> None:
    """Ask until the answer is known."""
    for _ in range(MOST_TRIES):
        before = path.hits
        path.call(method, octets, call())
        if path.hits > before:
            return
    pytest.fail("the answer is not remembered")


def reason_of(outcome: Outcome) -> str:
    """Return the reason that a status gives."""
    assert outcome.details is not None
    for detail in outcome.details.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason
    return ""


def test_a_known_answer_is_recorded_before_it_is_given(path: SwiftPath) -> None:
    """Its decision id names the span that was kept, and each call has one of its own."""
    learn(path)
    identities = set()
    for _ in range(10):
        before = path.hits
        outcome, spans = path.call(CHECK, QUESTION, LocalCall())
        assert path.hits == before + 1
        assert [identity_of(span) for span in spans] == decisions_in(CHECK, outcome)
        identities.update(decisions_in(CHECK, outcome))
    assert len(identities) == 10


def test_calls_and_decisions_answered_so_are_counted(path: SwiftPath) -> None:
    """One call with status OK, and one decision, each."""
    tally = METRICS.calls.of(CHECK.removeprefix("/"))
    page = METRICS.text

    def decisions() -> float:
        lines = page().decode().splitlines()
        return sum(
            float(line.rpartition(" ")[2]) for line in lines if line.startswith("comity_decisions_")
        )

    learn(path)
    calls, made, hits = tally.codes(), decisions(), path.hits
    for _ in range(5):
        path.call(CHECK, QUESTION, LocalCall())
    assert path.hits == hits + 5
    assert tally.codes() == {**calls, "OK": calls["OK"] + 5}
    assert decisions() == made + 5


def entitled_path(folder: Path, views: str) -> tuple[SwiftPath, CallersFile, Path]:
    """Return a server that knows two callers, the file of which may be changed."""
    file = folder / "callers.yaml"
    file.write_text(_callers(views))
    callers = CallersFile(file)
    path = SwiftPath(clock, callers)
    path.policies.exchange(RULESET, "ab" * 32)
    return path, callers, file


def _callers(views: str) -> str:
    return f"""\
callers:
  - identity: {LEGAL_DESK}
    views: {views}
  - identity: {SUPPORT}
    views: [user]
"""


def by(identity: str) -> Callable[[], LocalCall]:
    """Return what makes calls of a caller elsewhere."""
    return lambda: LocalCall(peer=ELSEWHERE, identity=identity)


@pytest.mark.parametrize("identity", ["", SUPPORT, "spiffe://example.org/nobody"])
def test_a_caller_without_the_view_is_refused_an_answer_that_is_known(
    tmp_path: Path, identity: str
) -> None:
    """The legal desk's answers are not for others."""
    path, _, _ = entitled_path(tmp_path, "[caller, legal]")
    learn(path, LEGAL, by(LEGAL_DESK))
    hits = path.hits
    outcome, _ = path.call(CHECK, LEGAL, by(identity)())
    assert outcome.code is grpc.StatusCode.PERMISSION_DENIED
    assert path.hits == hits
    assert path.defects == []
    path.call(CHECK, LEGAL, by(LEGAL_DESK)())
    assert path.hits == hits + 1


def test_a_caller_may_be_left_with_less_than_the_default_view(tmp_path: Path) -> None:
    """What anybody else has from memory, this one is refused."""
    path, _, _ = entitled_path(tmp_path, "[legal]")
    learn(path, QUESTION, by("spiffe://example.org/nobody"))
    outcome, _ = path.call(CHECK, QUESTION, by(SUPPORT)())
    assert outcome.code is grpc.StatusCode.PERMISSION_DENIED


def test_a_view_that_is_taken_away_is_gone_at_once(tmp_path: Path) -> None:
    """A remembered answer doesn't outlive the right to it."""
    path, callers, file = entitled_path(tmp_path, "[caller, legal]")
    learn(path, LEGAL, by(LEGAL_DESK))
    file.write_text(_callers("[caller]"))
    assert callers.reload_if_changed()
    outcome, _ = path.call(CHECK, LEGAL, by(LEGAL_DESK)())
    assert outcome.code is grpc.StatusCode.PERMISSION_DENIED


def refuse(_: object) -> NoReturn:
    """Record nothing, as a full disk does."""
    raise NotRecordedError


@pytest.mark.parametrize(("method", "octets"), [(CHECK, QUESTION), (BATCH, BATCH_OF_TWO)])
def test_what_can_t_be_recorded_is_not_answered(
    path: SwiftPath, method: str, octets: bytes
) -> None:
    """The call ends as UNAVAILABLE, which is no defect; later ones are answered again."""
    learn(path, octets, method=method)
    telemetry, keep = path._telemetry, path._telemetry.preparer.keep
    deliver = telemetry.tracer._deliver
    telemetry.preparer.keep = telemetry.tracer._deliver = refuse
    outcome, _ = path.call(method, octets, LocalCall())
    assert outcome.code is grpc.StatusCode.UNAVAILABLE
    assert reason_of(outcome) == "NOT_RECORDED"
    assert path.defects == []
    telemetry.preparer.keep, telemetry.tracer._deliver = keep, deliver
    outcome, _ = path.call(method, octets, LocalCall())
    assert outcome.reply is not None


def test_a_defect_is_reported_and_the_call_answered(path: SwiftPath) -> None:
    """The long way is still open when the short one fails."""
    learn(path)
    locate, failures = path.places.locate, iter([RuntimeError("a defect")])

    def failing_once(ip: str | bytes) -> PlaceFinding:
        error = next(failures, None)
        if error is not None:
            raise error
        return locate(ip)

    path.places.locate = failing_once
    hits = path.hits
    outcome, spans = path.call(CHECK, QUESTION, LocalCall())
    assert [str(error) for error in path.defects] == ["a defect"]
    assert outcome.reply is not None
    assert [identity_of(span) for span in spans] == decisions_in(CHECK, outcome)
    assert path.hits == hits
    path.call(CHECK, QUESTION, LocalCall())
    assert path.hits == hits + 1


@pytest.mark.parametrize("left", [0.0, -1.0])
def test_nothing_is_decided_after_the_deadline(path: SwiftPath, left: float) -> None:
    """A known answer is neither looked up nor recorded once nobody waits for it."""
    learn(path)
    asked: list[str | bytes] = []
    path.places.locate = asked.append
    hits = path.hits
    outcome, _ = path.call(CHECK, QUESTION, LocalCall(remaining=lambda: left))
    assert outcome.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert path.hits == hits
    assert asked == []


@pytest.mark.parametrize("looks", range(4))
def test_a_batch_ends_when_its_deadline_passes_in_the_middle(path: SwiftPath, looks: int) -> None:
    """Between two items that are known, or behind the last: none is recorded as answered."""
    octets = BATCH_OF_TWO * (ITEMS_A_TURN + 1)
    learn(path, octets, method=BATCH)
    left = iter([5.0] * looks)
    hits = path.hits
    call = LocalCall(remaining=lambda: next(left, 0.0))
    outcome, spans = path.call(BATCH, octets, call)
    assert outcome.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert path.hits == hits
    assert len(spans) == 1  # that of the call itself


def test_a_batch_with_an_unknown_item_ends_when_its_deadline_passes(path: SwiftPath) -> None:
    """Between two items, known or not."""
    learn(path, BATCH_OF_TWO, method=BATCH)
    new = Item(facts=facts_pb2.Facts(action="message_send", product="telegram"))
    octets = BATCH_OF_TWO + Batch(items=[new]).SerializeToString()
    hits = path.hits
    for looks in range(1, 6):
        left = iter([5.0] * looks)
        call = LocalCall(remaining=lambda left=left: next(left, 0.0))  # type: ignore[misc]
        outcome, _ = path.call(BATCH, octets, call)
        assert outcome.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert path.hits == hits


def test_known_items_beside_unknown_ones_are_recorded_once(path: SwiftPath) -> None:
    """Each item has a span with its position, a child of the call's, and its own identity."""
    learn(path, BATCH_OF_TWO, method=BATCH)
    new = Item(facts=facts_pb2.Facts(action="message_send", product="telegram"))
    octets = Batch(items=[new]).SerializeToString() + BATCH_OF_TWO
    hits = path.hits
    outcome, spans = path.call(BATCH, octets, LocalCall())
    assert path.hits == hits + 2
    parsed = [trace_pb2.Span.FromString(span) for span in spans]
    (around,) = [span for span in parsed if span.kind == span.SPAN_KIND_SERVER]
    items = {
        f"{span.trace_id.hex()}-{span.span_id.hex()}": {
            a.key: a.value.int_value for a in span.attributes
        }["comity.decision.position"]
        for span in parsed
        if span.parent_span_id == around.span_id
    }
    assert [items[identity] for identity in decisions_in(BATCH, outcome)] == [0, 1, 2]
    assert len(items) == 3


def test_the_span_of_a_known_batch_stands_behind_those_of_its_items(path: SwiftPath) -> None:
    """All of them are recorded together, before the reply leaves."""
    learn(path, BATCH_OF_TWO, method=BATCH)
    calls = METRICS.calls.of(BATCH.removeprefix("/"))
    counted = calls.codes()["OK"]
    outcome, spans = path.call(BATCH, BATCH_OF_TWO, LocalCall((("traceparent", PARENT),)))
    assert spans == path.kept[-3:]
    assert calls.codes()["OK"] == counted + 1
    *items, around = [trace_pb2.Span.FromString(span) for span in spans]
    assert around.parent_span_id.hex() == PARENT.split("-")[2]
    assert {span.trace_id.hex() for span in (*items, around)} == {PARENT.split("-")[1]}
    assert {span.parent_span_id for span in items} == {around.span_id}
    assert [identity_of(span) for span in spans[:2]] == decisions_in(BATCH, outcome)


def test_a_batch_of_an_entitled_caller_is_not_answered_to_another(tmp_path: Path) -> None:
    """The legal desk's answers are not for others, in a batch neither."""
    path, _, _ = entitled_path(tmp_path, "[caller, legal]")
    octets = Batch(
        items=[Item(facts=FACTS)], options=common_pb2.Options(view=common_pb2.VIEW_LEGAL)
    ).SerializeToString()
    learn(path, octets, by(LEGAL_DESK), BATCH)
    hits = path.hits
    outcome, _ = path.call(BATCH, octets, by(SUPPORT)())
    assert outcome.code is grpc.StatusCode.PERMISSION_DENIED
    assert path.hits == hits
    assert path.defects == []


def test_a_batch_that_is_no_batch_records_nothing(path: SwiftPath) -> None:
    """Though items before the broken one could be answered."""
    learn(path, BATCH_OF_TWO, method=BATCH)
    # A field with the length of a text that is longer than all.
    broken = BATCH_OF_TWO + b"\x0a\x04\x12\x02\x0a\x7f"
    new = facts_pb2.Facts(action="message_send", product="telegram")
    before = eligibility_service_pb2.BatchCheckEligibilityRequest(items=[Item(facts=new)])
    for octets in (broken, before.SerializeToString() + broken):
        outcome, spans = path.call(BATCH, octets, LocalCall())
        assert outcome.code is grpc.StatusCode.INVALID_ARGUMENT
        assert reason_of(outcome) == "MALFORMED_REQUEST"
        assert len(spans) == 1  # that of the call itself


def test_nothing_is_remembered_while_no_policy_is_in_force(path: SwiftPath) -> None:
    """An answer of the last revision is not given when there is none."""
    learn(path)
    path.policies.current = None
    outcome, _ = path.call(CHECK, QUESTION, LocalCall())
    assert outcome.code is grpc.StatusCode.UNAVAILABLE
    assert reason_of(outcome) == "NO_POLICY_IN_FORCE"
