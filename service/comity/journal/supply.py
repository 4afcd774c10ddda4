"""Segments made ahead of time, so that a full disk shows before a decision needs the room."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from comity.journal.disk import Disk, SegmentFile
from comity.journal.errors import JournalFullError
from comity.journal.layout import BOOT_BYTES, SegmentHeader, SegmentName
from comity.journal.options import Event, JournalOptions, Notice
from comity.journal.room import Room
from comity.journal.segment import OpenSegment

CLOSED: Final = "the journal is closed"
_RETRY_SECONDS: Final = 0.5
# How often, and how many times at most, to look whether segments have been sealed that may go.
_HOPE_SECONDS: Final = 0.02
_MOST_HOPES: Final = 50
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class SegmentSupply:
    """Keeps the next segment and the reserve ready, from a thread of its own.

    The reserve is allocated on the disk as the others are: it is there even if other programs have
    filled the disk.

    Attributes:
        problem: why segments can't be made at present; empty if they can.
        dropped: spans removed to make room that somebody waited for.
    """

    def __init__(
        self,
        options: JournalOptions,
        disk: Disk,
        report: Callable[[Notice], None],
    ) -> None:
        """Make segments with `disk`, and tell `report` of trouble."""
        self._options = options
        self._disk = disk
        self._report = report
        self._room = Room(options, disk)
        self._boot = time.time_ns().to_bytes(BOOT_BYTES // 2) + os.urandom(BOOT_BYTES // 2)
        self._made = self._hopes = 0
        self._ready: deque[OpenSegment] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self.problem = ""
        self.dropped = 0
        self._thread: threading.Thread | None = None

    def start(self, upkeep: Callable[[], bool]) -> None:
        """Make the first segment and the reserve, then go on in the background.

        `upkeep` is called there at least twice a second, and says whether there are segments that
        wait for being sealed, after which they may make room.
        """
        while self._is_lacking() and self._prepare():
            pass
        self._thread = threading.Thread(
            target=self._run, args=(upkeep,), name="journal supply", daemon=True
        )
        self._thread.start()

    def __len__(self) -> int:
        """Return how many segments are ready."""
        return len(self._ready)

    @property
    def has_spare(self) -> bool:
        """Whether a segment besides the reserve is ready."""
        return self._has(legal=False)

    def take(self, *, legal: bool) -> OpenSegment | None:
        """Return a segment that is ready, None if there is none yet; the reserve is for `legal`.

        Raises:
            JournalFullError: there is none, and the last try to make one failed.
        """
        with self._changed:
            if not self._has(legal=legal):
                if self.problem or self._closing:
                    raise JournalFullError(self.problem or CLOSED)
                return None
            segment = self._ready.popleft()
            self._changed.notify_all()
        return segment

    def wait(self, *, legal: bool, patience_seconds: float) -> None:
        """Return once `take` has something to say, or after `patience_seconds`."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._has(legal=legal) or self.problem or self._closing, patience_seconds
            )

    def close(self, patience_seconds: float) -> bool:
        """End the thread and remove what was not used; return whether the thread ended in time."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        assert self._thread is not None
        self._thread.join(patience_seconds)
        while self._ready:
            with suppress(OSError):
                self._ready.popleft().seal(self._disk)
        return not self._thread.is_alive()

    def _run(self, upkeep: Callable[[], bool]) -> None:
        """Keep segments ready until closed."""
        while True:
            with self._changed:
                pause = _HOPE_SECONDS if self._hopes else _RETRY_SECONDS
                self._changed.wait_for(self._is_due, pause)
                if self._closing:
                    return
            hopeful = upkeep() and self._hopes < _MOST_HOPES
            if self._is_lacking():
                self._prepare(hopeful=hopeful)

    def _has(self, *, legal: bool) -> bool:
        """Return whether a segment is ready."""
        return len(self._ready) > (0 if legal else self._options.reserve_segments)

    def _is_due(self) -> bool:
        """Return whether there is something to do that can't wait."""
        return self._closing or (self._is_lacking() and not self.problem and not self._hopes)

    def _is_lacking(self) -> bool:
        """Return whether a segment is to be made."""
        return len(self._ready) < 1 + self._options.reserve_segments

    def _prepare(self, *, hopeful: bool = False) -> bool:
        """Make one segment; return whether that was possible.

        If `hopeful`, there will be room soon: that there is none is no problem yet.
        """
        hopes = self._hopes
        try:
            segment, problem = self._make(), ""
        except JournalFullError as error:
            segment, problem = None, self.problem if hopeful else str(error)
            hopes += hopeful
        except OSError as error:
            segment, problem = None, error.strerror or type(error).__name__
        before = self.problem
        # A full disk is hoped for to have room soon, but not for ever.
        self._hopes = hopes if hopes > self._hopes else 0
        with self._changed:
            self.problem = problem
            if segment is not None:
                self._ready.append(segment)
            self._changed.notify_all()
        if problem and problem != before:
            self._report(Notice(Event.DISK_FAILED, text=problem))
        elif before and not problem:
            self._report(Notice(Event.DISK_RECOVERED))
        return segment is not None

    def _make(self) -> OpenSegment:
        """Return another segment, for which others may have to go.

        Raises:
            JournalFullError: the budget is spent.
            OSError: the disk refuses.
        """
        options = self._options
        name = SegmentName(self._boot, options.worker, self._made + 1)
        path = options.directory / str(name)
        header = SegmentHeader(
            name, time.time_ns(), options.segment_bytes, options.resource, options.scope
        )
        with self._room.held():
            for notice in self._room.make(options.segment_bytes):
                self._lost(notice)
            file = self._create(header)
        self._made += 1
        return OpenSegment(file, path, header)

    def _create(self, header: SegmentHeader) -> SegmentFile:
        """Return the file of a segment; on a full disk others go until it has room.

        Raises:
            JournalFullError: the disk is full, and nothing is left that may be removed.
            OSError: the disk refuses.
        """
        path = self._options.directory / str(header.name)
        while True:
            try:
                return self._disk.create(path, header.encode(), header.capacity)
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                try:
                    for notice in self._room.remove_one():
                        self._lost(notice)
                except JournalFullError as full:
                    message = error.strerror or "the disk is full"
                    raise JournalFullError(message) from full

    def _lost(self, notice: Notice) -> None:
        """Count and report spans that were removed."""
        self.dropped += notice.spans
        self._report(notice)
