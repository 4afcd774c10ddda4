"""Span templates; that they say what the SDK says is shown in tests/property/test_spans.py."""

from __future__ import annotations

from typing import Any

import pytest
from comity.journal import (
    LOCAL_PARENT,
    REMOTE_PARENT,
    AttributeKey,
    EventTemplate,
    SpanTemplate,
    encode_attributes,
)
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceState,
    set_span_in_context,
)

PARENT = SpanContext(5 << 120, 7, is_remote=True, trace_state=TraceState([("a", "1"), ("b", "2")]))


def ended_span(**attributes: Any) -> ReadableSpan:
    """Return a span that the SDK's tracer made, with an event, an error and a remote parent."""
    tracer = TracerProvider(ALWAYS_ON, shutdown_on_exit=False).get_tracer("comity")
    context = set_span_in_context(NonRecordingSpan(PARENT))
    span = tracer.start_span("päß", context, SpanKind.SERVER, attributes, start_time=10)
    span.add_event("comity.reason", {"comity.rule.id": "ua-1"}, timestamp=20)
    span.set_status(Status(StatusCode.ERROR, "no"))
    span.end(end_time=20)
    assert isinstance(span, ReadableSpan)
    return span


def test_a_template_makes_the_span_that_a_tracer_makes() -> None:
    """With identity, parent and trace state."""
    span = ended_span(effect="deny", epoch=3, ids=("a", "b"))
    template = SpanTemplate(
        "päß",
        SpanKind.SERVER,
        {"effect": "deny"},
        events=[EventTemplate("comity.reason", {"comity.rule.id": "ua-1"})],
        status=Status(StatusCode.ERROR, "no"),
    )
    assert span.context is not None
    made = template.assemble(
        span.context.trace_id.to_bytes(16),
        span.context.span_id.to_bytes(8),
        PARENT.span_id.to_bytes(8),
        "a=1,b=2",
        REMOTE_PARENT,
        10,
        20,
        AttributeKey("epoch").encode(3) + encode_attributes({"ids": ("a", "b")}),
    )
    (theirs,) = encode_spans([span]).resource_spans[0].scope_spans[0].spans
    assert trace_pb2.Span.FromString(made) == theirs


def test_one_template_makes_many_spans() -> None:
    """They share what is constant and nothing else."""
    template = SpanTemplate("name", attributes={"effect": "allow"})
    made = [
        trace_pb2.Span.FromString(
            template.assemble(
                bytes([number]) * 16, bytes([number]) * 8, b"", "", LOCAL_PARENT, number, number
            )
        )
        for number in (1, 2)
    ]
    assert [span.trace_id for span in made] == [b"\1" * 16, b"\2" * 16]
    assert [span.start_time_unix_nano for span in made] == [1, 2]
    assert [span.attributes[0].value.string_value for span in made] == ["allow", "allow"]
    assert not made[0].parent_span_id


@pytest.mark.parametrize(
    ("trace_id", "span_id", "parent"),
    [(b"1" * 15, b"2" * 8, b""), (b"1" * 16, b"", b""), (b"1" * 16, b"2" * 8, b"3" * 7)],
)
def test_an_id_of_another_length_is_refused(trace_id: bytes, span_id: bytes, parent: bytes) -> None:
    """It would be filled with zeros, silently."""
    with pytest.raises(ValueError, match="16 octets"):
        SpanTemplate("name").assemble(trace_id, span_id, parent, "", LOCAL_PARENT, 1, 2)


@pytest.mark.parametrize("value", [1 << 63, -(1 << 63) - 1, "\ud800", {1}, object()])
def test_what_otlp_cannot_hold_is_refused(value: Any) -> None:
    """Rather than recorded as something else."""
    with pytest.raises(ValueError, match=r"surrogates|64 bits|can't be"):
        AttributeKey("key").encode(value)
