"""Spans as OTLP/JSON, one batch a line: what the OpenTelemetry Collector reads from files as well.

Source: https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
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
_MOST_PAIRS: Final = 16_384


def encode_line(spans: Sequence[ReadableSpan]) -> bytes:
    """Return `spans`, of one process, as one line with its end."""
    by_scope: dict[InstrumentationScope | None, list[str]] = {}
    for span in spans:
        by_scope.setdefault(span.instrumentation_scope, []).append(_span(span))
    resource = spans[0].resource if spans else Resource.get_empty()
    scopes = ",".join(
        f'{{"scope":{_scope(scope)},"spans":[{",".join(encoded)}]}}'
        for scope, encoded in by_scope.items()
    )
    line = (
        f'{{"resourceSpans":[{{"resource":{{"attributes":{_attributes(resource.attributes)}}},'
        f'"scopeSpans":[{scopes}]}}]}}\n'
    )
    # Variables of the environment may hold what is no text.
    return line.encode("utf-8", "replace")


def decode_attributes(encoded: Iterable[JsonObject]) -> dict[str, AttributeValue]:
    """Return attributes from their OTLP form.

    Raises:
        KeyError, TypeError, ValueError: it is not that form.
    """
    return {pair["key"]: _plain(pair["value"]) for pair in encoded}


def _span(span: ReadableSpan) -> str:
    """Return one span; what would be empty is left out."""
    context = span.get_span_context()
    assert context is not None  # only a span that never began has none
    flags, more = _HAS_IS_REMOTE, ""
    if context.trace_state:
        more += f',"traceState":{_text(context.trace_state.to_header())}'
    if span.parent is not None:
        more += f',"parentSpanId":"{span.parent.span_id:016x}"'
        flags |= _IS_REMOTE if span.parent.is_remote else 0
    if span.events:
        more += f',"events":[{",".join(map(_event, span.events))}]'
    return (
        f'{{"traceId":"{context.trace_id:032x}","spanId":"{context.span_id:016x}",'
        f'"flags":{flags},"name":{_text(span.name)},"kind":{_KINDS[span.kind]},'
        f'"startTimeUnixNano":"{span.start_time}","endTimeUnixNano":"{span.end_time}",'
        f'"attributes":{_attributes(span.attributes)},'
        f'"status":{{"code":{span.status.status_code.value}}}{more}}}'
    )


def _event(event: Event) -> str:
    """Return one event."""
    return (
        f'{{"timeUnixNano":"{event.timestamp}","name":{_text(event.name)},'
        f'"attributes":{_attributes(event.attributes)}}}'
    )


def _scope(scope: InstrumentationScope | None) -> str:
    """Return who made the spans."""
    if scope is None:
        return "{}"
    return f'{{"name":{_text(scope.name)},"version":{_text(scope.version or "")}}}'


def _attributes(attributes: Attributes) -> str:
    """Return attributes in OTLP form."""
    return f"[{','.join(_pair(key, value) for key, value in (attributes or {}).items())}]"


@lru_cache(maxsize=_MOST_PAIRS, typed=True)
def _pair(key: str, value: AnyValue) -> str:
    """Return one attribute in OTLP form. Most have few values, which come again and again."""
    return _text({"key": key, "value": _value(value)})


def _text(value: object) -> str:
    """Return `value` in JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


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
