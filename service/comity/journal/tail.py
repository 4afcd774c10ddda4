"""The end of a journal: the segment that is written, and those that are not sealed yet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from comity.journal.disk import Disk
from comity.journal.errors import JournalFullError, SpanTooLongError
from comity.journal.flushing import SyncFailure
from comity.journal.options import Event, JournalOptions, Notice
from comity.journal.room import mark_legal
from comity.journal.segment import OpenSegment
from comity.journal.supply import CLOSED, SegmentSupply


class Tail:
    """Puts spans into segments, one behind the other, for any number of threads.

    Attributes:
        sequence: number of the last span; 0 for none.
        refused: how many spans were refused.
        problem: what the disk refuses to confirm at present; empty if it confirms.
    """

    def __init__(
        self,
        options: JournalOptions,
        disk: Disk,
        report: Callable[[Notice], None],
        supply: SegmentSupply,
    ) -> None:
        """Write to segments from `supply`; tell `report` of trouble."""
        self._options = options
        self._disk = disk
        self._report = report
        self._supply = supply
        self._lock = threading.Lock()
        self._active: OpenSegment | None = None
        # Full or too old; the flag says whether the disk has confirmed or refused their frames.
        self._retired: dict[OpenSegment, bool] = {}
        self._reserved = self._closed = False
        self.sequence = self.refused = 0
        self.problem = ""

    @property
    def restricted(self) -> bool:
        """Whether the segment that is written is of the reserve, and that is not whole yet."""
        return self._reserved and len(self._supply) < self._options.reserve_segments

    def append(self, span: bytes, *, legal: bool) -> int | None:
        """Record `span` and return its sequence number; None if a segment is still being made.

        Raises:
            JournalFullError: there is no room.
            SpanTooLongError: no segment is long enough.
        """
        with self._lock:
            return self._append(span, legal=legal)

    def append_all(self, spans: Sequence[bytes], *, legal: bool) -> list[int]:
        """Record as many of `spans` as there are segments for; return their sequence numbers.

        Raises:
            JournalFullError, SpanTooLongError: as `append`.
        """
        recorded: list[int] = []
        with self._lock:
            active = self._active
            if active and not legal and not self._reserved and active.fit_all(spans):
                return self._append_together(active, spans)
            for span in spans:
                sequence = self._append(span, legal=legal)
                if sequence is None:
                    break
                recorded.append(sequence)
        return recorded

    def refuse(self, message: str) -> JournalFullError:
        """Count a refusal and return the error that tells of it."""
        with self._lock:
            return self._refuse(message)

    def retire(self, *, closing: bool = False) -> None:
        """Write no more to the present segment; if `closing`, take no more spans."""
        with self._lock:
            self._closed = self._closed or closing
            if self._active is not None:
                self._retire(self._active)

    def sync(self) -> int:
        """Have the disk confirm all frames; return the last sequence number.

        Raises:
            SyncFailure: it refuses. The segment is given up: the kernel may forget what it could
                not write, and say that all is well the next time.
        """
        with self._lock:
            through, active = self.sequence, self._active
            waiting = [segment for segment, confirmed in self._retired.items() if not confirmed]
        problem = ""
        for segment in waiting if active is None else (*waiting, active):
            try:
                segment.sync()
            except OSError as error:
                problem = error.strerror or type(error).__name__
                self._report(Notice(Event.DISK_FAILED, segment.path.name, text=problem))
                with self._lock:
                    if segment is self._active:
                        self._retire(segment)
                    self._retired[segment] = True
                    through = self.sequence
        with self._lock:
            self._retired.update(dict.fromkeys(waiting, True))
            self.problem = problem
        if problem:
            raise SyncFailure(through)
        return through

    def keep_up(self) -> bool:
        """Retire a segment that is too old, and seal those that the disk has.

        Return whether there are others, which it has to confirm first.
        """
        oldest = time.monotonic() - self._options.rotate_seconds
        with self._lock:
            active = self._active
            spare = len(self._supply) > self._options.reserve_segments
            if active is not None and spare and active.begun is not None and active.begun < oldest:
                self._retire(active)
            sealable = [segment for segment, confirmed in self._retired.items() if confirmed]
            others = len(sealable) < len(self._retired)
        for segment in sealable:
            try:
                segment.seal(self._disk)
            except OSError as error:
                self._report(Notice(Event.DISK_FAILED, segment.path.name, text=str(error.strerror)))
                continue
            with self._lock:
                del self._retired[segment]
        return others

    def _append(self, span: bytes, *, legal: bool) -> int | None:
        """Record `span`, as `append` does."""
        active = self._active
        if active is None or legal or self._reserved or not span or not active.fits(len(span)):
            active = self._segment_for(len(span), legal=legal)
            if active is None:
                return None
        try:
            active.append(self.sequence + 1, span)
        except OSError as error:
            raise self._refuse(error.strerror or type(error).__name__) from error
        self.sequence += 1
        return self.sequence

    def _append_together(self, active: OpenSegment, spans: Sequence[bytes]) -> list[int]:
        """Record `spans`, for which there is room; return their sequence numbers."""
        first = self.sequence + 1
        try:
            active.append_all(first, spans)
        except OSError as error:
            raise self._refuse(error.strerror or type(error).__name__) from error
        self.sequence += len(spans)
        return list(range(first, self.sequence + 1))

    def _segment_for(self, length: int, *, legal: bool) -> OpenSegment | None:
        """Return the segment that takes a span of `length` octets; None if it is being made.

        Raises:
            JournalFullError, SpanTooLongError: as `append`.
        """
        if not 0 < length <= self._options.most_span_bytes:
            message = f"a span has 1 to {self._options.most_span_bytes} octets, not {length}"
            raise SpanTooLongError(message)
        if self._closed:
            raise self._refuse(CLOSED)
        active = self._active
        if active is None or not active.fits(length):
            active = self._next_segment(legal=legal)
        elif not legal and self.restricted:
            raise self._refuse(self._supply.problem or "only the reserve is left")
        else:
            self._reserved = self.restricted
        if legal and active is not None and not active.legal:
            self._mark_legal(active)
        return active

    def _next_segment(self, *, legal: bool) -> OpenSegment | None:
        """Return the segment to write from now on; None if it is being made.

        Raises:
            JournalFullError: there is no room for one.
        """
        try:
            segment = self._supply.take(legal=legal)
        except JournalFullError as error:
            raise self._refuse(str(error)) from error
        if segment is None:
            return None
        if self._active is not None:
            self._retire(self._active)
        self._active = segment
        self._reserved = len(self._supply) < self._options.reserve_segments
        return segment

    def _mark_legal(self, segment: OpenSegment) -> None:
        """Keep `segment` from being dropped; if the disk refuses, it takes the decision still."""
        segment.legal = True
        try:
            mark_legal(segment.path)
        except OSError as error:
            self._report(Notice(Event.DISK_FAILED, segment.path.name, text=str(error.strerror)))

    def _retire(self, segment: OpenSegment) -> None:
        """Write no more to `segment`, the active one."""
        self._retired[segment] = False
        self._active = None

    def _refuse(self, message: str) -> JournalFullError:
        """Count a refusal and return the error that tells of it."""
        self.refused += 1
        return JournalFullError(message)
