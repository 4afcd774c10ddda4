"""Files of segments, allocated to the last octet before anything is written to them."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
from pathlib import Path
from typing import Final, Protocol

# Where space that was allocated can be written without allocating more. Elsewhere, as where pages
# are copied on write, a full disk would kill a process that writes to a mapping.
# Source: https://man7.org/linux/man-pages/man2/statfs.2.html
_EXT: Final = 0xEF53
_XFS: Final = 0x58465342
_TMPFS: Final = 0x01021994
_MAPPABLE: Final = frozenset({_EXT, _XFS, _TMPFS})
# Makes the kernel ready pages for writing, and tell of what goes wrong instead of killing.
# Source: https://man7.org/linux/man-pages/man2/madvise.2.html (since Linux 5.14)
_MADV_POPULATE_WRITE: Final = 23
# Python's own call would keep other threads from running.
# Source: https://man7.org/linux/man-pages/man2/msync.2.html
_MS_SYNC: Final = 4
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LIBC.msync.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
_PRIVATE: Final = 0o600
_ZEROS: Final = memoryview(bytes(1 << 20))
UNFINISHED_SUFFIX: Final = ".new"


class SegmentFile(Protocol):
    """The file of a segment, all of whose octets are allocated."""

    def write(self, offset: int, head: bytes, span: bytes) -> None:
        """Write `head` and `span` at `offset`; a reader may see one without the other.

        Raises:
            OSError: the disk refuses; never where the file is mapped.
        """
        ...

    def sync(self, start: int, end: int) -> None:
        """Return once the disk has all that was written from `start` to `end`.

        Raises:
            OSError: the disk refuses.
        """
        ...

    def truncate(self, size: int) -> None:
        """End the file at `size`; nothing is written to it any more.

        Raises:
            OSError: the disk refuses.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Disk(Protocol):
    """Makes and removes the files of segments."""

    def create(self, path: Path, header: bytes, size: int) -> SegmentFile:
        """Make a file of `size` octets that begins with `header`, safely on the disk.

        Raises:
            OSError: there is no room, or the disk refuses; there is no file then.
        """
        ...

    def remove(self, path: Path) -> None:
        """Remove a file; nothing happens if there is none.

        Raises:
            OSError: the disk refuses.
        """
        ...


class SystemDisk:
    """The `Disk` of the operating system."""

    def create(self, path: Path, header: bytes, size: int) -> SegmentFile:
        """Allocate, fill with zeros, and sync a file and its directory; only then is it named."""
        unfinished = path.with_name(path.name + UNFINISHED_SUFFIX)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(unfinished, flags, _PRIVATE)
        try:
            # A hole in a file on a full disk kills whoever writes to its mapping.
            os.posix_fallocate(descriptor, 0, size)
            os.pwrite(descriptor, header, 0)
            file = WrittenFile(descriptor)
            file.sync(0, len(header))
            if file_system_of(unfinished) in _MAPPABLE:
                # Only now: what is synced would be zeros, and its pages slow to write to again.
                _write_zeros(descriptor, len(header), size)
                file = MappedFile(descriptor, size)
            unfinished.rename(path)
            sync_directory(path.parent)
        except BaseException:
            for made in (unfinished, path):
                with contextlib.suppress(OSError):
                    made.unlink()
            os.close(descriptor)
            raise
        return file

    def remove(self, path: Path) -> None:
        """Unlink the file."""
        path.unlink(missing_ok=True)


def _write_zeros(descriptor: int, start: int, end: int) -> None:
    """Write zeros to a file: the kernel keeps what is written in large pages, what is mapped not.

    Raises:
        OSError: the disk refuses.
    """
    while start < end:
        start += os.pwrite(descriptor, _ZEROS[: end - start], start)


class WrittenFile:
    """A `SegmentFile` that is written by system calls, for file systems of any kind."""

    def __init__(self, descriptor: int) -> None:
        """Write to the open file `descriptor`."""
        self._descriptor = descriptor

    def write(self, offset: int, head: bytes, span: bytes) -> None:
        """Write with one call, all of it."""
        octets = head + span
        while octets:
            written = os.pwrite(self._descriptor, octets, offset)
            offset, octets = offset + written, octets[written:]

    def sync(self, start: int, end: int) -> None:
        """Sync all that was written."""
        del start, end
        os.fdatasync(self._descriptor)

    def truncate(self, size: int) -> None:
        """Shorten the file."""
        os.ftruncate(self._descriptor, size)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class MappedFile(WrittenFile):
    """A `SegmentFile` written through a mapping: the kernel has what a killed process wrote."""

    def __init__(self, descriptor: int, size: int) -> None:
        """Map the open file `descriptor`, whose `size` octets are allocated, and touch its pages.

        Raises:
            OSError: its pages can't be written.
        """
        super().__init__(descriptor)
        self._mapping = mmap.mmap(descriptor, size)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._mapping))
        try:
            self._touch(size)
        except OSError:
            self._mapping.close()
            raise

    def write(self, offset: int, head: bytes, span: bytes) -> None:
        """Copy into the mapping."""
        start = offset + len(head)
        self._mapping[start : start + len(span)] = span
        self._mapping[offset:start] = head

    def sync(self, start: int, end: int) -> None:
        """Sync the pages that hold what was written.

        The others stay ready for writing: the kernel makes whoever writes to a page that it has
        written to the disk wait, and it would write zeros besides.
        """
        start -= start % mmap.PAGESIZE
        if end > start and _LIBC.msync(self._address + start, end - start, _MS_SYNC):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def truncate(self, size: int) -> None:
        """Let go of the mapping, whose end would be death to a writer, and shorten the file."""
        self._mapping.close()
        super().truncate(size)

    def close(self) -> None:
        """Let go of mapping and file."""
        self._mapping.close()
        super().close()

    def _touch(self, size: int) -> None:
        """Make the pages ready, so that the first write to each is no slower than the others."""
        try:
            self._mapping.madvise(_MADV_POPULATE_WRITE)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            for page in range(0, size, mmap.PAGESIZE):
                self._mapping[page] = 0


class _FileSystem(ctypes.Structure):
    """The beginning of `struct statfs`; the rest is more than large enough."""

    _fields_ = (("type", ctypes.c_long), ("rest", ctypes.c_byte * 248))


def file_system_of(path: Path) -> int:
    """Return the magic number of the file system that holds `path`.

    Raises:
        OSError: it can't be told.
    """
    found = _FileSystem()
    if _LIBC.statfs(os.fsencode(path), ctypes.byref(found)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(found.type)


def sync_directory(directory: Path) -> None:
    """Return once the disk has the names of the files in `directory`.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
