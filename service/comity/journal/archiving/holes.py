"""What is taken out of spans, and what stands in its place there.

Source: https://github.com/open-telemetry/opentelemetry-proto (trace.proto)
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from comity.journal.attributes import AttributeKey, encode_varint

TIME: Final = struct.Struct("<Q")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NOTHING: Final = timedelta()
_MOST_POSITION: Final = (1 << 31) - 1
_SEVEN_BITS: Final = 0x7F
_MORE: Final = 0x80
_MOST_VARINT_BYTES: Final = 10


class Hole(IntEnum):
    """What is taken out of a span. Each is taken once, but for times of events.

    Attributes:
        TRACE_ID: 16 octets.
        SPAN_ID: 8 octets.
        PARENT_ID: 8 octets.
        START: nanoseconds since 1970.
        END: the same.
        TRACE_STATE: its octets, ASCII.
        EVENT_AT_END: time of an event, that of the end.
        EVENT_AT: another time of an event.
        EVALUATED_AT: microseconds since 1970.
        VALID_UNTIL: text.
        POSITION: a number.
        PSEUDONYM: octets, which stand in hexadecimal.
        PROVENANCE: all attributes of the database behind a look-up, as they stand.
    """

    TRACE_ID = 1
    SPAN_ID = 2
    PARENT_ID = 3
    START = 4
    END = 5
    TRACE_STATE = 6
    EVENT_AT_END = 7
    EVENT_AT = 8
    EVALUATED_AT = 9
    VALID_UNTIL = 10
    POSITION = 11
    PSEUDONYM = 12
    PROVENANCE = 13


# Tags and lengths of ids, and how long the whole fields are.
IDS: Final = {
    b"\x0a\x10": (Hole.TRACE_ID, 18),
    b"\x12\x08": (Hole.SPAN_ID, 10),
    b"\x22\x08": (Hole.PARENT_ID, 10),
}
KEYS: Final = {
    b"comity.decision.evaluated_at": Hole.EVALUATED_AT,
    b"comity.decision.valid_until": Hole.VALID_UNTIL,
    b"comity.decision.position": Hole.POSITION,
    b"comity.subject.pseudonym": Hole.PSEUDONYM,
}


def value_of(hole: Hole, field: bytes) -> object:
    """Return the value of an attribute from the octets behind its key; None if it is no such."""
    if hole is Hole.POSITION:
        value, _ = read_varint(field, 3) if field[2:3] == b"\x18" else (None, 0)
        return value if value is not None and value <= _MOST_POSITION else None
    try:
        start = read_varint(field, read_varint(field, 1)[1] + 1)[1]
        text = field[start:].decode()
        if hole is Hole.PSEUDONYM:
            return bytes.fromhex(text)
        if hole is Hole.EVALUATED_AT:
            instant = datetime.fromisoformat(text)
            return None if instant.utcoffset() != _NOTHING else (instant - _EPOCH) // _MICROSECOND
    except (IndexError, ValueError):
        return None
    return text


def _attribute(hole: Hole, text_of: Callable[[Any], Any]) -> Callable[[Any], bytes]:
    """Return what encodes the attribute of a hole with the text, or number, of a value."""
    (key,) = (AttributeKey(name.decode()) for name, known in KEYS.items() if known is hole)
    return lambda value: key.encode(text_of(value))


# For each kind of hole what makes the octets that stand in its place.
RENDERERS: Final[Mapping[Hole, Callable[[Any], bytes]]] = {
    Hole.TRACE_ID: lambda value: b"\x0a\x10" + value,
    Hole.SPAN_ID: lambda value: b"\x12\x08" + value,
    Hole.PARENT_ID: lambda value: b"\x22\x08" + value,
    Hole.START: lambda value: b"\x39" + TIME.pack(value),
    Hole.END: lambda value: b"\x41" + TIME.pack(value),
    Hole.TRACE_STATE: lambda value: b"\x1a" + encode_varint(len(value)) + value,
    Hole.EVENT_AT_END: lambda value: b"\x09" + TIME.pack(value),
    Hole.EVENT_AT: lambda value: b"\x09" + TIME.pack(value),
    Hole.EVALUATED_AT: _attribute(
        Hole.EVALUATED_AT, lambda value: (_EPOCH + value * _MICROSECOND).isoformat()
    ),
    Hole.VALID_UNTIL: _attribute(Hole.VALID_UNTIL, str),
    Hole.POSITION: _attribute(Hole.POSITION, int),
    Hole.PSEUDONYM: _attribute(Hole.PSEUDONYM, bytes.hex),
    Hole.PROVENANCE: lambda value: value,
}


def read_varint(octets: bytes, position: int) -> tuple[int, int]:
    """Return the number at `position`, and where it ends.

    Raises:
        IndexError: it is cut off.
        ValueError: it is too long for one.
    """
    number = octets[position]
    if number <= _SEVEN_BITS:
        return number, position + 1
    number = 0
    for count in range(_MOST_VARINT_BYTES):
        octet = octets[position + count]
        number |= (octet & _SEVEN_BITS) << 7 * count
        if octet < _MORE:
            return number, position + count + 1
    raise ValueError
