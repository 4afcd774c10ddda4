"""Finds what is to be exported next."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from comity.journal.disk import SystemDisk
from comity.journal.errors import DamagedSegmentError
from comity.journal.exporting.batch import Batch, BatchLimits, read_batch
from comity.journal.exporting.cursor import Cursor, life_of
from comity.journal.layout import END, SegmentHeader, segments_in
from comity.journal.reading import Damage, read_header
from comity.journal.room import is_exported, mark_exported, remove_segment

_LOGGER: Final = logging.getLogger(__name__)
_TORN_SECONDS: Final = 2.0


class Backlog:
    """What a cursor has not passed yet. Says which segments may be removed from the journal."""

    def __init__(self, directory: Path, cursor: Cursor, limits: BatchLimits) -> None:
        """Look in `directory` for what lies behind `cursor`."""
        self._directory = directory
        self._cursor = cursor
        self._limits = limits
        self._headers: dict[Path, SegmentHeader] = {}
        # What was said of these in the log need not be said again.
        self._unreadable: set[Path] = set()
        # When to look again into those that end in what is no frame: that takes long.
        self._torn: dict[Path, float] = {}

    def batches(self) -> Iterator[Batch]:
        """Yield the next batch of each life of a writer; the cursor must pass one for the next.

        Raises:
            OSError: the disk refuses.
        """
        segments = segments_in(self._directory)
        self._cursor.keep_only(segments)
        self._headers = {path: self._headers[path] for path in segments if path in self._headers}
        self._unreadable.intersection_update(segments)
        self._torn = {path: self._torn[path] for path in segments if path in self._torn}
        # Their names sort by life, then by age.
        for _, paths in groupby(segments, life_of):
            batch = self._next(tuple(paths))
            if batch is not None:
                yield batch

    def _next(self, segments: Sequence[Path]) -> Batch | None:
        """Return the next batch of one life; None if there is nothing new."""
        for number, segment in enumerate(segments):
            look = self._torn.get(segment, 0.0) <= time.monotonic()
            batch = self._read(segment) if look else None
            if batch is not None:
                # What was empty a moment ago may have got its last frames since: they come first.
                return next(self._some(segments[:number]), batch)
        return None

    def _some(self, segments: Iterable[Path]) -> Iterator[Batch]:
        """Yield a batch of each segment that has one."""
        for segment in segments:
            batch = self._read(segment)
            if batch is not None:
                yield batch

    def _read(self, segment: Path) -> Batch | None:
        """Return the next batch of a segment; None if there is nothing new, or it is gone."""
        header = None if is_exported(segment) else self._header(segment)
        if header is None:
            return None
        offset = self._cursor.offsets.get(segment.name, header.size)
        try:
            with segment.open("rb", buffering=0) as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(offset)
                more = file.read(len(END)) not in (b"", END)
            sealed, batch = size < header.capacity, None
            # The loss of a node may take what was exported, but was not on the disk yet.
            if offset < size and (sealed or more):
                batch = read_batch(segment, header, offset, self._limits, _report)
        except FileNotFoundError:
            return None
        if batch is None and sealed:
            _finish(segment)
        elif batch is None and more:
            self._torn[segment] = time.monotonic() + _TORN_SECONDS
        return batch

    def _header(self, segment: Path) -> SegmentHeader | None:
        """Return the header of a segment; None if it can't be read, or is gone."""
        if segment in self._headers:
            return self._headers[segment]
        try:
            header = read_header(segment)
        except FileNotFoundError:
            return None
        except DamagedSegmentError as error:
            if segment not in self._unreadable:
                _LOGGER.warning("segment %s can't be exported: %s", segment.name, error)
            self._unreadable.add(segment)
            return None
        self._headers[segment] = header
        return header


def _finish(segment: Path) -> None:
    """Say that a segment may be removed; if the disk refuses, the next look says it."""
    with contextlib.suppress(OSError):
        mark_exported(segment)
        if not segment.exists():  # it was removed in between, and the mark would stay for ever
            remove_segment(segment, SystemDisk())


def _report(damage: Damage) -> None:
    """Log that a part of a segment can't be read."""
    _LOGGER.warning("octets %d to %d of a segment are damaged", damage.offset, damage.end)
