"""Batches: neighbouring frames of one segment, and the request that ships them.

Source: https://github.com/open-telemetry/opentelemetry-proto (trace_service.proto, trace.proto)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from comity.journal.attributes import encode_varint
from comity.journal.layout import SegmentHeader
from comity.journal.reading import Damage, Frame, read_segment

# `resource_spans` of a request, `resource` of these and `scope` of theirs are each field 1;
# `scope_spans` and `spans` are each field 2.
_FIRST: Final = b"\x0a"
_SECOND: Final = b"\x12"


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How much one request ships; at least one span, whatever its length.

    Attributes:
        most_spans: spans of one batch.
        most_bytes: octets of its spans; collectors take requests of up to 4 MiB by default.
    """

    most_spans: int = 2048
    most_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames of one segment that are shipped together.

    The request is a function of the segment, of where the batch begins and ends there, and of which
    spans are wanted, and of nothing else: it has the same octets whenever it is made.

    Attributes:
        segment: the file.
        header: header of the segment.
        frames: the frames; at least one, unless none of them was chosen.
        more: whether others are likely to lie behind it already.
    """

    segment: Path
    header: SegmentHeader
    frames: tuple[Frame, ...]
    more: bool = False

    @property
    def end(self) -> int:
        """Where the last frame ends in the segment."""
        return self.frames[-1].end

    def request(self) -> bytes:
        """Return a serialised `ExportTraceServiceRequest` with the spans exactly as recorded."""
        return encode_request(self.header, (frame.span for frame in self.frames))

    def empty_request(self) -> bytes:
        """Return the same request without any span, which every collector takes."""
        return encode_request(self.header, ())

    def choose(self, wanted: Callable[[bytes], bool]) -> Batch:
        """Return a batch of those frames of this one whose spans are wanted."""
        frames = tuple(frame for frame in self.frames if wanted(frame.span))
        return Batch(self.segment, self.header, frames, self.more)

    def halves(self) -> tuple[Batch, Batch]:
        """Return two batches with the frames of this one, which has at least two."""
        middle = len(self.frames) // 2
        first, second = self.frames[:middle], self.frames[middle:]
        return Batch(self.segment, self.header, first), Batch(self.segment, self.header, second)


def encode_request(header: SegmentHeader, spans: Iterable[bytes]) -> bytes:
    """Return a serialised `ExportTraceServiceRequest` of serialised `spans`."""
    parts = [_FIRST, encode_varint(len(header.scope)), header.scope]
    for span in spans:
        parts += (_SECOND, encode_varint(len(span)), span)
    scope_spans = b"".join(parts)
    resource_spans = b"".join(
        (
            _FIRST,
            encode_varint(len(header.resource)),
            header.resource,
            _SECOND,
            encode_varint(len(scope_spans)),
            scope_spans,
        )
    )
    return _FIRST + encode_varint(len(resource_spans)) + resource_spans


def read_batch(
    segment: Path,
    header: SegmentHeader,
    from_offset: int,
    limits: BatchLimits,
    on_damage: Callable[[Damage], None] | None = None,
) -> Batch | None:
    """Return the frames at `from_offset` and behind it, as many as fit; None if there are none.

    Raises:
        OSError: the file can't be read.
    """
    frames: list[Frame] = []
    size, more = 0, False
    for frame in read_segment(segment, from_offset, on_damage):
        size += len(frame.span)
        more = len(frames) == limits.most_spans or (size > limits.most_bytes and bool(frames))
        if more:
            break
        frames.append(frame)
    return Batch(segment, header, tuple(frames), more) if frames else None
