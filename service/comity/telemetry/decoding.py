"""Spans and resources from their OTLP form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.util.types import AttributeValue

from comity.journal import DamagedSegmentError, read_header
from comity.telemetry.reading import StoredEvent, StoredSpan

_ROLE: Final = "comity.process.role"
_NO_SPAN: Final = bytes(8)


def role_of(segment: Path) -> str:
    """Return which of our processes wrote a segment; empty if it doesn't say."""
    try:
        return role_in(read_header(segment).resource)
    except (DamagedSegmentError, FileNotFoundError):
        return ""


def role_in(resource: bytes) -> str:
    """Return which of our processes a serialised OTLP resource names; empty if it names none."""
    try:
        attributes = Resource.FromString(resource).attributes
    except DecodeError:
        return ""
    return str(_plain(attributes).get(_ROLE, ""))


def stored_span(octets: bytes, role: str) -> StoredSpan | None:
    """Return a serialised OTLP span as commands show it; None if it is none."""
    try:
        span = Span.FromString(octets)
    except DecodeError:
        return None
    return StoredSpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=(span.parent_span_id or _NO_SPAN).hex(),
        name=span.name,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=_plain(span.attributes),
        events=tuple(StoredEvent(event.name, _plain(event.attributes)) for event in span.events),
        role=role,
    )


def _plain(pairs: Iterable[KeyValue]) -> Mapping[str, AttributeValue]:
    """Return attributes from their OTLP form."""
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> AttributeValue:
    """Return one value from its OTLP form; what commands need not tell apart is text."""
    match value.WhichOneof("value"):
        case "array_value":
            # Ours hold strings only.
            return tuple(str(_value(member)) for member in value.array_value.values)
        case "bytes_value":
            return value.bytes_value.hex()
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case _:
            return value.string_value
