"""Many spans taken apart, most of which were made from the same few templates."""

from __future__ import annotations

import struct
from typing import Any, Final, TypeVar

from comity.journal.archiving.holes import TIME, Hole, read_varint
from comity.journal.archiving.shapes import (
    MOST_TIME,
    TAG_ATTRIBUTE,
    TAG_EVENT,
    TAG_NAME,
    TAG_TRACE_STATE,
    Piece,
    Values,
    attribute_of,
    encode_shape,
    split_span,
    state_of,
    varying_from,
)
from comity.journal.attributes import AttributeKey

# Ids, flags and times as templates write them: fields with their tags, and lengths of ids.
_HEAD: Final = struct.Struct("<2s16s2s8s6sBQBQ")
_HEAD_TAGS: Final = (b"\x0a\x10", b"\x12\x08", 0x39, 0x41)
_FLAGS_TAG: Final = b"\x85\x01"
_PARENT_TAG: Final = b"\x22\x08"
_PARENT_BYTES: Final = 10
_TIME_TAG: Final = b"\x09"
_SHORT: Final = 0x7F
_MOST_KEPT: Final = 1 << 16
# What is longer is sealed, and stands nowhere twice.
_LONGEST_KEPT: Final = 256

# An instant in UTC as it stands in most spans; all that differs within a second is its fraction.
_INSTANT: Final = AttributeKey("comity.decision.evaluated_at").encode(
    "2026-11-24T22:59:59.000001+00:00"
)
_INSTANT_BYTES: Final = len(_INSTANT)
_INSTANT_HEAD: Final = _INSTANT[:-32]
_FRACTION: Final = slice(_INSTANT_BYTES - 12, _INSTANT_BYTES - 6)
_NO_FRACTION: Final = b"000000"

Taken = tuple[Hole, Any] | None
Parts = tuple[int | bytes, ...]
Key = TypeVar("Key")
Value = TypeVar("Value")


