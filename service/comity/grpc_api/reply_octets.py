"""Replies put together from octets: what equal questions have in common, and what is the call's."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from google.protobuf.descriptor import Descriptor
from google.protobuf.timestamp_pb2 import Timestamp

from comity.grpc_api.parts import set_timestamp
from comity.journal import encode_varint
from comity.v1 import eligibility_service_pb2

_MESSAGES: Final = eligibility_service_pb2.DESCRIPTOR.message_types_by_name
_REPLY: Final = _MESSAGES["CheckEligibilityResponse"]
_DECISION_ID_BYTES: Final = 49  # of the trace id, a dash, and of the span id, in hexadecimal


def _tag(message: Descriptor, field: str) -> bytes:
    """Return what comes before the length of a field that has one."""
    return encode_varint(message.fields_by_name[field].number << 3 | 2)


_EVALUATED_AT: Final = _tag(_REPLY, "evaluated_at")
_VALID_UNTIL: Final = _tag(_REPLY, "valid_until")
_DECISION_ID: Final = _tag(_REPLY, "decision_id") + encode_varint(_DECISION_ID_BYTES)
_RESULTS: Final = _tag(_MESSAGES["BatchCheckEligibilityResponse"], "results")
_RESPONSE: Final = _tag(_MESSAGES["BatchCheckEligibilityResult"], "response")


def common_octets(
    reply: eligibility_service_pb2.CheckEligibilityResponse,
) -> bytes:
    """Return what is the same in all replies to equal questions."""
    common = eligibility_service_pb2.CheckEligibilityResponse()
    common.CopyFrom(reply)
    for field in ("evaluated_at", "valid_until", "decision_id"):
        common.ClearField(field)
    return common.SerializeToString()


def encode_evaluated_at(now: datetime) -> bytes:
    """Return the instant that a question is answered for, as a field of the reply."""
    return _timestamp(_EVALUATED_AT, now)


def encode_valid_until(end: datetime | None) -> bytes:
    """Return the end of an answer, as a field of the reply."""
    return b"" if end is None else _timestamp(_VALID_UNTIL, end)


def encode_decision_id(decision_id: str) -> bytes:
    """Return the identity of a decision, as a field of the reply."""
    return _DECISION_ID + decision_id.encode()


def encode_response(reply: bytes) -> bytes:
    """Return a reply as a result of a batch, a field of the batch's reply."""
    result = _RESPONSE + encode_varint(len(reply)) + reply
    return _RESULTS + encode_varint(len(result)) + result


def encode_result(result: bytes) -> bytes:
    """Return a serialised result as a field of the batch's reply."""
    return _RESULTS + encode_varint(len(result)) + result


def _timestamp(tag: bytes, instant: datetime) -> bytes:
    """Return an instant as a field."""
    timestamp = Timestamp()
    set_timestamp(timestamp, instant)
    octets = timestamp.SerializeToString()
    return tag + encode_varint(len(octets)) + octets
