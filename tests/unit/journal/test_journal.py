"""The journal: what was appended is read, in order, whatever happens in between."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path

import pytest
from comity.journal import (
    Event,
    Journal,
    JournalError,
    JournalFullError,
    JournalLockedError,
    Notice,
    SpanTooLongError,
    is_sealed,
    log_notice,
    read_header,
    read_segment,
    segments_in,
)
from comity.journal.disk import Disk, SystemDisk
from unit.journal.disks import (
    SEGMENT_BYTES,
    UnmappingDisk,
    frames_in,
    options_in,
    span_of,
    wait_until,
)


@pytest.mark.parametrize("disk", [SystemDisk(), UnmappingDisk()])
def test_spans_are_read_in_order_over_many_segments(tmp_path: Path, disk: Disk) -> None:
    """Every one, once, numbered from 1 without gaps; by whichever way files are written."""
    with Journal(options_in(tmp_path), disk=disk) as journal:
        numbers = [journal.append(span_of(n)) for n in range(1, 501)]
    assert numbers == list(range(1, 501))
    frames = frames_in(tmp_path)
    assert [frame.sequence for frame in frames] == numbers
    assert [frame.span for frame in frames] == [span_of(n) for n in numbers]
    assert len(segments_in(tmp_path)) > 4
    assert all(is_sealed(path) for path in segments_in(tmp_path))


def test_spans_appended_together_are_numbered_one_after_the_other(tmp_path: Path) -> None:
    """Over the ends of segments too."""
    with Journal(options_in(tmp_path)) as journal:
        journal.append(span_of(1))
        assert journal.append_all([span_of(n) for n in range(2, 302)]) == list(range(2, 302))
        assert journal.append_all([]) == []
    assert [frame.span for frame in frames_in(tmp_path)] == [span_of(n) for n in range(1, 302)]


def test_a_segment_says_whose_spans_it_holds(tmp_path: Path) -> None:
    """Its header has the resource, the scope and the worker, and agrees with its name."""
    before = time.time_ns()
    with Journal(options_in(tmp_path, worker=12)) as journal:
        journal.append(span_of(1))
    (path,) = segments_in(tmp_path)
    header = read_header(path)
    assert (header.resource, header.scope) == (b"resource", b"scope")
    assert (str(header.name), header.name.worker, header.name.sequence) == (path.name, 12, 1)
    assert before <= header.created <= time.time_ns()
    assert header.capacity == SEGMENT_BYTES


def test_nobody_else_may_read_segments(tmp_path: Path) -> None:
    """They are of their owner alone."""
    directory = tmp_path / "journal"
    with Journal(options_in(directory)) as journal:
        journal.append(span_of(1))
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in directory.iterdir())


def test_many_threads_append_at_once(tmp_path: Path) -> None:
    """Each number is given once, to the span that bears it in the journal."""
    given: dict[int, bytes] = {}

    def work(thread: int) -> None:
        for number in range(200):
            span = span_of(thread * 1000 + number)
            given[journal.append(span)] = span

    with Journal(options_in(tmp_path)) as journal:
        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(given) == list(range(1, 1601))
    assert {frame.sequence: frame.span for frame in frames_in(tmp_path)} == given


def test_a_reader_follows_the_writer(tmp_path: Path) -> None:
    """Reading on from where it ended, it sees every span once, and no damage."""
    total = 3000
    seen: list[int] = []
    damages: list[object] = []

    def follow() -> None:
        offsets: dict[Path, int] = {}
        while len(seen) < total:
            for path in segments_in(tmp_path):
                for frame in read_segment(path, offsets.get(path, 0), damages.append):
                    offsets[path] = frame.end
                    seen.append(frame.sequence)

    with Journal(options_in(tmp_path, budget_bytes=1 << 30)) as journal:
        reader = threading.Thread(target=follow)
        reader.start()
        for number in range(1, total + 1):
            journal.append(span_of(number, 100 + number % 900))
        reader.join(60)
    # What was added to a segment after it was read comes in the next round.
    assert sorted(seen) == list(range(1, total + 1))
    assert damages == []


def test_only_one_journal_writes_as_a_worker(tmp_path: Path) -> None:
    """Another is refused until the first is closed; other workers are free."""
    with Journal(options_in(tmp_path)):
        with pytest.raises(JournalLockedError, match="worker 0"):
            Journal(options_in(tmp_path))
        Journal(options_in(tmp_path, worker=1)).close()
    Journal(options_in(tmp_path)).close()


def test_a_segment_is_sealed_when_it_is_old(tmp_path: Path) -> None:
    """So that what it holds can go on its way, though little is asked."""
    with Journal(options_in(tmp_path, rotate_seconds=0.01)) as journal:
        journal.append(span_of(1))
        (first, *_) = segments_in(tmp_path)
        wait_until(lambda: is_sealed(first))
        journal.append(span_of(2))
        assert [frame.sequence for frame in read_segment(first)] == [1]
    assert [frame.sequence for frame in frames_in(tmp_path)] == [1, 2]


def test_rotating_seals_at_once(tmp_path: Path) -> None:
    """For whoever waits for what is recorded."""
    with Journal(options_in(tmp_path)) as journal:
        journal.rotate()
        journal.append(span_of(1))
        (first, *_) = segments_in(tmp_path)
        journal.rotate()
        wait_until(lambda: is_sealed(first))
        assert journal.append(span_of(2)) == 2


def test_segments_that_were_not_used_are_removed(tmp_path: Path) -> None:
    """A journal without spans leaves none."""
    journal = Journal(options_in(tmp_path))
    assert len(segments_in(tmp_path)) == 2
    journal.close()
    journal.close()
    assert segments_in(tmp_path) == []


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    """It says so."""
    journal = Journal(options_in(tmp_path))
    journal.close()
    with pytest.raises(JournalFullError, match="closed"):
        journal.append(span_of(1))


@pytest.mark.parametrize("length", [0, SEGMENT_BYTES // 4 + 1])
def test_a_span_that_no_segment_can_hold_is_refused(tmp_path: Path, length: int) -> None:
    """The next one finds its place."""
    with Journal(options_in(tmp_path)) as journal:
        with pytest.raises(SpanTooLongError):
            journal.append(b"x" * length)
        assert journal.append(b"x" * (SEGMENT_BYTES // 4)) == 1


def test_a_directory_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """Here a file is in its place."""
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="can't be used"):
        Journal(options_in(tmp_path / "file"))


@pytest.mark.parametrize(
    "changed",
    [
        {"segment_bytes": 1000},
        {"budget_bytes": 3 * SEGMENT_BYTES - 1},
        {"budget_bytes": 3 * SEGMENT_BYTES, "reserve_segments": 2},
        {"resource": b"r" * SEGMENT_BYTES},
    ],
)
def test_options_that_cannot_work_are_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    """Before anything is written."""
    with pytest.raises(ValueError, match=r"bytes|half a segment"):
        options_in(tmp_path, **changed)


def test_notices_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """By those who want nothing else."""
    log_notice(Notice(Event.DROPPED, "a.seg", 3))
    assert caplog.messages == ["journal dropped: segment a.seg, 3 spans: -"]