class SpanSplitter:
    """Takes spans apart as `split_span` does: those of templates by what it has seen before."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._taken: dict[bytes, Taken] = {}
        self._seconds: dict[bytes, int] = {}
        self._endings: dict[Parts, tuple[Piece, ...]] = {}
        self._shapes: dict[tuple[Piece, ...], bytes] = {}

    def split(self, span: bytes) -> tuple[bytes, Values]:
        """Return the shape of a serialised span, and what was taken out of it by `Hole`."""
        try:
            found = self._split(span)
        except (IndexError, ValueError, struct.error):
            found = None
        return found or split_span(span)

    def _split(self, span: bytes) -> tuple[bytes, Values] | None:
        """Return shape and values of a span that a template made; None if it is another.

        Raises:
            IndexError, ValueError, struct.error: it is another.
        """
        first, trace_id, second, span_id, flags, third, start, fourth, end = _HEAD.unpack_from(span)
        tags = first, second, third, fourth
        if tags != _HEAD_TAGS or flags[:2] != _FLAGS_TAG or start > MOST_TIME or end > MOST_TIME:
            return None
        values: Values = {
            Hole.TRACE_ID: trace_id,
            Hole.SPAN_ID: span_id,
            Hole.START: start,
            Hole.END: end,
        }
        pieces: list[Piece] = [Hole.TRACE_ID, Hole.SPAN_ID, flags, Hole.START, Hole.END]
        position = _HEAD.size
        if span[position : position + 2] == _PARENT_TAG:
            values[Hole.PARENT_ID] = span[position + 2 : position + _PARENT_BYTES]
            pieces.append(Hole.PARENT_ID)
            position += _PARENT_BYTES
        if span[position] == TAG_TRACE_STATE:
            state, position = state_of(span, position)
            if state is None:
                return None
            values[Hole.TRACE_STATE] = state
            pieces.append(Hole.TRACE_STATE)
        varying = varying_from(span, position)
        if span[position] != TAG_NAME or varying <= position:
            return None
        return self._finish(span, position, varying, pieces, values)

    def _finish(
        self, span: bytes, kept: int, position: int, pieces: list[Piece], values: Values
    ) -> tuple[bytes, Values] | None:
        """Return shape and values of a span of which the attributes at `position` follow.

        What lies between `kept` and `position` is constant. None if another path must be taken.

        Raises:
            IndexError, ValueError: the same.
        """
        size, seen = len(span), self._taken
        while position < size and span[position] == TAG_ATTRIBUTE:
            length, start = span[position + 1], position + 2
            if length > _SHORT:
                length, start = read_varint(span, position + 1)
            attribute_end = start + length
            octets = span[position:attribute_end]
            taken = seen[octets] if octets in seen else self._take(octets)
            if taken is not None:
                hole, value = taken
                if hole is Hole.PROVENANCE and kept == position and pieces[-1] is hole:
                    values[hole] += value
                elif hole in values:
                    return None
                else:
                    if position > kept:
                        pieces.append(span[kept:position])
                    pieces.append(hole)
                    values[hole] = value
                kept = attribute_end
            position = attribute_end
        ending = self._ending(span, kept, position, _TIME_TAG + TIME.pack(values[Hole.END]))
        return None if ending is None else (self._shape_of((*pieces, *ending)), values)

    def _ending(
        self, span: bytes, kept: int, position: int, at_end: bytes
    ) -> tuple[Piece, ...] | None:
        """Return the pieces of a span from `kept` on, with events from `position` on; None if not.

        Raises:
            IndexError, ValueError: the same.
        """
        rest: Parts = (position - kept, *span[kept:].split(at_end))
        ending = self._endings.get(rest)
        if ending is None:
            ending = _ending_of(span, kept, position, at_end)
            # If the time stands there by chance too, equal parts say nothing of another span.
            if ending is not None and ending.count(Hole.EVENT_AT_END) == len(rest) - 2:
                _keep(self._endings, rest, ending)
        return ending

    def _take(self, octets: bytes) -> Taken:
        """Return what is taken out for an attribute; None if it stays."""
        taken = self._instant(octets)
        if taken is None:
            taken = attribute_of(octets)
        if len(octets) <= _LONGEST_KEPT:
            _keep(self._taken, octets, taken)
        return taken

    def _instant(self, octets: bytes) -> Taken:
        """Return what is taken out for an instant with a fraction of a second; None for all else.

        Of the instants of a second the first is read as `attribute_of` does, the others by it.
        """
        fraction = octets[_FRACTION]
        if len(octets) != _INSTANT_BYTES or not fraction.isdigit() or fraction == _NO_FRACTION:
            return None
        around = octets[: _FRACTION.start] + octets[_FRACTION.stop :]
        second = self._seconds.get(around)
        if second is None:
            if not octets.startswith(_INSTANT_HEAD):
                return None
            taken = attribute_of(octets)
            if taken is None:
                return None
            second = taken[1] - int(fraction)
            _keep(self._seconds, around, second)
        return Hole.EVALUATED_AT, second + int(fraction)

    def _shape_of(self, pieces: tuple[Piece, ...]) -> bytes:
        """Return the shape that consists of `pieces`: for equal ones the same object."""
        shape = self._shapes.get(pieces)
        if shape is None:
            shape = encode_shape(pieces)
            _keep(self._shapes, pieces, shape)
        return shape


def _ending_of(span: bytes, kept: int, position: int, at_end: bytes) -> tuple[Piece, ...] | None:
    """Return the pieces of a span from `kept` on, which has events at its end from `position` on.

    None if it has something else there.

    Raises:
        IndexError, ValueError: the same.
    """
    size = len(span)
    pieces: list[Piece] = []
    while position < size:
        length, start = read_varint(span, position + 1)
        timed = length > TIME.size and span[start : start + len(at_end)] == at_end
        if span[position] != TAG_EVENT or not timed:
            return None
        pieces += (span[kept:start], Hole.EVENT_AT_END)
        kept, position = start + len(at_end), start + length
    if position > size:
        return None
    if size > kept:
        pieces.append(span[kept:])
    return tuple(pieces)


def _keep(kept: dict[Key, Value], key: Key, value: Value) -> None:
    """Keep what may be asked for again; of too much nothing."""
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = value
