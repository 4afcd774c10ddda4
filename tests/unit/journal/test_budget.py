"""The budget: what gives way when it is spent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from comity.journal import (
    Event,
    Journal,
    Notice,
    WhenFull,
    is_exported,
    is_sealed,
    mark_exported,
    segments_in,
)
from unit.journal.disks import (
    A_SEGMENT,
    LONG,
    SEGMENT_BYTES,
    fill,
    frames_in,
    span_of,
    wait_until,
)


def test_a_spent_budget_refuses_by_default(
    opened: Callable[..., Journal], tmp_path: Path, notices: list[Notice]
) -> None:
    """Nothing that was not exported is removed; legal decisions still have their reserve."""
    journal = opened(budget_bytes=6 * SEGMENT_BYTES)
    last = fill(journal)
    assert last == 5 * A_SEGMENT
    assert journal.status().problem == "no segment may be removed"
    assert fill(journal, last + 1, legal=True) == 6 * A_SEGMENT
    assert [frame.span for frame in frames_in(tmp_path)] == [
        span_of(n, LONG) for n in range(1, 6 * A_SEGMENT + 1)
    ]
    assert sum(path.stat().st_size for path in segments_in(tmp_path)) <= 6 * SEGMENT_BYTES
    assert [notice.event for notice in notices] == [Event.DISK_FAILED]


def test_exported_segments_make_room(opened: Callable[..., Journal], tmp_path: Path) -> None:
    """Only they: the first that was exported goes, not the first."""
    journal = opened(budget_bytes=6 * SEGMENT_BYTES)
    last = fill(journal)
    first, second, *_ = segments_in(tmp_path)
    wait_until(lambda: is_sealed(second))
    mark_exported(second)
    assert is_exported(second)
    wait_until(lambda: journal.status().ready == 2)
    assert fill(journal, last + 1) > last
    assert (first.exists(), second.exists(), is_exported(second)) == (True, False, False)
    assert journal.status().dropped == 0


def test_the_oldest_are_dropped_if_that_was_chosen(
    opened: Callable[..., Journal], tmp_path: Path, notices: list[Notice]
) -> None:
    """They are counted and reported, and legal decisions are not among them."""
    journal = opened(budget_bytes=6 * SEGMENT_BYTES, when_full=WhenFull.DROP_OLDEST)
    journal.append(span_of(1, LONG), legal=True)
    (legal, *_) = segments_in(tmp_path)
    for number in range(2, 12 * A_SEGMENT + 1):
        wait_until(lambda: journal.status().ready > 1)
        journal.append(span_of(number, LONG))
    kept = {frame.sequence for frame in frames_in(tmp_path)}
    missing = set(range(1, 12 * A_SEGMENT + 1)) - kept
    assert legal.exists()
    assert set(range(1, A_SEGMENT + 1)) <= kept
    assert missing == set(range(A_SEGMENT + 1, A_SEGMENT + 1 + len(missing)))
    assert journal.status().dropped == len(missing) > 0
    assert sum(notice.spans for notice in notices) == len(missing)
    assert {notice.event for notice in notices} == {Event.DROPPED}
    assert journal.status().refused == 0


def test_workers_share_the_budget(opened: Callable[..., Journal], tmp_path: Path) -> None:
    """Together they stay within it."""
    journals = [opened(worker=worker, budget_bytes=9 * SEGMENT_BYTES) for worker in (0, 1)]
    threads = [threading.Thread(target=fill, args=(journal,)) for journal in journals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(path.stat().st_size for path in segments_in(tmp_path)) <= 9 * SEGMENT_BYTES
    assert len(segments_in(tmp_path)) == 9
