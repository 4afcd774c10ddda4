"""Spans put together from parts that were encoded once.

Source: https://github.com/open-telemetry/opentelemetry-proto (trace.proto)
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import INVALID_SPAN_CONTEXT, Link, SpanKind, Status
from opentelemetry.util.types import AnyValue

from comity.journal.attributes import OF_EVENT, encode_attributes, encode_varint

# What the SDK writes into the flags of a span: whether its parent is in another process is known.
LOCAL_PARENT: Final = 0x100
REMOTE_PARENT: Final = 0x300

_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
_TRACE_ID_TAG: Final = b"\x0a\x10"
_SPAN_ID_TAG: Final = b"\x12\x08"
# Fields 16, 7 and 8 of a span, each with its tag before it.
_TIMES: Final = struct.Struct("<2sIBQBQ")
_TIME: Final = struct.Struct("<Q")
_TRACE_STATE_TAG: Final = b"\x1a"
_PARENT_TAG: Final = b"\x22\x08"
_NAME_TAG: Final = b"\x2a"
_KIND_TAG: Final = b"\x30"
_NO_STATUS: Final = b"\x7a\x00"
_EVENT_NAME_TAG: Final = b"\x12"
_EVENT_TAG: Final = b"\x5a"
_TIME_TAG: Final = b"\x09"
_TIME_FIELD_BYTES: Final = 9
_NO_EVENTS: Final = (b"",)
_EMPTY_STATUS: Final = Status()
# Without one the SDK looks for a resource, which takes threads and a millisecond.
_NO_RESOURCE: Final = Resource.get_empty()


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """An event of every span made from a template.

    Attributes:
        name: what happened.
        attributes: what is said of it.
    """

    name: str
    attributes: Mapping[str, AnyValue] = field(default_factory=dict)


def encode_head(  # noqa: PLR0917 - names would cost time in every decision
    trace_id: bytes, parent_span_id: bytes, trace_state: str, flags: int, start: int, end: int
) -> tuple[bytes, bytes, bytes]:
    """Return what spans of one trace begin with that have parent and times in common.

    That is: what comes before the span id, what comes behind it, and the end by itself. The
    arguments are those of `SpanTemplate.assemble`.

    Raises:
        ValueError: an id has another length.
    """
    if len(trace_id) != _TRACE_ID_BYTES or len(parent_span_id) not in (0, _SPAN_ID_BYTES):
        raise _wrong_length()
    behind = _TIMES.pack(b"\x85\x01", flags, 0x39, start, 0x41, end)
    if parent_span_id:
        behind += _PARENT_TAG + parent_span_id
    if trace_state:
        state = trace_state.encode()
        behind += _TRACE_STATE_TAG + encode_varint(len(state)) + state
    return _TRACE_ID_TAG + trace_id + _SPAN_ID_TAG, behind, _TIME.pack(end)


class SpanTemplate:
    """Makes OTLP spans that differ only in identity, times and a few attributes.

    The constant parts are encoded once. Whoever makes many spans at a time joins, for each: what
    the head has before the span id, the id, what the head has behind it, `constant`, attributes as
    `encode_attributes` or an `AttributeKey` makes them, and `events` with the end in between.

    Attributes:
        constant: name, kind, attributes, links and status.
        events: the parts of the events between which the end belongs.
    """

    __slots__ = ("constant", "events")

    def __init__(
        self,
        name: str,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, AnyValue] | None = None,
        *,
        events: Sequence[EventTemplate] = (),
        links: Sequence[Link] = (),
        status: Status = _EMPTY_STATUS,
    ) -> None:
        """Encode what all spans of this template have in common."""
        start = encode_start(name, kind, attributes or {})
        self.constant = start + _links_and_status(links, status)
        self.events = _gaps(
            [encode_event(e.name, encode_attributes(e.attributes, OF_EVENT)) for e in events]
        )

    def assemble(  # noqa: PLR0917 - names would cost time in every decision
        self,
        trace_id: bytes,
        span_id: bytes,
        parent_span_id: bytes,
        trace_state: str,
        flags: int,
        start: int,
        end: int,
        varying: bytes = b"",
    ) -> bytes:
        """Return a serialised OTLP span.

        `trace_id` has 16 octets, `span_id` and `parent_span_id` have 8, or none for a span without
        parent; `trace_state` is as in the header of that name; `flags` is `LOCAL_PARENT` or
        `REMOTE_PARENT`; `start` and `end` are nanoseconds since 1970, and `end` is the time of the
        events. `varying` holds further attributes, as `encode_attributes` or an `AttributeKey`
        makes them; they come after the constant ones and must not repeat any.

        Raises:
            ValueError: an id has another length.
        """
        before, behind, time = encode_head(trace_id, parent_span_id, trace_state, flags, start, end)
        if len(span_id) != _SPAN_ID_BYTES:
            raise _wrong_length()
        events = time.join(self.events)
        return b"".join((before, span_id, behind, self.constant, varying, events))


def _wrong_length() -> ValueError:
    """Return the error of an id that would be filled with zeros, or cut."""
    return ValueError("trace ids have 16 octets, span ids 8")


class JoinedTemplate(SpanTemplate):
    """A template of parts that are encoded already."""

    __slots__ = ()

    def __init__(self, start: bytes, attributes: bytes, events: Sequence[bytes]) -> None:
        """Join what `encode_start` gave and further fields of a span.

        Each of `events` is what `encode_event` gave.
        """
        self.constant = start + attributes + _NO_STATUS
        self.events = _gaps(events) if events else _NO_EVENTS


def encode_start(name: str, kind: SpanKind, attributes: Mapping[str, AnyValue]) -> bytes:
    """Return what spans of this name and kind begin with, and the first of their attributes.

    Raises:
        ValueError: as `encode_attributes`.
    """
    of_kind = _KIND_TAG + encode_varint(kind.value + 1)  # OTLP begins with "unspecified"
    return _field(_NAME_TAG, name.encode()) + of_kind + encode_attributes(attributes)


def encode_event(name: str, attributes: bytes) -> bytes:
    """Return an event but for its time; `attributes` are fields of an event."""
    return _field(_EVENT_NAME_TAG, name.encode()) + attributes


def _gaps(events: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return what the time of the events is joined into, so that each has it."""
    starts = [
        _EVENT_TAG + encode_varint(_TIME_FIELD_BYTES + len(event)) + _TIME_TAG for event in events
    ]
    ends = [b"", *events]
    return tuple(end + start for end, start in zip(ends, [*starts, b""], strict=True))


def _field(tag: bytes, octets: bytes) -> bytes:
    """Return a field that has a length."""
    return tag + encode_varint(len(octets)) + octets


def _links_and_status(links: Sequence[Link], status: Status) -> bytes:
    """Return the fields of links and status, by OpenTelemetry's own encoder: both are rare."""
    if not links and status is _EMPTY_STATUS:
        return _NO_STATUS
    span = ReadableSpan(
        "", context=INVALID_SPAN_CONTEXT, resource=_NO_RESOURCE, links=links, status=status
    )
    message = encode_spans([span]).resource_spans[0].scope_spans[0].spans[0]
    rare = type(message)(links=message.links, status=message.status)
    return rare.SerializeToString()
