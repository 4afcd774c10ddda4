"""Segments that are archived together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from comity.journal.archiving.files import SpanDigest, check_file, encode_file
from comity.journal.archiving.holes import Hole
from comity.journal.archiving.places import ArchivedFile, ArchivedRange
from comity.journal.archiving.shapes import Values
from comity.journal.archiving.splitting import SpanSplitter
from comity.journal.archiving.tables import ArchivedSpan, SpanTable
from comity.journal.errors import DamagedSegmentError
from comity.journal.layout import END, SegmentHeader, SegmentName
from comity.journal.reading import Damage, Frame, read_header, read_segment

_HOUR_SECONDS: Final = 3600
_HOUR_NS: Final = _HOUR_SECONDS * 1_000_000_000


def name_of(segment: Path) -> SegmentName:
    """Return what the name of a segment's file says."""
    name = SegmentName.parse(segment.name)
    assert name is not None  # segments are found by their names
    return name


def hour_of(values: Values, header: SegmentHeader) -> str:
    """Return in which hour a span ended; if it doesn't say, that in which its segment was made."""
    return _hour_text(values.get(Hole.END, header.created) // _HOUR_NS)


@lru_cache(maxsize=16)
def _hour_text(hours: int) -> str:
    """Return an hour as the archive names it, from the number of hours since 1970."""
    return datetime.fromtimestamp(hours * _HOUR_SECONDS, UTC).strftime("%Y-%m-%dT%H")


def archived_span(header: SegmentHeader, frame: Frame) -> ArchivedSpan:
    """Return what the archive holds of a span."""
    name = _name_text(header.name)
    return ArchivedSpan(name, frame.sequence, frame.span, header.resource, header.scope)


# Every span of a segment asks for it.
_name_text: Final = lru_cache(maxsize=16)(str)


class _Hour:
    """The spans of a batch that ended in the same hour."""

    def __init__(self) -> None:
        """Begin without spans."""
        self.table = SpanTable()
        self.digest = SpanDigest()

    def add(self, archived: ArchivedSpan, shape: bytes, values: Values) -> None:
        """Add a span that was taken apart."""
        self.table.add(archived, shape, values)
        self.digest.add(archived)


class SegmentBatch:
    """Neighbouring segments of one life of a writer.

    Attributes:
        segments: the segments, in order.
        damaged: those of them that hold what can't be read.
        spans: how many spans they hold.
    """

    def __init__(self) -> None:
        """Begin without segments."""
        self.segments: list[Path] = []
        self.damaged: list[Path] = []
        self.spans = 0
        self._hours: dict[str, _Hour] = {}
        self._splitter = SpanSplitter()

    def add(self, segment: Path) -> None:
        """Add the next segment.

        Raises:
            DamagedSegmentError: its header can't be read.
            OSError: it can't be read.
        """
        header = read_header(segment)
        reading = _Reading(segment, header)
        for frame in reading.frames():
            shape, values = self._splitter.split(frame.span)
            hour = hour_of(values, header)
            if hour not in self._hours:
                self._hours[hour] = _Hour()
            self._hours[hour].add(archived_span(header, frame), shape, values)
            self.spans += 1
        self.segments.append(segment)
        if not reading.whole:
            self.damaged.append(segment)

    def files(self) -> Iterator[tuple[ArchivedFile, bytes]]:
        """Yield the files that hold the spans, one an hour.

        Each was read back and found to hold the very same spans.

        Raises:
            JournalError: it does not.
        """
        if not self.segments:
            return
        first, last = name_of(self.segments[0]), name_of(self.segments[-1])
        segments = ArchivedRange(first.boot, first.worker, first.sequence, last.sequence)
        parts = len(self._hours)
        for part, hour in enumerate(sorted(self._hours), 1):
            spans = self._hours[hour]
            octets = encode_file(spans.table.finish())
            check_file(octets, spans.digest.value())
            yield ArchivedFile(hour, segments, part, parts), octets


class _Reading:
    """One reading of a sealed segment.

    Attributes:
        whole: whether, read to its end, it held nothing that can't be read.
    """

    def __init__(self, segment: Path, header: SegmentHeader) -> None:
        """Read `segment`, which has this header."""
        self.whole = True
        self._segment = segment
        self._header = header

    def frames(self) -> Iterator[Frame]:
        """Yield its frames.

        Raises:
            OSError: it can't be read.
        """
        end = self._header.size
        for frame in read_segment(self._segment, 0, self._note):
            yield frame
            end = frame.end
        if end + len(END) < self._segment.stat().st_size:
            self.whole = False

    def _note(self, damage: Damage) -> None:
        """Take note of damage."""
        del damage
        self.whole = False


def is_whole(segment: Path) -> bool:
    """Return whether everything that a sealed segment holds can be read.

    Raises:
        OSError: it can't be read at all.
    """
    try:
        reading = _Reading(segment, read_header(segment))
    except DamagedSegmentError:
        return False
    for _ in reading.frames():
        pass
    return reading.whole
