"""Seals what earlier lives of a worker left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from comity.journal.disk import UNFINISHED_SUFFIX, Disk, SystemDisk, sync_directory
from comity.journal.errors import DamagedSegmentError, JournalLockedError
from comity.journal.layout import END, SegmentHeader, SegmentName, segments_in
from comity.journal.options import Event, Notice
from comity.journal.reading import Damage, read_header, recoverable_frames
from comity.journal.room import remove_segment

DAMAGED_SUFFIX: Final = ".damaged"
_LOCK: Final = re.compile(r"worker-([0-9]+)\.lock")
_COMPARED_BYTES: Final = 1 << 20


class WorkerLock:
    """Keeps others from writing as a worker, until it is released or the process ends."""

    def __init__(self, directory: Path, worker: int) -> None:
        """Take the lock.

        Raises:
            JournalLockedError: somebody else has it.
            OSError: the disk refuses.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(directory / f"worker-{worker}.lock", flags, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            message = f"the journal of worker {worker} is being written by another process"
            raise JournalLockedError(message) from error
        except BaseException:
            os.close(self._descriptor)
            raise

    def release(self) -> None:
        """Let others write as this worker."""
        os.close(self._descriptor)


def recover_abandoned(
    directory: Path, disk: Disk | None = None, *, but: Collection[int] = ()
) -> list[Notice]:
    """Seal the segments of every worker that nobody writes as; return what was found.

    Those of `but` are left to their next lives.

    Raises:
        OSError: the disk refuses.
    """
    notices: list[Notice] = []
    for path in sorted(directory.iterdir()):
        found = _LOCK.fullmatch(path.name)
        if found is None:
            continue
        worker = int(found[1])
        if worker in but:
            continue
        try:
            lock = WorkerLock(directory, worker)
        except JournalLockedError:
            continue
        try:
            notices += recover_worker(directory, worker, disk or SystemDisk())
        finally:
            lock.release()
    return notices


def recover_worker(directory: Path, worker: int, disk: Disk) -> list[Notice]:
    """Seal the segments that earlier lives of `worker` left open; whoever calls holds its lock.

    An empty segment is removed. A frame at the end that is not whole is cut off. A file whose
    header can't be read is set aside under another name.

    Raises:
        OSError: the disk refuses.
    """
    notices: list[Notice] = []
    for path in directory.glob(f"*-{worker:03d}-*{UNFINISHED_SUFFIX}"):
        disk.remove(path)
    for path in segments_in(directory):
        name = SegmentName.parse(path.name)
        if name is None or name.worker != worker:
            continue
        # The exporter may have removed it meanwhile.
        with contextlib.suppress(FileNotFoundError):
            notices += _recover(path, disk)
    return notices


def _recover(path: Path, disk: Disk) -> Iterator[Notice]:
    """Seal one segment, if it is open; yield what was found."""
    try:
        header = read_header(path)
    except DamagedSegmentError as error:
        path.rename(path.with_name(path.name + DAMAGED_SUFFIX))
        yield Notice(Event.DAMAGED, path.name, text=str(error))
        return
    if path.stat().st_size < header.capacity:
        return
    yield from _seal(path, header, disk)


def _seal(path: Path, header: SegmentHeader, disk: Disk) -> Iterator[Notice]:
    """Seal an open segment; yield what was found."""
    damages: list[Damage] = []
    end, frames = header.size, 0
    for frame in recoverable_frames(path, damages.append):
        end, frames = frame.end, frames + 1
    for damage in damages:
        missing = damage.after - damage.before - 1 if damage.before is not None else 0
        yield Notice(Event.DAMAGED, path.name, missing)
    if not _is_blank(path, end):
        yield Notice(Event.TAIL_CUT, path.name, 1)
    if not frames:
        remove_segment(path, disk)
        return
    with path.open("r+b", buffering=0) as file:
        # In this order a crash in between leaves a segment that is open still.
        os.pwrite(file.fileno(), END, end)
        os.fdatasync(file.fileno())
        os.ftruncate(file.fileno(), end + len(END))
        os.fsync(file.fileno())
    sync_directory(path.parent)


def _is_blank(path: Path, offset: int) -> bool:
    """Return whether there are only zeros from `offset` on."""
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        while octets := file.read(_COMPARED_BYTES):
            if octets.strip(b"\0"):
                return False
    return True
