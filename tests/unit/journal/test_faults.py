"""A journal whose disk is slow, full, read-only or broken."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from comity.journal import (
    Event,
    Journal,
    JournalError,
    JournalFullError,
    JournalSyncError,
    Notice,
    is_sealed,
    read_segment,
    segments_in,
)
from unit.journal.disks import (
    A_SEGMENT,
    LONG,
    ObedientDisk,
    fill,
    frames_in,
    options_in,
    span_of,
    wait_until,
)


def test_a_killed_process_needs_no_sync(opened: Callable[..., Journal], disk: ObedientDisk) -> None:
    """With an interval, no append waits for the disk."""
    journal = opened(flush_interval_seconds=60)
    before = disk.syncs
    journal.append(span_of(1))
    assert (journal.status().durable, disk.syncs) == (0, before)
    journal.flush(20)
    assert journal.status().durable == 1


def test_the_disk_has_what_is_older_than_the_interval(opened: Callable[..., Journal]) -> None:
    """Without anyone asking."""
    journal = opened(flush_interval_seconds=0.01)
    journal.append(span_of(1))
    wait_until(lambda: journal.status().durable == 1)


def test_appends_wait_for_the_disk_and_share_a_sync(
    opened: Callable[..., Journal], disk: ObedientDisk
) -> None:
    """With an interval of 0: nothing is answered before, and many are answered after one sync."""
    journal = opened(flush_interval_seconds=0)
    disk.may_sync.clear()
    before = disk.syncs
    threads = [
        threading.Thread(target=journal.append, args=(span_of(number),)) for number in range(10)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: journal.status().appended == 10 and disk.syncs > before)
    assert all(thread.is_alive() for thread in threads)
    assert journal.status().durable == 0
    disk.may_sync.set()
    for thread in threads:
        thread.join(20)
    assert journal.status().durable == 10
    assert disk.syncs - before <= 3


def test_a_disk_that_hangs_costs_no_more_than_patience(
    opened: Callable[..., Journal], disk: ObedientDisk
) -> None:
    """The append is refused; the record may be there all the same."""
    journal = opened(flush_interval_seconds=0, patience_seconds=0.05)
    disk.may_sync.clear()
    with pytest.raises(JournalSyncError, match="in time"):
        journal.append(span_of(1))
    disk.may_sync.set()
    wait_until(lambda: journal.status().durable == 1)


def test_a_record_that_the_disk_refuses_is_never_confirmed(
    opened: Callable[..., Journal], disk: ObedientDisk, notices: list[Notice], tmp_path: Path
) -> None:
    """Nor does a later sync of the same segment count: it is given up for another."""
    journal = opened(flush_interval_seconds=0)
    journal.append(span_of(1))
    disk.sync_error = errno.EIO
    with pytest.raises(JournalSyncError, match="refused"):
        journal.append(span_of(2))
    assert journal.status().problem == "Input/output error"
    assert Event.DISK_FAILED in {notice.event for notice in notices}
    disk.sync_error = 0
    before = disk.syncs
    journal.append(span_of(3))
    assert disk.syncs == before + 1
    assert (journal.status().problem, journal.status().sync_failures) == ("", 1)
    first, second, *_ = segments_in(tmp_path)
    assert [frame.sequence for frame in read_segment(first)] == [1, 2]
    assert [frame.sequence for frame in read_segment(second)] == [3]


def test_a_burst_waits_for_a_segment_that_is_being_made(
    opened: Callable[..., Journal], disk: ObedientDisk
) -> None:
    """And goes on as soon as there is one."""
    journal = opened(patience_seconds=20)
    disk.may_create.clear()
    journal.append_all([span_of(n, LONG) for n in range(A_SEGMENT)])
    timer = threading.Timer(0.1, disk.may_create.set)
    timer.start()
    assert journal.append(span_of(9, LONG)) == A_SEGMENT + 1
    timer.join()


def test_a_burst_on_a_slow_disk_is_refused_after_patience(
    opened: Callable[..., Journal], disk: ObedientDisk
) -> None:
    """Legal decisions go into the reserve meanwhile."""
    journal = opened(patience_seconds=0.05)
    disk.may_create.clear()
    journal.append_all([span_of(n, LONG) for n in range(A_SEGMENT)])
    with pytest.raises(JournalFullError, match="in time"):
        journal.append(span_of(9, LONG))
    assert journal.append(span_of(10, LONG), legal=True) == A_SEGMENT + 1
    with pytest.raises(JournalFullError, match="reserve"):
        journal.append(span_of(11))
    assert (journal.status().refused, journal.status().restricted) == (2, True)
    disk.may_create.set()
    wait_until(lambda: not journal.status().restricted)
    assert journal.append(span_of(12)) == A_SEGMENT + 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_trouble_shows_ahead_and_goes_away_with_its_cause(
    opened: Callable[..., Journal], disk: ObedientDisk, notices: list[Notice], number: int
) -> None:
    """Before a decision is refused; those that have room are taken meanwhile."""
    journal = opened()
    journal.append(span_of(1, LONG))
    wait_until(lambda: journal.status().ready == 2)
    disk.create_error = number
    journal.append_all([span_of(n, LONG) for n in range(2, 2 + A_SEGMENT)])
    wait_until(lambda: bool(journal.status().problem))
    assert journal.append(span_of(7)) == A_SEGMENT + 2
    with pytest.raises(JournalFullError, match=journal.status().problem):
        journal.append_all([span_of(n, LONG) for n in range(A_SEGMENT)])
    disk.create_error = 0
    wait_until(lambda: journal.status().ready == 2)
    journal.append(span_of(8))
    events = [notice.event for notice in notices]
    assert events == [Event.DISK_FAILED, Event.DISK_RECOVERED]


def test_a_refusal_is_quick_once_the_disk_is_known_to_be_full(
    opened: Callable[..., Journal], disk: ObedientDisk
) -> None:
    """Callers are told at once, not after a wait that can't help."""
    journal = opened()
    disk.create_error = errno.ENOSPC
    fill(journal)
    begin = time.monotonic()
    for number in range(100):
        with pytest.raises(JournalFullError):
            journal.append(span_of(number, LONG))
    assert time.monotonic() - begin < 5


