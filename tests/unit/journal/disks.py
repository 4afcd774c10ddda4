"""Journals for tests, and a disk that does as it is told."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from comity.journal import (
    Frame,
    Journal,
    JournalFullError,
    JournalOptions,
    read_segment,
    segments_in,
)
from comity.journal.disk import SegmentFile, SystemDisk, WrittenFile

SEGMENT_BYTES = 1 << 16
LONG = 15_000  # four of them fill a segment but for a little
A_SEGMENT = 4


def options_in(directory: Path, **changed: Any) -> JournalOptions:
    """Return the options of a small journal, apart from what is `changed`."""
    usual: dict[str, Any] = {
        "directory": directory,
        "worker": 0,
        "resource": b"resource",
        "scope": b"scope",
        "segment_bytes": SEGMENT_BYTES,
        "flush_interval_seconds": 60.0,
        "patience_seconds": 20.0,
    }
    return JournalOptions(**usual | changed)


def frames_in(directory: Path) -> list[Frame]:
    """Return the frames of all segments, in their order."""
    return [frame for path in segments_in(directory) for frame in read_segment(path)]


def span_of(number: int, length: int = 600) -> bytes:
    """Return octets that stand for a span and tell its number."""
    return f"span {number} ".encode().ljust(length, b"\xff")


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once `condition` holds; fail if it doesn't within 20 seconds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def fill(journal: Journal, first: int = 1, *, legal: bool = False) -> int:
    """Append long spans until one is refused; return the number of the last that was not."""
    number = first
    while True:
        try:
            journal.append(span_of(number, LONG), legal=legal)
        except JournalFullError:
            return number - 1
        number += 1
        # Segments are made in the background; the budget is to be met, not the patience.
        if number % A_SEGMENT == 1:
            wait_until(lambda: journal.status().ready > 1 or bool(journal.status().problem))


class ObedientDisk(SystemDisk):
    """The system's disk, which refuses or waits when a test says so.

    Attributes:
        create_error: number of the error that making a file meets; 0 for none.
        sync_error: number of the error that syncing meets; 0 for none.
        write_error: number of the error that writing meets; 0 for none.
        truncate_error: number of the error that sealing meets; 0 for none.
        may_sync: syncing waits until it is set.
        may_create: making a file waits until it is set.
        syncs: how many syncs have begun.
    """

    def __init__(self) -> None:
        """Begin as a disk that works."""
        self.create_error = self.sync_error = self.write_error = self.truncate_error = 0
        self.may_sync = threading.Event()
        self.may_sync.set()
        self.may_create = threading.Event()
        self.may_create.set()
        self.syncs = 0

    def create(self, path: Path, header: bytes, size: int) -> SegmentFile:
        """Make a file that does as it is told too."""
        assert self.may_create.wait(30)
        refuse(self.create_error)
        return _ObedientFile(self, super().create(path, header, size))


class UnmappingDisk(SystemDisk):
    """The system's disk as it is where files can't safely be mapped."""

    def create(self, path: Path, header: bytes, size: int) -> SegmentFile:
        """Make a file that is written by calls."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.posix_fallocate(descriptor, 0, size)
        os.pwrite(descriptor, header, 0)
        return WrittenFile(descriptor)


def refuse(number: int) -> None:
    """Raise the error of this number, unless it is 0."""
    if number:
        raise OSError(number, os.strerror(number))


class _ObedientFile:
    """A file of an `ObedientDisk`."""

    def __init__(self, disk: ObedientDisk, file: SegmentFile) -> None:
        """Pass on to `file` what `disk` lets through."""
        self._disk = disk
        self._file = file

    def write(self, offset: int, head: bytes, span: bytes) -> None:
        """Write, or refuse."""
        refuse(self._disk.write_error)
        self._file.write(offset, head, span)

    def sync(self, start: int, end: int) -> None:
        """Sync, late or not at all."""
        self._disk.syncs += 1
        assert self._disk.may_sync.wait(30)
        refuse(self._disk.sync_error)
        self._file.sync(start, end)

    def truncate(self, size: int) -> None:
        """Shorten, or refuse."""
        refuse(self._disk.truncate_error)
        self._file.truncate(size)

    def close(self) -> None:
        """Close."""
        self._file.close()
