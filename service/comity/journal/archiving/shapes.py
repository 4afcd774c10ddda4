"""Spans taken apart: what differs from span to span, and the shape that many have in common.

A shape is the span's octets with holes. Nothing is decoded that would not be encoded to the same
octets again, so a span put together from its shape and its values is the very same, whatever it
holds: what is not known stays in the shape.

Source: https://github.com/open-telemetry/opentelemetry-proto (trace.proto)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any, Final

from comity.journal.archiving.fields import skip_field
from comity.journal.archiving.holes import (
    IDS,
    KEYS,
    RENDERERS,
    TIME,
    Hole,
    read_varint,
    value_of,
)
from comity.journal.attributes import encode_varint

Values = dict[int, Any]
Piece = bytes | Hole

MOST_TIME: Final = (1 << 63) - 1
_LITERAL: Final = 0
_KEY_TAG: Final = 0x0A
# Behind the tag of an attribute and a length of one octet.
_FIRST_VARYING: Final = b"\x0a\x1ccomity.decision.evaluated_at\x12"
_ATTRIBUTE_HEAD_BYTES: Final = 2
_PROVENANCE: Final = b"comity.provenance."
_PROVENANCE_PIECE: Final = bytes((Hole.PROVENANCE,))
TAG_TRACE_STATE: Final = 0x1A
TAG_NAME: Final = 0x2A
_TAG_START: Final = 0x39
_TAG_END: Final = 0x41
TAG_ATTRIBUTE: Final = 0x4A
TAG_EVENT: Final = 0x5A
_TAG_EVENT_TIME: Final = 0x09


def split_span(span: bytes) -> tuple[bytes, Values]:
    """Return the shape of a serialised span, and what was taken out of it by `Hole`.

    Under `Hole.EVENT_AT` there is a list.
    """
    cutter = _Cutter(span)
    # From where the octets are no span they stay in the shape.
    with contextlib.suppress(IndexError, ValueError):
        cutter.cut_all()
    return cutter.shape(), cutter.values


def attribute_of(octets: bytes) -> tuple[Hole, Any] | None:
    """Return what is taken out for an attribute, whose field begins with its tag; None if nothing.

    Raises:
        IndexError, ValueError: it is no such field.
    """
    cutter = _Cutter(octets)
    cutter.cut_attribute(0)
    return next(((Hole(hole), value) for hole, value in cutter.values.items()), None)


def state_of(span: bytes, position: int) -> tuple[bytes | None, int]:
    """Return the trace state at `position`, None if it stays there, and where it ends.

    Raises:
        IndexError, ValueError: there is none.
    """
    cutter = _Cutter(span)
    end = cutter.cut_state(position)
    return cutter.values.get(Hole.TRACE_STATE), end


def varying_from(span: bytes, position: int) -> int:
    """Return where the attributes of the one decision begin behind `position`; less for nowhere."""
    return span.find(_FIRST_VARYING, position) - _ATTRIBUTE_HEAD_BYTES


class _Cutter:
    """Cuts holes into one span."""

    def __init__(self, span: bytes) -> None:
        """Begin at the start of `span`."""
        self.values: Values = {}
        self._span = span
        self._kept = 0
        self._pieces: list[bytes] = []

    def cut_all(self) -> None:
        """Walk through the fields and cut what is known.

        Raises:
            IndexError, ValueError: the octets are no span from some field on.
        """
        span, position = self._span, 0
        while position < len(span):
            tag = span[position]
            if tag == TAG_ATTRIBUTE:
                position = self.cut_attribute(position)
            elif span[position : position + 2] in IDS:
                hole, size = IDS[span[position : position + 2]]
                value = self._checked(position + 2, position + size)
                position = self._cut(hole, value, position, position + size)
            elif tag == TAG_EVENT:
                position = self._cut_event(position)
            elif tag in (_TAG_START, _TAG_END):
                position = self._cut_time(tag, position)
            elif tag == TAG_TRACE_STATE:
                position = self.cut_state(position)
            elif tag == TAG_NAME and Hole.END in self.values:
                position = self._leap(position)
            else:
                position = self._skip(position)

    def shape(self) -> bytes:
        """Return what is left."""
        self._keep(len(self._span))
        return b"".join(self._pieces)

    def _cut(self, hole: Hole, value: object, start: int, end: int) -> int:
        """Take out the octets from `start` to `end`, once for each kind of hole; return `end`."""
        if hole not in self.values:
            self.values[hole] = value
            self._pierce(hole, start, end)
        return end

    def _pierce(self, hole: Hole, start: int, end: int) -> None:
        """Put a hole in the place of the octets from `start` to `end`."""
        self._keep(start)
        self._pieces.append(bytes((hole,)))
        self._kept = end

    def _keep(self, end: int) -> None:
        """Leave the octets up to `end` in the shape."""
        if end > self._kept:
            octets = self._span[self._kept : end]
            self._pieces += (bytes((_LITERAL,)), encode_varint(len(octets)), octets)

    def _leap(self, position: int) -> int:
        """Return where the attributes of the one decision begin, in a span made from a template.

        There the name, behind the times, begins what is constant: nothing of it need be looked at.
        """
        found = varying_from(self._span, position)
        return found if found > position else self._skip(position)

    def _cut_time(self, tag: int, position: int) -> int:
        """Cut start or end; the latter behind the former only."""
        end = position + 9
        (time,) = TIME.unpack(self._checked(position + 1, end))
        if time > MOST_TIME or (tag == _TAG_END and Hole.START not in self.values):
            return end
        return self._cut(Hole.START if tag == _TAG_START else Hole.END, time, position, end)

    def cut_state(self, position: int) -> int:
        """Cut the trace state, if it is text as headers have it."""
        start, end = self._prefixed(position + 1)
        value = self._span[start:end]
        if value.isascii() and RENDERERS[Hole.TRACE_STATE](value) == self._span[position:end]:
            self._cut(Hole.TRACE_STATE, value, position, end)
        return end

    def _cut_event(self, position: int) -> int:
        """Cut the time of an event."""
        start, end = self._prefixed(position + 1)
        if end - start > TIME.size and self._span[start] == _TAG_EVENT_TIME:
            (time,) = TIME.unpack_from(self._span, start + 1)
            if time == self.values.get(Hole.END):
                self._pierce(Hole.EVENT_AT_END, start, start + 9)
            elif time <= MOST_TIME:
                self.values.setdefault(Hole.EVENT_AT, []).append(time)
                self._pierce(Hole.EVENT_AT, start, start + 9)
        return end

    def cut_attribute(self, position: int) -> int:
        """Cut an attribute that differs from span to span, if it is as we encode it."""
        span = self._span
        start, end = self._prefixed(position + 1)
        if end - start < 2 or span[start] != _KEY_TAG:  # noqa: PLR2004 - tag and length
            return end
        key = span[start + 2 : start + 2 + span[start + 1]]
        hole = KEYS.get(key)
        if hole is not None:
            value = value_of(hole, span[start + 2 + len(key) : end])
            # What would be encoded otherwise stays as it is.
            if value is not None and RENDERERS[hole](value) == span[position:end]:
                self._cut(hole, value, position, end)
        elif key.startswith(_PROVENANCE):
            self._cut_provenance(position, end)
        return end

    def _cut_provenance(self, position: int, end: int) -> None:
        """Cut an attribute of provenance, if it is the first or right behind the one before."""
        if self._kept == position and self._pieces and self._pieces[-1] == _PROVENANCE_PIECE:
            self.values[Hole.PROVENANCE] += self._span[position:end]
            self._kept = end
        else:
            self._cut(Hole.PROVENANCE, self._span[position:end], position, end)

    def _skip(self, position: int) -> int:
        """Return where the field at `position` ends."""
        end = skip_field(self._span, position)
        self._checked(position, end)
        return end

    def _prefixed(self, position: int) -> tuple[int, int]:
        """Return where the octets behind the length at `position` begin and end."""
        length, start = read_varint(self._span, position)
        if start + length > len(self._span):
            raise ValueError
        return start, start + length

    def _checked(self, start: int, end: int) -> bytes:
        """Return the octets from `start` to `end`, which must be there."""
        if end > len(self._span):
            raise ValueError
        return self._span[start:end]


def encode_shape(pieces: Iterable[Piece]) -> bytes:
    """Return the shape that is made of these literal octets and holes."""
    parts: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, Hole):
            parts.append(bytes((piece,)))
        else:
            parts += (bytes((_LITERAL,)), encode_varint(len(piece)), piece)
    return b"".join(parts)


def read_shape(shape: bytes) -> tuple[Piece, ...]:
    """Return the literal octets and the holes that a shape is made of."""
    pieces: list[Piece] = []
    position = 0
    while position < len(shape):
        code = shape[position]
        position += 1
        if code == _LITERAL:
            length, position = read_varint(shape, position)
            pieces.append(shape[position : position + length])
            position += length
        else:
            pieces.append(Hole(code))
    return tuple(pieces)


def join_span(pieces: tuple[Piece, ...], values: Values) -> bytes:
    """Return the span that `split_span` took apart into such a shape and these values."""
    times = iter(values.get(Hole.EVENT_AT) or ())
    parts: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            parts.append(piece)
        elif piece is Hole.EVENT_AT_END:
            parts.append(RENDERERS[piece](values[Hole.END]))
        elif piece is Hole.EVENT_AT:
            parts.append(RENDERERS[piece](next(times)))
        else:
            parts.append(RENDERERS[piece](values[piece]))
    return b"".join(parts)
