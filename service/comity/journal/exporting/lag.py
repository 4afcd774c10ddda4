"""How far the exporter is behind, measured by whoever can read the journal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from comity.journal.errors import DamagedSegmentError
from comity.journal.exporting.cursor import Cursor, life_of
from comity.journal.layout import END, SegmentHeader, segments_in
from comity.journal.reading import Frame, read_header, read_segment
from comity.journal.room import is_exported

_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the exporter is behind.

    Attributes:
        spans: spans recorded and not passed by the cursor.
        bytes: what these take in the journal.
        seconds: age of the oldest of them; 0 if there is none.
    """

    spans: int = 0
    bytes: int = 0
    seconds: float = 0.0


class _End(NamedTuple):
    """Where the frames of a segment end, and the number of the last; 0 if there is none."""

    offset: int
    sequence: int


class LagMeter:
    """Measures again and again, and reads what was appended meanwhile only."""

    def __init__(self, directory: Path, now: Callable[[], int] = time.time_ns) -> None:
        """Measure the journal in `directory`; `now` gives nanoseconds since 1970."""
        self._directory = directory
        self._now = now
        self._headers: dict[Path, SegmentHeader] = {}
        self._ends: dict[Path, _End] = {}

    def measure(self, cursor: Cursor) -> Lag:
        """Return how far `cursor` is behind.

        Raises:
            OSError: the journal can't be read.
        """
        segments = segments_in(self._directory) if self._directory.is_dir() else []
        self._headers = dict(self._read_headers(segments))
        self._ends = {path: end for path, end in self._ends.items() if path in self._headers}
        lags = [
            self._measure_life(cursor, tuple(paths)) for _, paths in groupby(self._headers, life_of)
        ]
        return Lag(
            sum(lag.spans for lag in lags),
            sum(lag.bytes for lag in lags),
            max((lag.seconds for lag in lags), default=0.0),
        )

    def _read_headers(self, segments: Sequence[Path]) -> Iterator[tuple[Path, SegmentHeader]]:
        """Yield the segments that can be read."""
        for segment in segments:
            with contextlib.suppress(DamagedSegmentError, FileNotFoundError):
                yield segment, self._headers.get(segment) or read_header(segment)

    def _measure_life(self, cursor: Cursor, segments: Sequence[Path]) -> Lag:
        """Return how far the cursor is behind one life of a writer."""
        octets, last, oldest = 0, 0, None
        for segment in reversed(segments):
            start = cursor.offsets.get(segment.name, self._headers[segment].size)
            with contextlib.suppress(FileNotFoundError):
                if is_exported(segment):
                    continue
                end = self._end(segment, numbered=not last)
                octets += max(0, end.offset - start)
                last = last or end.sequence
                if end.offset > start:
                    oldest = next(read_segment(segment, start), oldest)
        if oldest is None:
            return Lag()
        passed = cursor.sequences.get(life_of(segments[0]), oldest.sequence - 1)
        return Lag(max(0, last - passed), octets, self._age(oldest))

    def _end(self, segment: Path, *, numbered: bool) -> _End:
        """Return where the frames of a segment end; without a number, unless `numbered`, at once.

        Raises:
            OSError: it can't be read.
        """
        size, header = segment.stat().st_size, self._headers[segment]
        if not numbered and size < header.capacity:
            return _End(size - len(END), 0)
        end = self._ends.get(segment, _End(header.size, 0))
        for frame in read_segment(segment, end.offset):
            end = _End(frame.end, frame.sequence)
        self._ends[segment] = end
        return end

    def _age(self, frame: Frame) -> float:
        """Return how many seconds ago a span ended; 0 if that can't be told."""
        try:
            ended = Span.FromString(frame.span).end_time_unix_nano
        except DecodeError:
            return 0.0
        return max(0.0, (self._now() - ended) / _NS)
