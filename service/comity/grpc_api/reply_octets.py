"""Replies put together from octets: what equal questions have in common, and what is the call's."""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from google.protobuf.descriptor import Descriptor
from google.protobuf.timestamp_pb2 import Timestamp

from comity.domain.request import Revision
from comity.grpc_api.parts import revision_of, set_timestamp
from comity.journal import encode_varint
from comity.v1 import eligibility_service_pb2

_MESSAGES: Final = eligibility_service_pb2.DESCRIPTOR.message_types_by_name
_REPLY: Final = _MESSAGES["CheckEligibilityResponse"]
_DECISION_ID_BYTES: Final = 49  # of the trace id, a dash, and of the span id, in hexadecimal
_SPAN_ID_DIGITS: Final = 16
_HEADS_KEPT: Final = 1024


def _tag(message: Descriptor, field: str) -> bytes:
    """Return what comes before the length of a field that has one."""
    return encode_varint(message.fields_by_name[field].number << 3 | 2)


_REASONS: Final = _tag(_REPLY, "reasons")
_EVALUATED_AT: Final = _tag(_REPLY, "evaluated_at")
_VALID_UNTIL: Final = _tag(_REPLY, "valid_until")
_DECISION_ID: Final = _tag(_REPLY, "decision_id") + encode_varint(_DECISION_ID_BYTES)
_RESULTS: Final = _tag(_MESSAGES["BatchCheckEligibilityResponse"], "results")
_RESPONSE: Final = _tag(_MESSAGES["BatchCheckEligibilityResult"], "response")


def encode_evaluated_at(now: datetime) -> bytes:
    """Return the instant that a question is answered for, as a field of the reply."""
    return _timestamp(_EVALUATED_AT, now)


def encode_valid_until(end: datetime | None) -> bytes:
    """Return the end of an answer, as a field of the reply."""
    return b"" if end is None else _timestamp(_VALID_UNTIL, end)


def encode_decision_id(decision_id: str) -> bytes:
    """Return the identity of a decision, as a field of the reply."""
    return _DECISION_ID + decision_id.encode()


def encode_decision_ids(trace_id: bytes) -> bytes:
    """Return what comes before the span id in the identity of a decision, as a field of the reply.

    It is to be followed by the 16 hexadecimal digits of the span id.
    """
    return _DECISION_ID + hexlify(trace_id) + b"-"


def _response_head(octets: int) -> bytes:
    """Return what comes before a reply of so many octets in the reply to a batch."""
    head = _RESPONSE + encode_varint(octets)
    return _RESULTS + encode_varint(len(head) + octets) + head


_HEADS: Final = tuple(map(_response_head, range(_HEADS_KEPT)))


def encode_responses(
    replies: Iterable[tuple[bytes, bytes]], shared: bytes, span_ids: Iterable[bytes]
) -> list[bytes]:
    """Return the parts of the results of a batch, fields of the batch's reply.

    `replies` has what each has in common with others, and what it says of its end; all of them say
    what is `shared`, and end with an identity.
    """
    parts: list[bytes] = []
    octets = len(shared) + _SPAN_ID_DIGITS
    for (common, ending), span_id in zip(replies, span_ids, strict=True):
        length = len(common) + len(ending) + octets
        head = _HEADS[length] if length < _HEADS_KEPT else _response_head(length)
        parts += (head, common, ending, shared, hexlify(span_id))
    return parts


def encode_reason(reason: bytes) -> bytes:
    """Return a serialised reason as a field of the reply."""
    return _REASONS + encode_varint(len(reason)) + reason


def encode_response(reply: bytes) -> bytes:
    """Return a serialised reply as a result of a batch, a field of the batch's reply."""
    return _response_head(len(reply)) + reply


def encode_result(result: bytes) -> bytes:
    """Return a serialised result as a field of the batch's reply."""
    return _RESULTS + encode_varint(len(result)) + result


def encode_revision(revision: Revision) -> bytes:
    """Return the revision that answers, as a field of the reply to a batch."""
    told = revision_of(revision)
    reply = eligibility_service_pb2.BatchCheckEligibilityResponse(policy_revision=told)
    return reply.SerializeToString()


def _timestamp(tag: bytes, instant: datetime) -> bytes:
    """Return an instant as a field."""
    timestamp = Timestamp()
    set_timestamp(timestamp, instant)
    octets = timestamp.SerializeToString()
    return tag + encode_varint(len(octets)) + octets
