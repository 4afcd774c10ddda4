"""The lines of the local store, against what the exporter of OTLP sends."""

from __future__ import annotations

import base64
import json
from typing import Any

from comity.telemetry.otlp_json import decode_attributes, encode_line
from google.protobuf import json_format
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.span import TraceState
from unit.telemetry.in_memory import InMemoryTelemetry

VALUES = {"text": "päß", "many": ("a", "b"), "yes": True, "no": False, "n": 2**40, "x": 0.5}


def as_sent(telemetry: InMemoryTelemetry) -> Any:
    """Return what the exporter would send, in JSON, ids as OTLP writes them there."""
    sent = json_format.MessageToDict(encode_spans(telemetry.spans()))

    def with_hexadecimal_ids(value: Any) -> Any:
        match value:
            case dict():
                return {
                    key: base64.b64decode(inner).hex()
                    if key in ("traceId", "spanId", "parentSpanId")
                    else with_hexadecimal_ids(inner)
                    for key, inner in value.items()
                }
            case list():
                return [with_hexadecimal_ids(inner) for inner in value]
            case _:
                return value

    return with_hexadecimal_ids(sent)


def with_numbers(value: Any) -> Any:
    """Return `value` with enumerations by number, as OTLP/JSON has them, and without defaults."""
    names = {f"SPAN_KIND_{kind.name}": kind.value + 1 for kind in SpanKind}
    match value:
        case dict():
            return {key: with_numbers(inner) for key, inner in value.items() if inner != {}}
        case list():
            return [with_numbers(inner) for inner in value]
        case "STATUS_CODE_ERROR":
            return 2
        case str() if value in names:
            return names[value]
        case _:
            return value


def test_a_line_says_what_the_exporter_would_send() -> None:
    """With parents here and elsewhere, events, states and failures."""
    telemetry = InMemoryTelemetry()
    state = TraceState([("vendor", "opaque")])
    far = SpanContext(2**127 + 1, 2**63 + 1, is_remote=True, trace_state=state)
    parent = trace.set_span_in_context(NonRecordingSpan(far))
    with telemetry.tracer.start_as_current_span("a", parent, SpanKind.SERVER, VALUES) as span:
        span.add_event("noted", VALUES)
        with telemetry.tracer.start_as_current_span("b") as inner:
            inner.set_status(Status(StatusCode.ERROR))
    line = encode_line(telemetry.spans())
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert without_defaults(json.loads(line)) == with_numbers(as_sent(telemetry))


def without_defaults(value: Any) -> Any:
    """Return `value` without the parts that Protobuf leaves out."""
    match value:
        case dict():
            kept = {key: without_defaults(inner) for key, inner in value.items()}
            if kept.get("code") == 0:
                del kept["code"]
            return {key: inner for key, inner in kept.items() if inner not in ({}, [], "")}
        case list():
            return [without_defaults(inner) for inner in value]
        case _:
            return value


def test_attributes_come_back_as_they_were() -> None:
    """In every type that ours have."""
    telemetry = InMemoryTelemetry()
    with telemetry.span("a", VALUES):
        pass
    batch = json.loads(encode_line(telemetry.spans()))
    (span,) = batch["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert decode_attributes(span["attributes"]) == VALUES
