"""Finds a span by its identity: an index beside each sealed segment, made when first asked for."""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import google_crc32c
from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from comity.journal.errors import DamagedSegmentError
from comity.journal.layout import segments_in
from comity.journal.reading import Frame, is_sealed, read_segment

INDEX_SUFFIX: Final = ".idx"
_MAGIC: Final = b"CMTYIDX1"
# Magic, octets of the segment, entries.
_HEADER: Final = struct.Struct("<8sQQ")
_CHECKSUM: Final = struct.Struct("<I")
_OFFSET: Final = struct.Struct("<Q")
_ID_BYTES: Final = 8
# Fields 1 and 2 of a span, as our templates begin.
_USUAL: Final = struct.Struct("<2s16s2s8s")
_TRACE_ID_TAG: Final = b"\x0a\x10"
_SPAN_ID_TAG: Final = b"\x12\x08"


@dataclass(frozen=True, slots=True)
class Found:
    """A span that was found.

    Attributes:
        segment: file that holds it.
        frame: the recorded span.
    """

    segment: Path
    frame: Frame


def find_span(directory: Path, trace_id: bytes, span_id: bytes) -> Found | None:
    """Return the span of this identity; None if the journal doesn't hold it.

    Sealed segments are looked up in their index, which is made and kept beside them where there is
    none; segments that are being written are read.

    Raises:
        OSError: the journal can't be read.
    """
    if not directory.is_dir():
        return None
    for segment in reversed(segments_in(directory)):
        with contextlib.suppress(FileNotFoundError):  # it was removed meanwhile
            for frame in _candidates(segment, span_id):
                if identity_of(frame.span) == (trace_id, span_id):
                    return Found(segment, frame)
    return None


def identity_of(span: bytes) -> tuple[bytes, bytes]:
    """Return trace id and span id of a serialised OTLP span; empty if it is none."""
    if len(span) >= _USUAL.size:
        trace_tag, trace_id, span_tag, span_id = _USUAL.unpack_from(span)
        if (trace_tag, span_tag) == (_TRACE_ID_TAG, _SPAN_ID_TAG):
            return trace_id, span_id
    try:
        message = Span.FromString(span)
    except DecodeError:
        return b"", b""
    return message.trace_id, message.span_id


def _candidates(segment: Path, span_id: bytes) -> Iterator[Frame]:
    """Yield frames among which are all that have this span id.

    Raises:
        OSError: the segment can't be read.
    """
    try:
        sealed = is_sealed(segment)
    except DamagedSegmentError:
        sealed = False
    if not sealed:
        yield from read_segment(segment)
        return
    for offset in _offsets(_index_of(segment), span_id):
        yield from _frame_at(segment, offset)


def _frame_at(segment: Path, offset: int) -> Iterator[Frame]:
    """Yield the frame that begins at `offset`, if it can still be read."""
    for frame in read_segment(segment, offset):
        yield frame
        return


def _offsets(index: bytes, span_id: bytes) -> Iterator[int]:
    """Yield where the frames of a span id begin."""
    _, _, count = _HEADER.unpack_from(index)
    ids = range(_HEADER.size, _HEADER.size + count * _ID_BYTES, _ID_BYTES)
    number = bisect_left(ids, span_id, key=lambda start: index[start : start + _ID_BYTES])
    offsets = _HEADER.size + count * _ID_BYTES
    while number < count and index[ids[number] : ids[number] + _ID_BYTES] == span_id:
        yield _OFFSET.unpack_from(index, offsets + number * _OFFSET.size)[0]
        number += 1


def _index_of(segment: Path) -> bytes:
    """Return the index of a sealed segment, made and kept if there is none that is whole.

    Raises:
        OSError: the segment can't be read.
    """
    path = segment.with_name(segment.name + INDEX_SUFFIX)
    size = segment.stat().st_size
    with contextlib.suppress(OSError):
        index = path.read_bytes()
        if _is_whole(index, size):
            return index
    index = _make_index(segment, size)
    with contextlib.suppress(OSError):  # it does without being kept
        _keep(index, path)
    return index


def _is_whole(index: bytes, segment_bytes: int) -> bool:
    """Return whether `index` is undamaged and that of a segment of this size."""
    if len(index) < _HEADER.size + _CHECKSUM.size:
        return False
    magic, size, _ = _HEADER.unpack_from(index)
    (checksum,) = _CHECKSUM.unpack(index[-_CHECKSUM.size :])
    checked = index[: -_CHECKSUM.size]
    return (magic, size, checksum) == (_MAGIC, segment_bytes, google_crc32c.value(checked))


def _make_index(segment: Path, segment_bytes: int) -> bytes:
    """Return the index of a segment, made by reading it.

    Raises:
        OSError: the segment can't be read.
    """
    entries = []
    for frame in read_segment(segment):
        _, span_id = identity_of(frame.span)
        if len(span_id) == _ID_BYTES:
            entries.append((span_id, _OFFSET.pack(frame.offset)))
    entries.sort()
    header = _HEADER.pack(_MAGIC, segment_bytes, len(entries))
    checked = b"".join((header, *(i for i, _ in entries), *(offset for _, offset in entries)))
    return checked + _CHECKSUM.pack(google_crc32c.value(checked))


def _keep(index: bytes, path: Path) -> None:
    """Keep an index, whole or not at all.

    Raises:
        OSError: the disk refuses.
    """
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=".idx-")
    try:
        with os.fdopen(descriptor, "wb") as file:  # mkstemp makes it 0600
            file.write(index)
        Path(made).replace(path)
    except OSError:
        Path(made).unlink(missing_ok=True)
        raise