def test_a_journal_opens_on_a_full_disk(opened: Callable[..., Journal], disk: ObedientDisk) -> None:
    """It takes spans once there is room."""
    disk.create_error = errno.ENOSPC
    journal = opened()
    with pytest.raises(JournalFullError, match="No space left"):
        journal.append(span_of(1))
    disk.create_error = 0
    wait_until(lambda: journal.status().ready == 2)
    assert journal.append(span_of(1)) == 1


def test_a_write_that_fails_is_refused_and_leaves_no_gap(
    opened: Callable[..., Journal], disk: ObedientDisk, tmp_path: Path
) -> None:
    """Where files are written by calls."""
    journal = opened()
    journal.append(span_of(1))
    disk.write_error = errno.EIO
    with pytest.raises(JournalFullError, match="Input/output"):
        journal.append(span_of(2))
    disk.write_error = 0
    assert journal.append(span_of(3)) == 2
    assert [frame.span for frame in frames_in(tmp_path)] == [span_of(1), span_of(3)]


def test_sealing_is_tried_again(
    opened: Callable[..., Journal], disk: ObedientDisk, tmp_path: Path
) -> None:
    """A disk that refuses costs time, nothing else."""
    journal = opened()
    journal.append(span_of(1))
    (first, *_) = segments_in(tmp_path)
    disk.truncate_error = errno.EIO
    journal.rotate()
    wait_until(lambda: journal.status().durable == 1)
    assert not is_sealed(first)
    disk.truncate_error = 0
    wait_until(lambda: is_sealed(first))


def test_a_disk_that_refuses_recovery_is_told(tmp_path: Path, disk: ObedientDisk) -> None:
    """At opening: what earlier lives left must not be passed over."""
    disk.create_error = errno.ENOSPC
    (tmp_path / "worker-0.lock").mkdir()
    with pytest.raises(JournalError, match="can't be used"):
        Journal(options_in(tmp_path), disk=disk)
