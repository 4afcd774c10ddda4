"""The export of journals that were damaged, torn, dropped from, or can't be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from comity.journal import (
    Journal,
    WhenFull,
    is_exported,
    is_sealed,
    read_header,
    read_segment,
    segments_in,
)
from comity.journal.exporting import (
    Counts,
    Cursor,
    ExportOptions,
)
from comity.journal.exporting.backlog import Backlog
from unit.journal.exports import (
    LIMITS,
    KeepingSender,
    Waits,
    damage,
    export,
    open_journal,
    otlp_span,
    write,
)


def test_damaged_frames_are_passed_over_and_counted(tmp_path: Path, sender: KeepingSender) -> None:
    """In the middle of a segment, and where it is the first of all; the rest arrives."""
    written = write(tmp_path, *range(1, 101))
    first, second = segments_in(tmp_path)[:2]
    damage(first, 10)
    damage(first, 0)
    damage(second, 0)
    start = next(read_segment(second)).sequence
    cursor = export(tmp_path, sender, ExportOptions(LIMITS))
    lost = {written[0], written[10], written[start - 2]}
    assert sender.taken() == [span for span in written if span not in lost]
    assert cursor.counts == Counts(delivered=97, missing=3)


def test_a_segment_without_a_header_is_left(
    tmp_path: Path, sender: KeepingSender, caplog: pytest.LogCaptureFixture
) -> None:
    """Said once in the log, not marked; the others arrive."""
    written = write(tmp_path, *range(1, 101))
    first, second = segments_in(tmp_path)[:2]
    behind = next(read_segment(second)).sequence
    with first.open("r+b") as file:
        file.write(b"?")
    export(tmp_path, sender)
    assert sender.taken() == written[behind - 1 :]
    backlog = Backlog(tmp_path, Cursor(), LIMITS)
    for _ in range(4):
        list(backlog.batches())
    assert caplog.text.count("can't be exported") == 2
    assert not is_exported(first)


def test_what_was_lost_with_the_node_ends_a_segment(tmp_path: Path, sender: KeepingSender) -> None:
    """The cursor may lie behind the end: the spans there were exported before they were lost."""
    write(tmp_path, 1, 2, 3)
    (segment,) = segments_in(tmp_path)
    cursor = Cursor({segment.name: segment.stat().st_size + 500})
    cursor.save(tmp_path)
    export(tmp_path, sender)
    assert sender.taken() == []
    assert is_exported(segment)


def test_a_torn_tail_is_left_until_it_is_cut(tmp_path: Path, sender: KeepingSender) -> None:
    """What the next life of the worker records comes behind it."""
    written = write(tmp_path, 1, 2)
    (segment,) = segments_in(tmp_path)
    with segment.open("r+b") as file:
        file.truncate(read_header(segment).capacity)
        file.seek(list(read_segment(segment))[-1].end)
        file.write(b"\x20\x00\x00\x00torn")
    export(tmp_path, sender)
    assert not is_exported(segment)
    written += write(tmp_path, 3)
    cursor = export(tmp_path, sender)
    assert sender.taken() == written
    assert cursor.counts == Counts(delivered=3)
    assert all(map(is_exported, segments_in(tmp_path)))


def test_a_frame_that_looked_torn_is_not_passed_over(tmp_path: Path, journal: Journal) -> None:
    """Torn ends are looked at now and then only; but always before a later segment is exported."""
    journal.append(otlp_span(1))
    segment, later, *_ = segments_in(tmp_path)
    (frame,) = read_segment(segment)
    backlog = Backlog(tmp_path, Cursor({segment.name: frame.end}), LIMITS)
    with segment.open("r+b") as file:
        file.seek(frame.end)
        file.write(b"\x20\x00\x00\x00torn")
    assert list(backlog.batches()) == []
    journal.append(otlp_span(2))
    assert list(backlog.batches()) == []
    journal.rotate()
    journal.append(otlp_span(3))
    assert list(read_segment(later))
    (batch,) = backlog.batches()
    assert [frame.span for frame in batch.frames] == [otlp_span(2)]


def test_what_was_dropped_to_make_room_is_missing(tmp_path: Path, sender: KeepingSender) -> None:
    """Counted by the exporter too, from the sequence numbers; exported segments go first."""
    small = 1 << 16
    with open_journal(tmp_path, budget_bytes=5 * small, when_full=WhenFull.DROP_OLDEST) as journal:
        for number in range(1, 21):
            journal.append(otlp_span(number))
        export(tmp_path, sender)
        for number in range(21, 1001):
            journal.append(otlp_span(number))
        journal.flush(20)
    cursor = export(tmp_path, sender)
    assert cursor.counts.missing > 0
    # What was lost is told by spans in the journal, as far as there was room for them meanwhile.
    appended = journal.status().appended
    assert appended >= 1000
    assert cursor.counts.delivered + cursor.counts.missing == appended
    assert len(sender.taken()) == len(set(sender.taken())) == cursor.counts.delivered


def test_a_mark_does_not_outlive_its_segment(tmp_path: Path, sender: KeepingSender) -> None:
    """The cursor forgets removed segments, and what became of their spans not."""
    write(tmp_path, *range(1, 201))
    export(tmp_path, sender)
    for path in segments_in(tmp_path):
        path.unlink()
        path.with_name(f"{path.name}.exported").unlink()
    write(tmp_path, 201)
    cursor = export(tmp_path, sender)
    assert len(cursor.offsets) == len(cursor.sequences) == 1
    assert cursor.counts == Counts(delivered=201)
    assert {path.suffix for path in tmp_path.iterdir()} == {
        *(".seg", ".exported", ".lock", ".cursor", ".attempt")
    }


def test_a_disk_that_refuses_the_cursor_is_asked_again(
    tmp_path: Path, sender: KeepingSender, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent twice because of that."""
    written = write(tmp_path, 1, 2)
    obstacle = tmp_path / "export.cursor.tmp"
    obstacle.mkdir()

    def remove() -> bool:
        if len(waits.seconds) == 3:
            obstacle.rmdir()
        return False

    waits = Waits(remove)
    cursor = export(tmp_path, sender, waits=waits)
    assert waits.seconds == [0.5, 1, 2]
    assert "the disk refuses" in caplog.text
    assert sender.taken() == written
    assert cursor.counts == Counts(delivered=2)


def test_sealed_segments_are_marked_without_spans_to_send(
    tmp_path: Path, sender: KeepingSender
) -> None:
    """If a crash came between cursor and mark."""
    write(tmp_path, 1)
    export(tmp_path, sender)
    (segment,) = segments_in(tmp_path)
    segment.with_name(f"{segment.name}.exported").unlink()
    assert is_sealed(segment)
    export(tmp_path, sender)
    assert is_exported(segment)
    assert len(sender.requests) == 1
