"""The journal of one worker: what is appended to it survives the process."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from comity.journal.disk import Disk, SystemDisk
from comity.journal.errors import JournalError
from comity.journal.flushing import Flusher
from comity.journal.losses import Losses
from comity.journal.options import Event, JournalOptions, JournalStatus, Notice
from comity.journal.recovery import WorkerLock, recover_worker
from comity.journal.supply import SegmentSupply
from comity.journal.tail import Tail

_LOGGER: Final = logging.getLogger(__name__)
_CLOSING_SECONDS: Final = 30.0


def log_notice(notice: Notice) -> None:
    """Write `notice` to the log."""
    _LOGGER.warning(
        "journal %s: segment %s, %d spans: %s",
        notice.event.value,
        notice.segment or "-",
        notice.spans,
        notice.text or "-",
    )


class Journal:
    """Appends spans of decisions to segments, from any number of threads.

    What `append` has returned for is not lost when the process is killed. Whether it is lost when
    the node dies is said by `flush_interval_seconds`.
    """

    def __init__(
        self,
        options: JournalOptions,
        report: Callable[[Notice], None] = log_notice,
        disk: Disk | None = None,
    ) -> None:
        """Seal what earlier lives of this worker left, and make the first segments.

        `report` is told of trouble, from any thread. A disk without room is no error here: appends
        are refused until there is.

        Raises:
            JournalLockedError: another process, or another journal, writes as this worker.
            JournalError: the directory can't be used.
        """
        self._patience_seconds = options.patience_seconds
        self._commits = options.flush_interval_seconds == 0
        self._closing = threading.Lock()
        disk = disk or SystemDisk()
        try:
            options.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._worker_lock = WorkerLock(options.directory, options.worker)
        except OSError as error:
            raise _unusable(error) from error
        try:
            self._found = recover_worker(options.directory, options.worker, disk)
        except OSError as error:
            self._worker_lock.release()
            raise _unusable(error) from error
        for notice in self._found:
            report(notice)
        self._losses = Losses()
        self._report = report
        self._supply = SegmentSupply(options, disk, self._hear)
        self._tail = Tail(options, disk, report, self._supply)
        self._flusher = Flusher(self._tail.sync, options.flush_interval_seconds)
        self._supply.start(self._keep_up)

    def __enter__(self) -> Self:
        """Return the journal, to be closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the journal."""
        self.close()

    def append(self, span: bytes, *, legal: bool = False) -> int:
        """Record a serialised OTLP span; return its sequence number once it is safe.

        `legal` is for decisions on requests of authorities: they may use the reserve.

        Raises:
            JournalFullError: there is no room; nothing was recorded.
            JournalSyncError: with a flush interval of 0: the disk did not confirm the record.
            SpanTooLongError: no segment is long enough, or the span is empty.
        """
        sequence = self._tail.append(span, legal=legal)
        if sequence is None:
            sequence = self._append_later(span, legal=legal)
        if self._commits:
            self._flusher.wait_for(sequence, self._patience_seconds)
        return sequence

    def append_all(self, spans: Sequence[bytes], *, legal: bool = False) -> list[int]:
        """Record spans as `append` does, with one wait for all; return their sequence numbers.

        If an error is raised, some of the first may be in the journal all the same.

        Raises:
            JournalFullError, JournalSyncError, SpanTooLongError: as `append`.
        """
        recorded = self._tail.append_all(spans, legal=legal)
        while len(recorded) < len(spans):
            recorded.append(self._append_later(spans[len(recorded)], legal=legal))
            recorded += self._tail.append_all(spans[len(recorded) :], legal=legal)
        if self._commits and recorded:
            self._flusher.wait_for(recorded[-1], self._patience_seconds)
        return recorded

    def flush(self, patience_seconds: float) -> None:
        """Return once the disk has confirmed everything appended so far.

        Raises:
            JournalSyncError: it refused, or did not answer in time.
        """
        self._flusher.wait_for(self._tail.sequence, patience_seconds)

    def rotate(self) -> None:
        """Have the segment that is written sealed soon; the next span begins another."""
        self._tail.retire()
        self._flusher.request_now()

    def status(self) -> JournalStatus:
        """Return how the journal fares."""
        return JournalStatus(
            appended=self._tail.sequence,
            durable=self._flusher.durable,
            ready=len(self._supply),
            restricted=self._tail.restricted,
            refused=self._tail.refused,
            dropped=self._supply.dropped,
            tails_cut=sum(notice.event is Event.TAIL_CUT for notice in self._found),
            damaged=sum(notice.event is Event.DAMAGED for notice in self._found),
            sync_failures=self._flusher.failures,
            problem=self._supply.problem or self._tail.problem,
        )

    def close(self) -> None:
        """Have the disk confirm everything, seal the segment, and let others write as this worker.

        Closing twice does nothing; appending later raises `JournalFullError`.
        """
        if not self._closing.acquire(blocking=False):
            return
        self._tell_losses()
        self._tail.retire(closing=True)
        # What a disk that hangs keeps from being sealed is sealed by the next life.
        synced = self._flusher.close(_CLOSING_SECONDS)
        if self._supply.close(_CLOSING_SECONDS) and synced:
            self._tail.keep_up()
        self._worker_lock.release()

    def _append_later(self, span: bytes, *, legal: bool) -> int:
        """Record `span` once there is a segment; return its sequence number.

        Raises:
            JournalFullError, SpanTooLongError: as `append`.
        """
        end = time.monotonic() + self._patience_seconds
        while (left := end - time.monotonic()) > 0:
            self._supply.wait(legal=legal, patience_seconds=left)
            sequence = self._tail.append(span, legal=legal)
            if sequence is not None:
                return sequence
        message = "no segment was ready in time"
        raise self._tail.refuse(message)

    def _hear(self, notice: Notice) -> None:
        """Note what was lost, and report it."""
        self._losses.note(notice)
        self._report(notice)

    def _tell_losses(self) -> None:
        """Record what was lost, unless there is no room: nothing is refused that nobody asked."""
        if self._supply.has_spare:
            self._losses.tell(lambda span: self._tail.append(span, legal=False))

    def _keep_up(self) -> bool:
        """Seal what can be sealed; have the rest confirmed, and return whether there is any."""
        self._tell_losses()
        unsealed = self._tail.keep_up()
        if unsealed:
            self._flusher.request_now()
        return unsealed


def _unusable(error: OSError) -> JournalError:
    """Return the error of a directory that can't be used."""
    return JournalError(f"the journal can't be used: {error.strerror}")
