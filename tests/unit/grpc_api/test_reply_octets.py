"""Replies put together from octets are the messages that they stand for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from comity.domain.request import Revision
from comity.grpc_api.parts import set_timestamp
from comity.grpc_api.reply_octets import (
    encode_decision_id,
    encode_decision_ids,
    encode_evaluated_at,
    encode_reason,
    encode_response,
    encode_responses,
    encode_result,
    encode_revision,
    encode_valid_until,
)
from comity.v1 import decision_pb2, eligibility_service_pb2
from google.protobuf.duration_pb2 import Duration
from hypothesis import given, settings
from hypothesis import strategies as st

Reply = eligibility_service_pb2.CheckEligibilityResponse
Reason = decision_pb2.Reason
Result = eligibility_service_pb2.BatchCheckEligibilityResult
BatchReply = eligibility_service_pb2.BatchCheckEligibilityResponse

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
INSTANTS = st.integers(0, (LAST - FIRST) // MICROSECOND).map(lambda n: FIRST + n * MICROSECOND)
IDENTITIES = st.binary(min_size=24, max_size=24).map(lambda b: f"{b[:16].hex()}-{b[16:].hex()}")


def common_octets(reply: Reply) -> bytes:
    """Return what replies to equal questions have in common."""
    common = Reply()
    common.CopyFrom(reply)
    for field in ("evaluated_at", "valid_until", "decision_id"):
        common.ClearField(field)
    return common.SerializeToString()


@st.composite
def replies(draw: st.DrawFn) -> tuple[Reply, datetime | None, datetime, str]:
    """Draw a reply, the end that it tells of, its instant and its identity."""
    until, now, identity = draw(st.none() | INSTANTS), draw(INSTANTS), draw(IDENTITIES)
    reply = Reply(
        effect=draw(st.integers(0, 5)),
        message=draw(st.text(max_size=200)),
        max_age=Duration(seconds=draw(st.integers(0, 90))),
        degraded=draw(st.lists(st.text(max_size=5), max_size=3)),
        decision_id=identity,
    )
    reply.policy_revision.epoch = draw(st.integers(0, 2**64 - 1))
    set_timestamp(reply.evaluated_at, now)
    if until is not None:
        set_timestamp(reply.valid_until, until)
    return reply, until, now, identity


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(drawn=replies())
def test_the_parts_of_a_reply_are_the_reply(
    drawn: tuple[Reply, datetime | None, datetime, str],
) -> None:
    """What is common, and what belongs to the call, together say what the message says."""
    reply, until, now, identity = drawn
    common = common_octets(reply)
    octets = common + encode_valid_until(until) + encode_evaluated_at(now)
    ids = encode_decision_ids(bytes.fromhex(identity[:32])) + identity[33:].encode()
    assert Reply.FromString(octets + ids) == reply
    assert encode_decision_id(identity) == ids
    whole = encode_response(octets + ids)
    assert BatchReply.FromString(whole) == BatchReply(results=[Result(response=reply)])
    reason = Reason(rule_id=reply.message)
    field = encode_reason(reason.SerializeToString())
    assert Reply.FromString(field) == Reply(reasons=[reason])


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(drawn=st.lists(replies(), max_size=4))
def test_results_are_fields_of_the_reply_to_a_batch(
    drawn: list[tuple[Reply, datetime | None, datetime, str]],
) -> None:
    """Both a serialised reply and a serialised result become an entry of the list."""
    expected, octets = BatchReply(), b""
    for number, (reply, until, now, identity) in enumerate(drawn):
        result = Result(response=reply)
        if number % 2:
            result = Result()
            result.error.code, result.error.message = 3, reply.message
            octets += encode_result(result.SerializeToString())
        else:
            trace_id, span_id = map(bytes.fromhex, identity.split("-"))
            shared = encode_evaluated_at(now) + encode_decision_ids(trace_id)
            replies = [(common_octets(reply), encode_valid_until(until))]
            octets += b"".join(encode_responses(replies, shared, [span_id]))
        expected.results.append(result)
    expected.policy_revision.epoch, expected.policy_revision.digest = 7, "ab"
    octets += encode_revision(Revision(7, "ab"))
    assert BatchReply.FromString(octets) == expected


def test_replies_of_any_length_become_results() -> None:
    """Lengths of lengths included."""
    replies = [Reply(message="x" * length) for length in (*range(400), 2_000, 20_000)]
    now, ids = datetime(2026, 1, 2, tzinfo=UTC), [bytes([n % 256]) * 8 for n in range(402)]
    shared = encode_evaluated_at(now) + encode_decision_ids(bytes(16))
    commons = [(common_octets(reply), b"") for reply in replies]
    parsed = BatchReply.FromString(b"".join(encode_responses(commons, shared, ids)))
    for result, reply, span_id in zip(parsed.results, replies, ids, strict=True):
        set_timestamp(reply.evaluated_at, now)
        reply.decision_id = f"{'0' * 32}-{span_id.hex()}"
        assert result == Result(response=reply)
