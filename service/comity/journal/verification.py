"""Finds what is wrong in the segments of a journal, while it is written too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Final

from comity.journal.errors import DamagedSegmentError
from comity.journal.layout import SegmentHeader, SegmentName, segments_in
from comity.journal.reading import Damage, read_header, read_segment
from comity.journal.recovery import DAMAGED_SUFFIX

_LOOKS: Final = 3
_BETWEEN_LOOKS_SECONDS: Final = 0.02
_CHUNK_BYTES: Final = 1 << 20


class Fault(StrEnum):
    """What can be wrong.

    Attributes:
        HEADER: the header of a segment can't be read, or is another segment's.
        DAMAGED: frames can't be read, and others behind them can.
        GAP: sequence numbers are missing between two frames that can be read.
        TORN_TAIL: a segment ends in a frame that is not whole.
    """

    HEADER = "header"
    DAMAGED = "damaged"
    GAP = "gap"
    TORN_TAIL = "torn_tail"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong.

    Attributes:
        fault: what kind of thing.
        segment: name of the file.
        offset: where it is in the file.
        spans: how many spans are missing, as far as can be told.
    """

    fault: Fault
    segment: str
    offset: int = 0
    spans: int = 0


@dataclass(frozen=True, slots=True)
class Verified:
    """What a journal holds, and what is wrong with it.

    Attributes:
        segments: files that were read.
        spans: spans that could be read.
        findings: what is wrong.
    """

    segments: int
    spans: int
    findings: tuple[Finding, ...]


def verify_journal(directory: Path) -> Verified:
    """Read all segments in `directory`; checksums, numbers and ends.

    Segments that were removed leave no gap: a life of a writer may begin with any number.

    Raises:
        OSError: the journal can't be read.
    """
    segments = segments_in(directory)
    aside = sorted(directory.glob(f"*{DAMAGED_SUFFIX}"))
    findings = [Finding(Fault.HEADER, path.name) for path in aside]
    spans = 0
    for _, paths in groupby(segments, _life_of):
        life = _Life()
        for path in paths:
            life.read(path)
        findings += life.findings
        spans += life.spans
    return Verified(len(segments), spans, tuple(findings))


def has_torn_tail(segment: Path, end: int) -> bool:
    """Return whether something that is no frame lies behind the last frame, which ends at `end`.

    A frame that is being written is none for a moment; so this looks several times.

    Raises:
        OSError: the file can't be read.
    """
    for _ in range(_LOOKS):
        for frame in read_segment(segment, end):
            end = frame.end
        if _is_blank(segment, end):
            return False
        time.sleep(_BETWEEN_LOOKS_SECONDS)
    return True


class _Life:
    """One life of a writer, whose spans are numbered without gaps."""

    def __init__(self) -> None:
        """Begin with no segment."""
        self.findings: list[Finding] = []
        self.spans = 0
        self._last: int | None = None

    def read(self, segment: Path) -> None:
        """Read the next segment of this life."""
        try:
            header = _header_of(segment)
        except FileNotFoundError:
            return  # it was removed meanwhile, to make room
        if header is None:
            self.findings.append(Finding(Fault.HEADER, segment.name))
            self._last = None
            return
        end, damages = header.size, list[Damage]()
        for frame in read_segment(segment, 0, damages.append):
            missing = frame.sequence - (self._last or frame.sequence - 1) - 1
            if damages:
                found = Finding(Fault.DAMAGED, segment.name, damages.pop().offset, max(0, missing))
                self.findings.append(found)
            elif missing:
                self.findings.append(Finding(Fault.GAP, segment.name, frame.offset, missing))
            self._last, end = frame.sequence, frame.end
            self.spans += 1
        if has_torn_tail(segment, end):
            self.findings.append(Finding(Fault.TORN_TAIL, segment.name, end))


def _header_of(segment: Path) -> SegmentHeader | None:
    """Return the header of a segment; None if it can't be read or is another segment's.

    Raises:
        OSError: the file can't be read.
    """
    try:
        header = read_header(segment)
    except DamagedSegmentError:
        return None
    return header if header.name == SegmentName.parse(segment.name) else None


def _life_of(segment: Path) -> tuple[bytes, int]:
    """Return which life of which worker wrote a segment."""
    name = SegmentName.parse(segment.name)
    assert name is not None  # segments are found by their names
    return name.boot, name.worker


def _is_blank(segment: Path, offset: int) -> bool:
    """Return whether there are only zeros from `offset` on.

    Raises:
        OSError: the file can't be read.
    """
    return not any(octets.strip(b"\0") for octets in _chunks(segment, offset))


def _chunks(segment: Path, offset: int) -> Iterator[bytes]:
    """Yield the octets of a file from `offset` on.

    Raises:
        OSError: the file can't be read.
    """
    with segment.open("rb", buffering=0) as file:
        file.seek(offset)
        while octets := file.read(_CHUNK_BYTES):
            yield octets
