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

from comity.journal.attributes import encode_attributes, encode_varint

# What the SDK writes into the flags of a span: whether its parent is in another process is known.
LOCAL_PARENT: Final = 0x100
REMOTE_PARENT: Final = 0x300

_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
# Fields 1, 2, 16, 7 and 8 of a span, each with its tag before it; the ids with their lengths too.
_HEAD: Final = struct.Struct("<2s16s2s8s2sIBQBQ")
_TIME: Final = struct.Struct("<Q")
_TRACE_STATE_TAG: Final = b"\x1a"
_PARENT_TAG: Final = b"\x22\x08"
_NAME_TAG: Final = b"\x2a"
_KIND_TAG: Final = b"\x30"
_NO_STATUS: Final = b"\x7a\x00"
_EVENT_NAME_TAG: Final = b"\x12"
_EVENT_ATTRIBUTE_TAG: Final = b"\x1a"
_EVENT_TAG: Final = b"\x5a"
_TIME_TAG: Final = b"\x09"
_TIME_FIELD_BYTES: Final = 9
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


class SpanTemplate:
    """Makes OTLP spans that differ only in identity, times and a few attributes.

    The constant parts are encoded once.
    """

    __slots__ = ("_constant", "_events")

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
        self._constant = b"".join(
            (
                _field(_NAME_TAG, name.encode()),
                _KIND_TAG + encode_varint(kind.value + 1),  # OTLP begins with "unspecified"
                encode_attributes(attributes or {}),
                _links_and_status(links, status),
            )
        )
        bodies = [
            _field(_EVENT_NAME_TAG, event.name.encode())
            + encode_attributes(event.attributes, _EVENT_ATTRIBUTE_TAG)
            for event in events
        ]
        # The time of the events is joined into the gaps between these parts.
        starts = [
            _EVENT_TAG + encode_varint(_TIME_FIELD_BYTES + len(body)) + _TIME_TAG for body in bodies
        ]
        ends = [b"", *bodies]
        self._events = tuple(end + start for end, start in zip(ends, [*starts, b""], strict=True))

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
        if (
            len(trace_id) != _TRACE_ID_BYTES
            or len(span_id) != _SPAN_ID_BYTES
            or len(parent_span_id) not in (0, _SPAN_ID_BYTES)
        ):
            message = "trace ids have 16 octets, span ids 8"
            raise ValueError(message)
        head = _HEAD.pack(
            b"\x0a\x10", trace_id, b"\x12\x08", span_id, b"\x85\x01", flags, 0x39, start, 0x41, end
        )
        if parent_span_id:
            head += _PARENT_TAG + parent_span_id
        if trace_state:
            state = trace_state.encode()
            head += _TRACE_STATE_TAG + encode_varint(len(state)) + state
        return b"".join((head, self._constant, varying, _TIME.pack(end).join(self._events)))


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
