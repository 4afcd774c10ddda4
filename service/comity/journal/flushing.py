"""Has the disk confirm what was appended, one request for all who wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from comity.journal.errors import JournalSyncError

_FAILURES_KEPT: Final = 64


class Flusher:
    """Syncs in a thread of its own: at once for those who wait, else at every interval.

    All appends that are under way when a sync begins share the next one (group commit).

    Attributes:
        durable: sequence number up to which the disk has confirmed or refused everything.
        failures: how often the disk refused.
    """

    def __init__(self, sync: Callable[[], int], interval_seconds: float) -> None:
        """Call `sync`, which returns up to which sequence number the disk has everything now.

        It raises `SyncFailure` if the disk refuses. `interval_seconds` may be 0: then it is called
        only for those who wait.
        """
        self._sync = sync
        self._interval = interval_seconds or None
        self._changed = threading.Condition()
        self.durable = self.failures = 0
        self._wanted = 0
        self._failed: deque[range] = deque(maxlen=_FAILURES_KEPT)
        self._closing = self._urgent = False
        self._thread = threading.Thread(target=self._run, name="journal flusher", daemon=True)
        self._thread.start()

    def wait_for(self, sequence: int, patience_seconds: float) -> None:
        """Return once the disk has confirmed `sequence`.

        Raises:
            JournalSyncError: the disk refused, or did not answer in time.
        """
        self.request(sequence)
        with self._changed:
            if not self._changed.wait_for(lambda: self.durable >= sequence, patience_seconds):
                message = "the disk has not confirmed the record in time"
                raise JournalSyncError(message)
            if any(sequence in failed for failed in self._failed):
                message = "the disk has refused to confirm the record"
                raise JournalSyncError(message)

    def request(self, sequence: int) -> None:
        """Have a sync begin soon if the disk has not confirmed `sequence`."""
        with self._changed:
            if self._wanted < sequence:
                self._wanted = sequence
                self._changed.notify_all()

    def request_now(self) -> None:
        """Have a sync begin soon, whatever the disk has confirmed."""
        with self._changed:
            self._urgent = True
            self._changed.notify_all()

    def close(self, patience_seconds: float) -> bool:
        """Sync once more and end the thread; return whether it ended in time."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(patience_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Sync until closed."""
        due = time.monotonic() + (self._interval or 0)
        while True:
            with self._changed:
                waiting = None if self._interval is None else max(0.0, due - time.monotonic())
                self._changed.wait_for(self._is_wanted, waiting)
                closing, self._urgent = self._closing, False
            due = time.monotonic() + (self._interval or 0)
            self._sync_once()
            if closing:
                return

    def _is_wanted(self) -> bool:
        """Return whether somebody waits."""
        return self._closing or self._urgent or self._wanted > self.durable

    def _sync_once(self) -> None:
        """Sync, and tell those who wait."""
        try:
            durable, failed = self._sync(), False
        except SyncFailure as failure:
            durable, failed = failure.through, True
        with self._changed:
            if failed:
                self.failures += 1
                self._failed.append(range(self.durable + 1, durable + 1))
            self.durable = max(self.durable, durable)
            self._changed.notify_all()


class SyncFailure(Exception):  # noqa: N818 - it carries what failed, and never leaves the journal
    """The disk refused to confirm.

    Attributes:
        through: sequence number of the last span that it may not have.
    """

    def __init__(self, through: int) -> None:
        """Say that nothing up to `through` is confirmed."""
        super().__init__(through)
        self.through = through
