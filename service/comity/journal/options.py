"""How a journal is kept, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from comity.journal.layout import MOST_SPAN_BYTES, SegmentHeader, SegmentName

LEAST_SEGMENT_BYTES: Final = 1 << 16
MOST_SEGMENT_BYTES: Final = 1 << 30


class WhenFull(StrEnum):
    """What gives way when the budget is spent and somebody waits for each segment still."""

    REFUSE = "refuse"
    DROP_OLDEST = "drop_oldest"


class Recipient(StrEnum):
    """Who gets the spans of a journal."""

    COLLECTOR = "collector"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalOptions:
    """How the journal of one worker is kept.

    Attributes:
        directory: where all workers of this node keep their segments; made if it is not there.
        worker: number of the worker, from 0; only one process at a time writes as this worker.
        resource: serialised OTLP `Resource` of the process.
        scope: serialised OTLP `InstrumentationScope` of all spans.
        segment_bytes: size of a segment until it is sealed.
        rotate_seconds: after how long a segment with spans is sealed, though it is not full.
        flush_interval_seconds: how much may be lost if the node dies; 0 makes every append wait
            until the disk has the span. If only the process dies, nothing is lost.
        budget_bytes: what the segments of all workers may take together.
        reserve_segments: segments kept ready for legal decisions alone.
        when_full: what happens once the budget is spent.
        recipients: who must have a segment before it may be removed for room as one that nobody
            waits for.
        patience_seconds: how long an append may wait for the disk before it is refused.
    """

    directory: Path
    worker: int
    resource: bytes
    scope: bytes
    segment_bytes: int = 16 << 20
    rotate_seconds: float = 60.0
    flush_interval_seconds: float = 1.0
    budget_bytes: int = 1 << 30
    reserve_segments: int = 1
    when_full: WhenFull = WhenFull.REFUSE
    recipients: frozenset[Recipient] = frozenset({Recipient.COLLECTOR})
    patience_seconds: float = 2.0

    def __post_init__(self) -> None:
        """Refuse what can't work.

        Raises:
            ValueError: the sizes contradict each other.
        """
        if not LEAST_SEGMENT_BYTES <= self.segment_bytes <= MOST_SEGMENT_BYTES:
            message = f"segment_bytes must be {LEAST_SEGMENT_BYTES} to {MOST_SEGMENT_BYTES}"
            raise ValueError(message)
        # One that is written, one that is ready, and the reserve.
        least = (2 + self.reserve_segments) * self.segment_bytes
        if self.budget_bytes < least:
            message = f"budget_bytes must be at least {least}, {2 + self.reserve_segments} segments"
            raise ValueError(message)
        header = SegmentHeader(SegmentName(bytes(16), 0, 0), 0, 0, self.resource, self.scope)
        if header.size * 2 > self.segment_bytes:
            message = "resource and scope take more than half a segment"
            raise ValueError(message)

    @property
    def most_span_bytes(self) -> int:
        """The longest span that may be appended."""
        return min(MOST_SPAN_BYTES, self.segment_bytes // 4)


class Event(StrEnum):
    """What happened to a journal besides appending.

    Attributes:
        TAIL_CUT: a segment of an earlier life ended in a frame that is not whole.
        DAMAGED: frames, or the header, of a segment of an earlier life can't be read.
        DROPPED: spans were removed to make room that somebody waited for.
        DISK_FAILED: the disk refused something; the text says what.
        DISK_RECOVERED: the disk works again.
    """

    TAIL_CUT = "tail_cut"
    DAMAGED = "damaged"
    DROPPED = "dropped"
    DISK_FAILED = "disk_failed"
    DISK_RECOVERED = "disk_recovered"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that operators should hear of.

    Attributes:
        event: what happened.
        segment: name of the segment's file; empty if it concerns none.
        spans: how many spans it concerns, as far as can be told.
        text: what the disk said, without paths; empty if it said nothing.
    """

    event: Event
    segment: str = ""
    spans: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """How a journal fares.

    Attributes:
        appended: sequence number of the last span appended; 0 for none.
        durable: sequence number of the last span that the disk has confirmed, and all before it.
        ready: segments ready to be written, the reserve included.
        restricted: whether only legal decisions are taken at present.
        refused: appends refused so far.
        dropped: spans removed so far to make room that somebody waited for.
        tails_cut: segments found so far with a frame at the end that is not whole.
        damaged: damaged places found so far in segments of earlier lives.
        sync_failures: how often the disk refused to confirm.
        problem: what the disk refuses at present; empty if it works.
    """

    appended: int
    durable: int
    ready: int
    restricted: bool
    refused: int
    dropped: int
    tails_cut: int
    damaged: int
    sync_failures: int
    problem: str
