"""Reads segments, while they are written too."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import google_crc32c

from comity.journal.errors import DamagedSegmentError
from comity.journal.layout import (
    END,
    FRAME_HEAD,
    FRAME_HEAD_BYTES,
    MOST_SPAN_BYTES,
    PAGE_BYTES,
    SEQUENCE,
    SegmentHeader,
)

_CHUNK_BYTES: Final = 1 << 20
_MOST_HEADER_BYTES: Final = 1 << 20
# Where a frame may begin: a length that is not zero and has three octets, a checksum, and a
# sequence number of six octets.
_CANDIDATE: Final = re.compile(rb"(?=(?!\x00{3}).{3}\x00.{10}\x00\x00)", re.DOTALL)


class Frame(NamedTuple):
    """One recorded span.

    Attributes:
        offset: where its frame begins in the file.
        sequence: its number among all spans of the writer, from 1, without gaps.
        span: the serialised OTLP span.
    """

    offset: int
    sequence: int
    span: bytes

    @property
    def end(self) -> int:
        """Where its frame ends: the offset from which to read on."""
        return self.offset + FRAME_HEAD_BYTES + len(self.span)


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of a segment that can't be read, with frames behind it that can.

    Attributes:
        offset: where it begins.
        end: where it ends.
        before: sequence number of the last frame read before it; None if none was.
        after: sequence number of the first frame behind it.
    """

    offset: int
    end: int
    before: int | None
    after: int


def read_header(path: Path) -> SegmentHeader:
    """Return the header of a segment.

    Raises:
        DamagedSegmentError: it can't be read.
        OSError: the file can't be read.
    """
    with path.open("rb") as file:
        return SegmentHeader.decode(file.read(_MOST_HEADER_BYTES))


def is_sealed(path: Path) -> bool:
    """Return whether nothing will be appended to a segment any more.

    Ask before reading: all frames of a segment that was sealed then have been read at the end.

    Raises:
        DamagedSegmentError: the header can't be read.
        OSError: the file can't be read.
    """
    return path.stat().st_size < read_header(path).capacity


def read_segment(
    path: Path, from_offset: int = 0, on_damage: Callable[[Damage], None] | None = None
) -> Iterator[Frame]:
    """Yield the frames of a segment, those that begin at `from_offset` or behind it.

    `from_offset` is the end of a frame, or 0 for the first. What is damaged is passed over and told
    to `on_damage`. A frame that is being written is not yielded: read on from the end of the last
    one later. A damaged tail looks the same.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb", buffering=0) as file:
        yield from _Scan(file.fileno(), on_damage).frames(from_offset)


def recoverable_frames(
    path: Path, on_damage: Callable[[Damage], None] | None = None
) -> Iterator[Frame]:
    """Yield the frames of a segment that nobody writes any more, those behind holes too.

    Raises:
        OSError: the file can't be read.
    """
    with path.open("rb", buffering=0) as file:
        yield from _Scan(file.fileno(), on_damage, abandoned=True).frames(0)


class _Scan:
    """One reading of a segment. Reads into memory of its own, never maps: the file may shrink."""

    def __init__(
        self,
        descriptor: int,
        on_damage: Callable[[Damage], None] | None,
        *,
        abandoned: bool = False,
    ) -> None:
        """Read the file of `descriptor`; `abandoned` if nobody writes it."""
        self._descriptor = descriptor
        self._on_damage = on_damage
        self._size = os.fstat(descriptor).st_size
        self._first, self._ended = PAGE_BYTES, abandoned
        with contextlib.suppress(DamagedSegmentError):
            header = SegmentHeader.decode(os.pread(descriptor, _MOST_HEADER_BYTES, 0))
            self._first = header.size
            self._ended = abandoned or self._size < header.capacity
        self._buffer, self._base = b"", 0

    def frames(self, from_offset: int) -> Iterator[Frame]:
        """Yield the frames that begin at `from_offset` or behind it."""
        offset, last = max(from_offset, self._first), None
        while True:
            frame = self._frame_at(offset) or self._frame_behind(offset, last)
            if frame is None:
                return
            yield frame
            offset, last = frame.end, frame.sequence

    def _frame_at(self, offset: int) -> Frame | None:
        """Return the frame at `offset`; None if there is no whole one."""
        head = self._read(offset, FRAME_HEAD_BYTES)
        if len(head) < FRAME_HEAD_BYTES:
            return None
        length, checksum, sequence = FRAME_HEAD.unpack(head)
        start = offset + FRAME_HEAD_BYTES
        if not 0 < length <= min(MOST_SPAN_BYTES, self._size - start):
            return None
        span = self._read(start, length)
        found = google_crc32c.extend(google_crc32c.value(SEQUENCE.pack(sequence)), span)
        return Frame(offset, sequence, span) if found == checksum else None

    def _frame_behind(self, offset: int, last: int | None) -> Frame | None:
        """Return the first frame behind damage at `offset`; None if there is none."""
        if offset >= self._size or (not self._ended and self._read(offset, len(END)) == END):
            return None
        # Zeros behind the last octet hold no frame, but may be the end of one's head.
        rest = os.pread(self._descriptor, self._size - offset, offset).rstrip(b"\0")
        rest += bytes(FRAME_HEAD_BYTES)
        for candidate in _CANDIDATE.finditer(rest):
            start = candidate.start()
            frame = self._plausible(offset + start, rest[start : start + FRAME_HEAD_BYTES], last)
            if frame is not None:
                return self._settled(offset, last, frame)
        return None

    def _settled(self, offset: int, last: int | None, behind: Frame) -> Frame:
        """Return the frame at `offset` if it is whole by now, else `behind`, telling of damage.

        It may have been written while it was read; a frame behind it was written after it.
        """
        self._buffer = b""
        written = self._frame_at(offset)
        if written is not None:
            return written
        if self._on_damage is not None:
            self._on_damage(Damage(offset, behind.offset, last, behind.sequence))
        return behind

    def _plausible(self, offset: int, head: bytes, last: int | None) -> Frame | None:
        """Return the frame at `offset`, if `head` is the head of one behind frame `last`."""
        (sequence,) = SEQUENCE.unpack_from(head, FRAME_HEAD_BYTES - SEQUENCE.size)
        # Each frame in between took some octets.
        most = self._size // FRAME_HEAD_BYTES
        if sequence == 0 or (last is not None and not last < sequence <= last + most):
            return None
        return self._frame_at(offset)

    def _read(self, offset: int, length: int) -> bytes:
        """Return up to `length` octets at `offset`."""
        start = offset - self._base
        if start < 0 or start + length > len(self._buffer):
            self._buffer = os.pread(self._descriptor, max(_CHUNK_BYTES, length), offset)
            self._base, start = offset, 0
        return self._buffer[start : start + length]
