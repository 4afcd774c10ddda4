"""Plain spans tell what the SDK's would."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from comity.telemetry.plain_spans import PlainSpan, PlainTracer
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TraceState,
    set_span_in_context,
)

RESOURCE = Resource({"service.name": "comity"})
CALLER = SpanContext(
    0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(0), trace_state=TraceState([("a", "b")])
)


class CountingIds(IdGenerator):
    """Gives the same ids to each tracer under test."""

    def __init__(self) -> None:
        """Begin at one."""
        self._count = count(1)

    def generate_trace_id(self) -> int:
        """Return the next number."""
        return next(self._count)

    def generate_span_id(self) -> int:
        """Return the next number."""
        return next(self._count)


def plain(script: Callable[[Tracer], None]) -> list[ReadableSpan]:
    """Return the spans of a plain tracer."""
    ended: list[PlainSpan] = []
    scope = InstrumentationScope("comity", "1")
    script(PlainTracer(RESOURCE, scope, CountingIds(), ended.append))
    for span in ended:
        (batch,) = encode_spans([span.readable()]).resource_spans
        assert Span.FromString(span.encoded()) == batch.scope_spans[0].spans[0]
    return [span.readable() for span in ended]


def standard(script: Callable[[Tracer], None]) -> list[ReadableSpan]:
    """Return the spans of the SDK's tracer."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(ALWAYS_ON, RESOURCE, id_generator=CountingIds())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    script(provider.get_tracer("comity", "1"))
    return list(exporter.get_finished_spans())


def told(spans: list[ReadableSpan]) -> object:
    """Return the spans as a collector gets them, instants left aside."""
    encoded = encode_spans(spans)
    for scope in encoded.resource_spans[0].scope_spans:
        for span in scope.spans:
            span.ClearField("start_time_unix_nano")
            span.ClearField("end_time_unix_nano")
            for event in span.events:
                event.ClearField("time_unix_nano")
    return encoded


def a_call(tracer: Tracer) -> None:
    """Trace a call that a caller's span is the parent of, and a decision within."""
    context = set_span_in_context(NonRecordingSpan(CALLER))
    attributes = {"rpc.system": "grpc", "numbers": (1, 2)}
    span = tracer.start_span("call", context, SpanKind.SERVER, attributes)
    within = set_span_in_context(span)
    with tracer.start_as_current_span("decision", within) as inner:
        inner.set_attributes({"effect": "deny", "ids": ("a", "b")})
        inner.add_event("reason", {"id": "a"})
    span.update_name("the call")
    span.set_attribute("code", 0)
    span.set_status(Status(StatusCode.ERROR, "why"))
    span.end()


def a_root_with_a_link(tracer: Tracer) -> None:
    """Trace something that nobody asked for, linked with a caller's span."""
    tracer.start_span("root", links=[Link(CALLER)]).end()


@pytest.mark.parametrize("script", [a_call, a_root_with_a_link])
def test_a_collector_gets_what_the_sdk_would_have_sent(script: Callable[[Tracer], None]) -> None:
    """Identity, parent, kind, attributes, events, links and status."""
    assert told(plain(script)) == told(standard(script))


def test_a_span_ends_once() -> None:
    """Its length is that between its beginning and its first end."""

    def script(tracer: Tracer) -> None:
        span = tracer.start_span("a", start_time=5)
        assert span.is_recording()
        span.end(7)
        assert not span.is_recording()
        span.end(9)

    (span,) = plain(script)
    assert (span.start_time, span.end_time) == (5, 7)


def test_an_exception_is_told_by_its_type() -> None:
    """Its text may quote anything."""

    def script(tracer: Tracer) -> None:
        with pytest.raises(ValueError, match="secret"), tracer.start_as_current_span("a"):
            int("secret")

    (span,) = plain(script)
    (event,) = span.events
    assert (event.name, dict(event.attributes or {})) == (
        "exception",
        {"exception.type": "ValueError"},
    )
