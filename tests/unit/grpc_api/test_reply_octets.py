"""Replies put together from octets are the messages that they stand for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from comity.grpc_api.parts import set_timestamp
from comity.grpc_api.reply_octets import (
    common_octets,
    encode_decision_id,
    encode_evaluated_at,
    encode_response,
    encode_result,
    encode_valid_until,
)
from comity.v1 import eligibility_service_pb2
from google.protobuf.duration_pb2 import Duration
from hypothesis import given, settings
from hypothesis import strategies as st

Reply = eligibility_service_pb2.CheckEligibilityResponse
Result = eligibility_service_pb2.BatchCheckEligibilityResult
BatchReply = eligibility_service_pb2.BatchCheckEligibilityResponse

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
INSTANTS = st.integers(0, (LAST - FIRST) // MICROSECOND).map(lambda n: FIRST + n * MICROSECOND)
IDENTITIES = st.binary(min_size=24, max_size=24).map(lambda b: f"{b[:16].hex()}-{b[16:].hex()}")


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
    octets = (
        common + encode_valid_until(until) + encode_evaluated_at(now) + encode_decision_id(identity)
    )
    assert Reply.FromString(octets) == reply
    kept = Reply.FromString(common)
    assert not kept.decision_id
    assert not kept.HasField("evaluated_at")
    assert not kept.HasField("valid_until")


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(drawn=st.lists(replies(), max_size=4))
def test_results_are_fields_of_the_reply_to_a_batch(
    drawn: list[tuple[Reply, datetime | None, datetime, str]],
) -> None:
    """Both a serialised reply and a serialised result become an entry of the list."""
    expected, octets = BatchReply(), b""
    for number, (reply, *_) in enumerate(drawn):
        result = Result(response=reply)
        if number % 2:
            result = Result()
            result.error.code, result.error.message = 3, reply.message
        expected.results.append(result)
        octets += (
            encode_result(result.SerializeToString())
            if number % 2
            else encode_response(reply.SerializeToString())
        )
    assert BatchReply.FromString(octets) == expected
