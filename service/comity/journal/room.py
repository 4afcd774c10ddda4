"""The room that the segments of all workers share."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from comity.journal.disk import Disk
from comity.journal.errors import DamagedSegmentError, JournalFullError
from comity.journal.index import INDEX_SUFFIX
from comity.journal.layout import SegmentName, segments_in
from comity.journal.options import Event, JournalOptions, Notice, Recipient, WhenFull
from comity.journal.reading import Damage, is_sealed, read_segment

_EXPORTED: Final = ".exported"
_ARCHIVED: Final = ".archived"
_MARKS: Final = {Recipient.COLLECTOR: _EXPORTED, Recipient.ARCHIVE: _ARCHIVED}
_LEGAL: Final = ".legal"
_LOCK: Final = "room.lock"


def mark_exported(segment: Path) -> None:
    """Say that all spans of a sealed segment were exported, so that it may be removed.

    Raises:
        OSError: the disk refuses.
    """
    _marker(segment, _EXPORTED).touch(mode=0o600)


def is_exported(segment: Path) -> bool:
    """Return whether all spans of `segment` were exported."""
    return _marker(segment, _EXPORTED).exists()


def mark_archived(segment: Path) -> None:
    """Say that the archive has all spans of a sealed segment, which stays for now.

    Raises:
        OSError: the disk refuses.
    """
    _marker(segment, _ARCHIVED).touch(mode=0o600)


def mark_legal(segment: Path) -> None:
    """Say that `segment` holds a legal decision: it is not dropped while somebody waits for it.

    Raises:
        OSError: the disk refuses.
    """
    _marker(segment, _LEGAL).touch(mode=0o600)


def remove_segment(segment: Path, disk: Disk) -> None:
    """Remove a segment and what is said of it.

    Raises:
        OSError: the disk refuses.
    """
    disk.remove(segment)
    for kind in (*_MARKS.values(), _LEGAL, INDEX_SUFFIX):
        disk.remove(_marker(segment, kind))


class Room:
    """Keeps segments within a budget: those go first that all recipients have.

    Then counts what `when_full` says.
    """

    def __init__(self, options: JournalOptions, disk: Disk) -> None:
        """Keep the segments of a journal within its budget."""
        self._directory = options.directory
        self._budget_bytes = options.budget_bytes
        self._when_full = options.when_full
        self._marks = tuple(_MARKS[recipient] for recipient in sorted(options.recipients))
        self._disk = disk

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other workers from taking the room meanwhile.

        Raises:
            OSError: the disk refuses.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._directory / _LOCK, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def make(self, size: int) -> Iterator[Notice]:
        """Remove segments until `size` octets more are within the budget; yield what was lost.

        Raises:
            JournalFullError: nothing is left that may be removed.
            OSError: the disk refuses.
        """
        while self._used() + size > self._budget_bytes:
            yield from self.remove_one()

    def remove_one(self) -> Iterator[Notice]:
        """Remove the segment that can best be spared; yield what was lost.

        Raises:
            JournalFullError: nothing is left that may be removed.
            OSError: the disk refuses.
        """
        with os.scandir(self._directory) as entries:
            names = frozenset(entry.name for entry in entries)
        segments, dropped_at = segments_in(self._directory), None
        for position, segment in enumerate(segments):
            if all(segment.name + mark in names for mark in self._marks):
                remove_segment(segment, self._disk)
                return
            if dropped_at is None and self._may_be_dropped(segment):
                dropped_at = position
        if dropped_at is None:
            message = "no segment may be removed"
            raise JournalFullError(message)
        dropped = segments[dropped_at]
        spans = _count_spans(dropped, segments[dropped_at + 1 :])
        remove_segment(dropped, self._disk)
        yield Notice(Event.DROPPED, dropped.name, spans)

    def _may_be_dropped(self, segment: Path) -> bool:
        """Return whether `segment` may be removed, though somebody waits for it."""
        if self._when_full is WhenFull.REFUSE or _marker(segment, _LEGAL).exists():
            return False
        with contextlib.suppress(DamagedSegmentError, FileNotFoundError):
            return is_sealed(segment)
        return False

    def _used(self) -> int:
        """Return the octets of all segments."""
        used = 0
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if SegmentName.parse(entry.name):
                    with contextlib.suppress(FileNotFoundError):
                        used += entry.stat().st_size
        return used


def _count_spans(segment: Path, later: Sequence[Path]) -> int:
    """Return how many spans a sealed segment holds; `later` are the segments behind it.

    One behind it in the same life tells by its first span, without reading all of this one: a
    busy journal drops a segment many times a second.
    """
    name = SegmentName.parse(segment.name)
    after = SegmentName.parse(later[0].name) if later else None
    if name and after == name._replace(sequence=name.sequence + 1):
        damages: list[Damage] = []
        first, behind = (
            next(read_segment(each, on_damage=damages.append), None) for each in (segment, later[0])
        )
        if first and behind and not damages:
            return behind.sequence - first.sequence
    return sum(1 for _ in read_segment(segment))


def _marker(segment: Path, kind: str) -> Path:
    """Return the empty file beside `segment` that says something of it."""
    return segment.with_name(segment.name + kind)
