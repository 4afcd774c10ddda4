"""Spans as OTLP/JSON, one batch a line: what the OpenTelemetry Collector reads from files as well.

Source: https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AnyValue, Attributes, AttributeValue

JsonObject = dict[str, Any]

# OTLP counts from "unspecified", the API from INTERNAL.
_KINDS: Final[Mapping[SpanKind, int]] = {kind: kind.value + 1 for kind in SpanKind}
_HAS_IS_REMOTE: Final = 0x100
_IS_REMOTE: Final = 0x200


def encode_line(spans: Sequence[ReadableSpan]) -> bytes:
    """Return `spans`, of one process, as one line with its end."""
    by_scope: dict[InstrumentationScope | None, list[JsonObject]] = {}
    for span in spans:
        by_scope.setdefault(span.instrumentation_scope, []).append(_span(span))
    resource = spans[0].resource if spans else Resource.get_empty()
    batch = {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource.attributes)},
                "scopeSpans": [
                    {"scope": _scope(scope), "spans": encoded}
                    for scope, encoded in by_scope.items()
                ],
            }
        ]
    }
    return json.dumps(batch, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def decode_attributes(encoded: Iterable[JsonObject]) -> dict[str, AttributeValue]:
    """Return attributes from their OTLP form.

    Raises:
        KeyError, TypeError, ValueError: it is not that form.
    """
    return {pair["key"]: _plain(pair["value"]) for pair in encoded}


def _span(span: ReadableSpan) -> JsonObject:
    """Return one span; what would be empty is left out."""
    context = span.get_span_context()
    assert context is not None  # only a span that never began has none
    encoded: JsonObject = {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "flags": _HAS_IS_REMOTE,
        "name": span.name,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": str(span.start_time),
        "endTimeUnixNano": str(span.end_time),
        "attributes": _attributes(span.attributes),
        "status": {"code": span.status.status_code.value},
    }
    if context.trace_state:
        encoded["traceState"] = context.trace_state.to_header()
    if span.parent is not None:
        encoded["parentSpanId"] = f"{span.parent.span_id:016x}"
        encoded["flags"] |= _IS_REMOTE if span.parent.is_remote else 0
    if span.events:
        encoded["events"] = [_event(event) for event in span.events]
    if span.dropped_events:
        encoded["droppedEventsCount"] = span.dropped_events
    return encoded


def _event(event: Event) -> JsonObject:
    """Return one event."""
    return {
        "timeUnixNano": str(event.timestamp),
        "name": event.name,
        "attributes": _attributes(event.attributes),
    }


def _scope(scope: InstrumentationScope | None) -> JsonObject:
    """Return who made the spans."""
    return {"name": scope.name, "version": scope.version or ""} if scope else {}


def _attributes(attributes: Attributes) -> list[JsonObject]:
    """Return attributes in OTLP form."""
    return [{"key": key, "value": _value(value)} for key, value in (attributes or {}).items()]


def _value(value: AnyValue) -> JsonObject:
    """Return one value in OTLP form; 64-bit numbers are strings there."""
    match value:
        case str():
            return {"stringValue": value}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case Sequence():
            return {"arrayValue": {"values": [_value(member) for member in value]}}
        case _:
            # No attribute has such a value; were there one, it should show rather than fail.
            return {"stringValue": str(value)}


def _plain(encoded: JsonObject) -> AttributeValue:
    """Return one value from its OTLP form.

    Raises:
        KeyError, TypeError, ValueError: it is not that form.
    """
    ((kind, value),) = encoded.items()
    match kind:
        case "stringValue":
            return str(value)
        case "boolValue":
            return bool(value)
        case "intValue":
            return int(value)
        case "doubleValue":
            return float(value)
        case "arrayValue":
            # Ours hold strings only.
            return tuple(str(_plain(member)) for member in value.get("values", ()))
        case _:
            raise ValueError(kind)
