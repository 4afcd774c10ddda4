"""What calls were answered with, and what their spans say, but for what is every call's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from comity.grpc_api.swift_calls import BATCH
from comity.telemetry.sealed_facts import DATA, ENCAPSULATION, KEY, open_seal
from comity.v1 import eligibility_service_pb2
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.trace.v1 import trace_pb2
from unit.grpc_api.local_calls import Outcome

# Of the public key in tests/data/sealing.
PRIVATE_KEY: Final = X25519PrivateKey.from_private_bytes(bytes(range(32)))


def told_in(method: str, outcome: Outcome) -> str:
    """Return all that a call ended with, but for the identities of its decisions."""
    if outcome.reply is None:
        return f"{outcome.code} {outcome.text} {outcome.details}"
    if method == BATCH:
        batch = eligibility_service_pb2.BatchCheckEligibilityResponse.FromString(outcome.reply)
        for result in batch.results:
            result.response.decision_id = ""
        return str(batch)
    reply = eligibility_service_pb2.CheckEligibilityResponse.FromString(outcome.reply)
    reply.decision_id = ""
    return str(reply)


def decisions_in(method: str, outcome: Outcome) -> list[str]:
    """Return the identities of the decisions that a call was answered with."""
    if outcome.reply is None:
        return []
    if method == BATCH:
        batch = eligibility_service_pb2.BatchCheckEligibilityResponse.FromString(outcome.reply)
        return [r.response.decision_id for r in batch.results if r.HasField("response")]
    reply = eligibility_service_pb2.CheckEligibilityResponse.FromString(outcome.reply)
    return [reply.decision_id]


def identity_of(span: bytes) -> str:
    """Return the identity of the decision that a span records."""
    parsed = trace_pb2.Span.FromString(span)
    return f"{parsed.trace_id.hex()}-{parsed.span_id.hex()}"


def recorded_in(spans: Sequence[bytes]) -> list[str]:
    """Return all that the spans of a call say, but for identities and times; seals are opened."""
    parsed = [trace_pb2.Span.FromString(span) for span in spans]
    own = {span.span_id for span in parsed}
    return sorted(_text_of(span, own) for span in parsed)


def _text_of(span: trace_pb2.Span, own: set[bytes]) -> str:
    """Return what a span says; `own` are the identities of all spans of the call."""
    assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
    attributes: dict[str, Any] = {a.key: _value(a.value) for a in span.attributes}
    assert len(attributes) == len(span.attributes)
    if DATA in attributes:
        bound_to = span.trace_id + span.span_id
        seal = {key: str(attributes.pop(key)[1]) for key in (KEY, ENCAPSULATION, DATA)}
        attributes[DATA] = open_seal(PRIVATE_KEY, seal, bound_to)
    told = {
        "name": span.name,
        "kind": span.kind,
        "above": "the call" if span.parent_span_id in own else _remote_parent(span),
        "state": span.trace_state,
        "flags": span.flags,
        "status": str(span.status),
        "links": str(span.links),
        "attributes": attributes,
        "events": [(e.name, {a.key: _value(a.value) for a in e.attributes}) for e in span.events],
    }
    return json.dumps(told, sort_keys=True, ensure_ascii=False)


def _remote_parent(span: trace_pb2.Span) -> str:
    """Return the span of another process that `span` is a child of; empty for none."""
    return f"{span.trace_id.hex()}-{span.parent_span_id.hex()}" if span.parent_span_id else ""


def _value(value: common_pb2.AnyValue) -> Any:
    """Return a value of an attribute."""
    which = value.WhichOneof("value")
    if which == "array_value":
        return [_value(entry) for entry in value.array_value.values]
    assert which is not None
    return [which, getattr(value, which)]
