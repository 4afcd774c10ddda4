"""Files of segments on the disk of this machine."""

from __future__ import annotations

import mmap
import resource
from pathlib import Path

import pytest
from comity.journal.disk import SystemDisk

PAGES = 512
SIZE = PAGES * mmap.PAGESIZE
HEADER = b"header"


def test_what_was_written_is_in_the_file_once_it_is_synced(tmp_path: Path) -> None:
    """From whatever octet to whatever octet."""
    path = tmp_path / "segment"
    file = SystemDisk().create(path, HEADER, SIZE)
    for start in (len(HEADER), mmap.PAGESIZE - 1, 3 * mmap.PAGESIZE + 17):
        file.write(start, b"head", b"span")
        file.sync(start, start + 8)
        assert path.read_bytes()[start : start + 8] == b"headspan"
    assert path.read_bytes().startswith(HEADER)
    assert path.stat().st_size == SIZE
    file.truncate(mmap.PAGESIZE)
    file.close()
    assert path.stat().st_size == mmap.PAGESIZE


def test_pages_that_wait_for_spans_stay_ready_when_others_are_synced(tmp_path: Path) -> None:
    """A page that the kernel has written to the disk would make its next writer wait."""
    file = SystemDisk().create(tmp_path / "segment", HEADER, SIZE)
    file.write(len(HEADER), b"head", b"span")
    file.sync(0, 100)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for page in range(1, PAGES):
        file.write(page * mmap.PAGESIZE, b"head", b"span")
    assert resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before < PAGES // 4
    file.close()


def test_a_disk_that_does_not_sync_is_heard(tmp_path: Path) -> None:
    """Here because there is nothing at that place."""
    file = SystemDisk().create(tmp_path / "segment", HEADER, SIZE)
    with pytest.raises(OSError, match="memory"):
        file.sync(1 << 40, (1 << 40) + mmap.PAGESIZE)
    file.sync(SIZE, SIZE)  # nothing was written
    file.close()
