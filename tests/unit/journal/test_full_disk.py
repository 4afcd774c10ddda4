"""A journal on a disk that is really full: a small file system in memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from comity.journal import Journal, JournalFullError, Notice, mark_exported, segments_in
from comity.journal.disk import SystemDisk
from unit.journal.disks import SEGMENT_BYTES, frames_in, options_in, span_of, wait_until
from unit.journal.small_disks import LIBC, mounted

DISK_BYTES = 6 * SEGMENT_BYTES
LONG = 15_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that holds six segments and no octet more."""
    place = tmp_path / "disk"
    with mounted(place, DISK_BYTES) as obstacle:
        if obstacle:
            pytest.skip(f"{obstacle}; it needs CAP_SYS_ADMIN")
        yield place


def append_until_refused(journal: Journal) -> int:
    """Append spans until the disk is full; return how many it took."""
    number = 0
    with suppress(JournalFullError):
        while True:
            wait_until(lambda: journal.status().ready > 1 or bool(journal.status().problem))
            number = journal.append(span_of(number + 1, LONG))
    return number


def test_a_full_disk_refuses_and_loses_nothing(small_disk: Path) -> None:
    """No signal kills the process, the reserve is there, and exported segments make room."""
    notices: list[Notice] = []
    with Journal(options_in(small_disk, budget_bytes=1 << 30), notices.append) as journal:
        taken = append_until_refused(journal)
        assert taken >= 4 * 4
        assert "No space left" in journal.status().problem
        legal = journal.append(span_of(taken + 1, LONG), legal=True)
        assert legal == taken + 1
        assert [frame.sequence for frame in frames_in(small_disk)] == list(range(1, legal + 1))
        for exported in segments_in(small_disk)[:2]:
            mark_exported(exported)
        wait_until(lambda: journal.status().ready > 1)
        assert append_until_refused(journal) > legal
    assert notices[0].text == "No space left on device"


def test_others_who_fill_the_disk_do_not_hurt_what_is_allocated(small_disk: Path) -> None:
    """The segment that is written and the reserve hold what they promise."""
    with Journal(options_in(small_disk)) as journal:
        with suppress(OSError), (small_disk / "others").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        assert os.statvfs(small_disk).f_bfree == 0
        for number in range(1, 5):
            journal.append(span_of(number, LONG))
        for number in range(5, 9):
            journal.append(span_of(number, LONG), legal=True)
        (small_disk / "others").unlink()
    assert [frame.span for frame in frames_in(small_disk)] == [
        span_of(number, LONG) for number in range(1, 9)
    ]


def test_a_file_that_finds_no_room_leaves_nothing(small_disk: Path) -> None:
    """Neither a name nor a block."""
    before = os.statvfs(small_disk).f_bfree
    with pytest.raises(OSError, match="No space left"):
        SystemDisk().create(small_disk / "file", b"header", DISK_BYTES + 4096)
    assert list(small_disk.iterdir()) == []
    assert os.statvfs(small_disk).f_bfree == before


def test_a_disk_that_is_mounted_read_only_refuses(small_disk: Path) -> None:
    """At opening, in words."""
    remount_read_only = 32 | 1
    assert LIBC.mount(b"tmpfs", os.fsencode(small_disk), b"tmpfs", remount_read_only, None) == 0
    with pytest.raises(OSError, match="Read-only"):
        SystemDisk().create(small_disk / "file", b"header", SEGMENT_BYTES)


def test_a_mapping_with_a_hole_would_kill_the_process(small_disk: Path) -> None:
    """What allocation protects from; else the tests above would show nothing."""
    program = (
        "import mmap, os, sys\n"
        "descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\n"
        "os.ftruncate(descriptor, 1 << 20)\n"
        "mapping = mmap.mmap(descriptor, 1 << 20)\n"
        "for page in range(0, 1 << 20, 4096):\n"
        "    mapping[page] = 1\n"
    )
    done = subprocess.run([sys.executable, "-c", program, small_disk / "holes"], check=False)
    assert done.returncode == -signal.SIGBUS
