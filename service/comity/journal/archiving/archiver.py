"""Turns segments that nobody writes any more into files of the archive."""

from __future__ import annotations

import fcntl
import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from comity.journal.archiving.batches import SegmentBatch, is_whole, name_of
from comity.journal.archiving.finding import ids_in
from comity.journal.archiving.id_filter import encode_filter
from comity.journal.archiving.places import ArchivedRange, ArchivePlace
from comity.journal.disk import SystemDisk
from comity.journal.errors import DamagedSegmentError, JournalLockedError
from comity.journal.layout import segments_in
from comity.journal.reading import is_sealed
from comity.journal.room import is_exported, mark_archived, remove_segment

# More of them take more memory, and little less room on the disk.
SPANS_A_FILE: Final = 1 << 17
_LOCK: Final = "archive.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveOptions:
    """How a journal is archived.

    Attributes:
        exported_only: whether a segment waits until all of it was exported.
        keep: whether segments stay in the journal.
        spans_a_file: after how many spans a file ends; segments are never divided for that.
    """

    exported_only: bool
    keep: bool = False
    spans_a_file: int = SPANS_A_FILE


@dataclass(slots=True)
class Archived:
    """What an archiver did.

    Attributes:
        segments: segments archived.
        spans: their spans.
        files: files written.
        bytes: octets of these files, and of what tells which spans they may hold.
        removed: segments removed from the journal.
        damaged: segments with damaged places: what can be read is archived, and they stay.
        waiting: sealed segments that were not exported yet.
    """

    segments: int = 0
    spans: int = 0
    files: int = 0
    bytes: int = 0
    removed: int = 0
    damaged: int = 0
    waiting: int = 0


class Archiver:
    """Archives the segments of one journal; one archiver at a time."""

    def __init__(self, journal: Path, place: ArchivePlace, options: ArchiveOptions) -> None:
        """Archive the segments of the directory `journal` in `place`."""
        self._journal = journal
        self._place = place
        self._options = options
        self._done = Archived()

    def run(self) -> Archived:
        """Archive every segment that is ready, and remove those that the archive has.

        Raises:
            JournalError: another process archives this journal, or what was to be archived is not
                what the journal holds.
            OSError: journal or archive can't be used.
        """
        if not self._journal.is_dir():
            return self._done
        with _locked(self._journal), _uncollected():
            whole, partial = self._place.files()
            # A crash left them; their segments are in the journal still.
            self._place.remove(partial)
            ranges = {file.range for file in whole}
            lives = groupby(segments_in(self._journal), lambda path: path.name.rpartition("-")[0])
            for _, segments in lives:
                self._archive_life(list(segments), ranges)
        return self._done

    def _archive_life(self, segments: Sequence[Path], ranges: set[ArchivedRange]) -> None:
        """Archive the segments of one life of a writer."""
        batch = SegmentBatch()
        for segment in segments:
            covered = any(each.covers(name_of(segment)) for each in ranges)
            ready = not covered and self._is_ready(segment)
            # A file holds the spans of neighbours only: its name says from which to which.
            if not ready or batch.spans >= self._options.spans_a_file:
                self._finish(batch)
                batch = SegmentBatch()
            if ready:
                batch.add(segment)
            elif covered:
                self._let_go([segment], [] if is_whole(segment) else [segment])
        self._finish(batch)

    def _is_ready(self, segment: Path) -> bool:
        """Return whether nothing more will happen to `segment`."""
        try:
            sealed = is_sealed(segment)
        except (DamagedSegmentError, FileNotFoundError):
            return False
        ready = sealed and (is_exported(segment) or not self._options.exported_only)
        self._done.waiting += sealed and not ready
        return ready

    def _finish(self, batch: SegmentBatch) -> None:
        """Archive a batch, and only then let its segments go."""
        for file, octets in batch.files():
            span_ids = encode_filter(ids_in(octets))
            # First, so that every file that counts has one.
            self._place.put_filter(file, span_ids)
            self._place.put(file, octets)
            self._done.files += 1
            self._done.bytes += len(octets) + len(span_ids)
        self._done.segments += len(batch.segments)
        self._done.spans += batch.spans
        self._let_go(batch.segments, batch.damaged)

    def _let_go(self, segments: Sequence[Path], damaged: Sequence[Path]) -> None:
        """Remove or mark segments that the archive has, but for those that hold what it has not."""
        self._done.damaged += len(damaged)
        for segment in segments:
            if self._options.keep or segment in damaged:
                _mark(segment)
            else:
                remove_segment(segment, SystemDisk())
                self._done.removed += 1


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the garbage collector, which would look through all rows again and again.

    None of them is part of a cycle.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _mark(segment: Path) -> None:
    """Say that the archive has what can be read of a segment that stays.

    Raises:
        OSError: the disk refuses.
    """
    mark_archived(segment)
    if not segment.exists():  # it made room in between, and the mark would stay for ever
        remove_segment(segment, SystemDisk())


@contextmanager
def _locked(journal: Path) -> Iterator[None]:
    """Keep others from archiving `journal` meanwhile.

    Raises:
        JournalLockedError: somebody else does.
        OSError: the disk refuses.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(journal / _LOCK, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        message = "another process archives this journal"
        raise JournalLockedError(message) from error
    finally:
        os.close(descriptor)
