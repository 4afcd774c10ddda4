"""What a journal holds, told without reading all of it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from comity.journal.errors import DamagedSegmentError
from comity.journal.layout import SegmentName, segments_in
from comity.journal.reading import is_sealed, read_header, read_segment
from comity.journal.recovery import DAMAGED_SUFFIX
from comity.journal.room import is_exported
from comity.journal.verification import has_torn_tail


@dataclass(frozen=True, slots=True)
class Census:
    """What a journal holds.

    Attributes:
        segments: files of segments.
        open: those that are written, or ready to be.
        exported: those whose spans were all exported, so that they may be removed.
        set_aside: damaged files that were set aside.
        torn_tails: open segments that end in a frame that is not whole.
        bytes: what the segments take.
        spans: from the first number of each life of a writer to its last.
    """

    segments: int = 0
    open: int = 0
    exported: int = 0
    set_aside: int = 0
    torn_tails: int = 0
    bytes: int = 0
    spans: int = 0

    def __add__(self, other: Census) -> Census:
        """Return what both hold."""
        return Census(
            self.segments + other.segments,
            self.open + other.open,
            self.exported + other.exported,
            self.set_aside + other.set_aside,
            self.torn_tails + other.torn_tails,
            self.bytes + other.bytes,
            self.spans + other.spans,
        )


def take_census(directory: Path) -> Census:
    """Return what the journal in `directory` holds; nothing if it isn't there.

    Raises:
        OSError: it can't be read.
    """
    if not directory.is_dir():
        return Census()
    found = Census(set_aside=sum(1 for _ in directory.glob(f"*{DAMAGED_SUFFIX}")))
    segments = [(SegmentName.parse(path.name), path) for path in segments_in(directory)]
    for _, life in groupby(segments, lambda pair: pair[0] and pair[0][:2]):
        paths = [path for _, path in life]
        for path in paths:
            with contextlib.suppress(FileNotFoundError, DamagedSegmentError):
                found += _count(path)
        found += Census(spans=_count_spans(paths))
    return found


def _count(segment: Path) -> Census:
    """Return what one segment adds, its spans aside.

    Raises:
        DamagedSegmentError, OSError: it can't be read.
    """
    size, sealed, torn = segment.stat().st_size, is_sealed(segment), False
    if not sealed:
        torn = has_torn_tail(segment, read_header(segment).size)
    return Census(
        segments=1,
        open=int(not sealed),
        exported=int(is_exported(segment)),
        torn_tails=int(torn),
        bytes=size,
    )


def _count_spans(segments: Sequence[Path]) -> int:
    """Return how many spans one life of a writer has, gaps counted too."""
    first = last = None
    with contextlib.suppress(FileNotFoundError):
        first = next((frame for path in segments for frame in read_segment(path)), None)
        for path in reversed(segments):
            for frame in read_segment(path):
                last = frame
            if last is not None:
                break
    return last.sequence - first.sequence + 1 if first is not None and last is not None else 0
