"""The budget: what gives way when it is spent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from comity.journal import (
    Event,
    Journal,
    JournalFullError,
    Notice,
    Recipient,
    WhenFull,
    is_exported,
    is_sealed,
    mark_archived,
    mark_exported,
    read_segment,
    segments_in,
)
from comity.journal.disk import SystemDisk
from comity.journal.losses import NAME, SEGMENT, SPANS, Losses
from comity.journal.room import Room
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from unit.journal.disks import (
    A_SEGMENT,
    LONG,
    SEGMENT_BYTES,
    fill,
    frames_in,
    options_in,
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
    # What told of the first may have been dropped itself.
    lost = [(notice.segment, notice.spans) for notice in notices]
    wait_until(lambda: [*told_losses(tmp_path)][-1:] == lost[-1:])
    told = [*told_losses(tmp_path)]
    assert told == lost[-len(told) :]


@pytest.mark.parametrize("torn_at", [None, 0, 1, 2])
def test_what_is_dropped_is_counted_whatever_became_of_it(
    opened: Callable[..., Journal], tmp_path: Path, torn_at: int | None
) -> None:
    """A damaged first frame tells no number: then what can still be read is counted."""
    journal = opened()
    for number in range(1, 3 * A_SEGMENT + 1):
        journal.append(span_of(number, LONG))
    journal.close()
    segments = segments_in(tmp_path)[:3]
    starts = [next(read_segment(segment)).offset for segment in segments]
    if torn_at is not None:
        octets = bytearray(segments[torn_at].read_bytes())
        octets[starts[torn_at] + 100] ^= 1
        segments[torn_at].write_bytes(octets)
    room = Room(options_in(tmp_path, when_full=WhenFull.DROP_OLDEST), SystemDisk())
    with room.held():
        lost = [next(room.remove_one()) for _ in segments]
    assert [notice.segment for notice in lost] == [segment.name for segment in segments]
    assert [notice.spans for notice in lost] == [
        A_SEGMENT - (torn_at == number) for number in range(3)
    ]


def told_losses(directory: Path) -> Iterator[tuple[str, int]]:
    """Yield segment and number of spans of each loss that a span tells of."""
    for frame in frames_in(directory):
        if b"comity.journal.dropped" in frame.span:
            span = Span.FromString(frame.span)
            assert (span.name, span.status.code) == (NAME, Status.STATUS_CODE_ERROR)
            assert len(span.trace_id) == 2 * len(span.span_id) == 16
            assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
            told = {pair.key: pair.value for pair in span.attributes}
            yield told[SEGMENT].string_value, told[SPANS].int_value


def test_a_loss_is_told_once_there_is_room() -> None:
    """It is not forgotten while it can't be recorded, and not told twice."""
    losses, told = Losses(), list[bytes]()
    losses.note(Notice(Event.DROPPED, "one.seg", 7))
    losses.note(Notice(Event.TAIL_CUT, "other.seg", 1))
    losses.tell(lambda _: None)
    losses.tell(refuse_span)
    losses.tell(lambda span: told.append(span) or len(told))
    losses.tell(lambda span: told.append(span) or len(told))
    assert [b"one.seg" in span for span in told] == [True]


def refuse_span(span: bytes) -> int:
    """Be a journal without room."""
    raise JournalFullError(str(len(span)))


@pytest.mark.parametrize(
    ("recipients", "marked"),
    [
        ({Recipient.COLLECTOR}, (mark_exported,)),
        ({Recipient.ARCHIVE}, (mark_archived,)),
        ({Recipient.COLLECTOR, Recipient.ARCHIVE}, (mark_exported, mark_archived)),
    ],
)
def test_a_segment_stays_until_all_have_it(
    opened: Callable[..., Journal],
    tmp_path: Path,
    recipients: set[Recipient],
    marked: tuple[Callable[[Path], None], ...],
) -> None:
    """Within the budget an archive in use protects what was exported; its marks go with it."""
    journal = opened(budget_bytes=6 * SEGMENT_BYTES, recipients=frozenset(recipients))
    fill(journal)
    first, *_ = segments_in(tmp_path)
    wait_until(lambda: is_sealed(first))
    for mark in {mark_exported, mark_archived} - {*marked} | {*marked[:-1]}:
        mark(first)
    room = Room(options_in(tmp_path, recipients=frozenset(recipients)), SystemDisk())
    with room.held(), pytest.raises(JournalFullError):
        next(room.remove_one())
    assert first.exists()
    marked[-1](first)
    wait_until(lambda: not first.exists())
    wait_until(lambda: not [*tmp_path.glob(f"{first.name}*")])


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
