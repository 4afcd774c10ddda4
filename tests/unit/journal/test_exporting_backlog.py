"""What is exported next, while segments are written, damaged and removed."""

from __future__ import annotations

from collections.abc import Iterator
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
    Accepted,
    Answer,
    BatchLimits,
    Counts,
    Cursor,
    Deferred,
    Exporter,
    ExportOptions,
    encode_request,
)
from comity.journal.exporting.backlog import Backlog
from unit.journal.collectors import spans
from unit.journal.exports import Waits, export, open_journal, otlp_span, write

LIMITS = BatchLimits(most_spans=40)


class KeepingSender:
    """A `Sender` that takes everything, unless it is told otherwise.

    Attributes:
        requests: every request taken.
        answers: what to answer to the next requests.
    """

    def __init__(self, *answers: Answer) -> None:
        """Answer `answers` first."""
        self.requests: list[bytes] = []
        self.answers = list(answers)

    def send(self, request: bytes) -> Answer:
        """Take `request`."""
        answer = self.answers.pop(0) if self.answers else Accepted()
        if isinstance(answer, Accepted):
            self.requests.append(request)
        return answer

    def close(self) -> None:
        """Do nothing."""

    def taken(self) -> list[bytes]:
        """Return the spans of all requests."""
        return [span for request in self.requests for span in spans(request)]


@pytest.fixture
def sender() -> KeepingSender:
    """A sender that takes everything."""
    return KeepingSender()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal that is being written."""
    with open_journal(tmp_path) as opened:
        yield opened


def test_a_segment_is_exported_while_it_is_written(
    tmp_path: Path, journal: Journal, sender: KeepingSender
) -> None:
    """And not marked before it is sealed."""
    for number in range(1, 4):
        journal.append(otlp_span(number))
        export(tmp_path, sender)
    assert sender.taken() == [otlp_span(number) for number in range(1, 4)]
    assert len(sender.requests) == 3
    assert not any(map(is_exported, segments_in(tmp_path)))
    journal.close()
    export(tmp_path, sender)
    assert all(map(is_exported, segments_in(tmp_path)))
    assert len(sender.requests) == 3


def test_frames_that_come_late_come_first(tmp_path: Path, journal: Journal) -> None:
    """A segment that was empty may have got its last spans before the next is looked at."""
    cursor = Cursor()
    backlog = Backlog(tmp_path, cursor, LIMITS)
    first, second, *_ = segments_in(tmp_path)
    journal.append(otlp_span(1))
    journal.rotate()
    journal.append(otlp_span(2))
    assert list(read_segment(second))
    # As if the look at the first segment had been before its span.
    read, calls = backlog._read, list[Path]()

    def read_late(segment: Path) -> object:
        calls.append(segment)
        return None if len(calls) == 1 else read(segment)

    backlog._read = read_late  # type: ignore[method-assign,assignment]
    (batch,) = backlog.batches()
    assert batch.segment == first
    assert calls == [first, second, first]


def test_batches_depend_on_nothing_but_where_they_begin_and_end(
    tmp_path: Path, sender: KeepingSender
) -> None:
    """A second export, from the beginning, sends the same requests; as does another exporter."""
    write(tmp_path, *range(1, 201))
    options, other = ExportOptions(LIMITS), KeepingSender()
    export(tmp_path, sender, options)
    (tmp_path / "export.cursor").unlink()
    for segment in segments_in(tmp_path):
        segment.with_name(f"{segment.name}.exported").unlink()
    export(tmp_path, other, options)
    assert other.requests == sender.requests
    assert len(sender.requests) > 5


def test_a_batch_is_bounded_in_octets(tmp_path: Path, sender: KeepingSender) -> None:
    """A span that is longer than the bound is sent alone."""
    written = [otlp_span(number, length=length) for number, length in ((1, 9), (2, 4000), (3, 9))]
    with open_journal(tmp_path) as journal:
        journal.append_all(written)
    export(tmp_path, sender, ExportOptions(BatchLimits(most_bytes=1000)))
    assert [spans(request) for request in sender.requests] == [[span] for span in written]


def test_damaged_frames_are_passed_over_and_counted(tmp_path: Path, sender: KeepingSender) -> None:
    """In the middle of a segment, and where it is the first; the rest arrives."""
    written = write(tmp_path, *range(1, 101))
    first, second = segments_in(tmp_path)[:2]
    damage(first, 10)
    damage(second, 0)
    start = next(read_segment(second)).sequence
    cursor = export(tmp_path, sender, ExportOptions(LIMITS))
    lost = {written[10], written[start - 2]}
    assert sender.taken() == [span for span in written if span not in lost]
    assert cursor.counts == Counts(delivered=98, missing=2)


def damage(segment: Path, number: int) -> None:
    """Change an octet in a frame."""
    frame = list(read_segment(segment))[number]
    with segment.open("r+b") as file:
        file.seek(frame.end - 1)
        file.write(bytes((frame.span[-1] ^ 1,)))


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
    assert cursor.counts.delivered + cursor.counts.missing == 1000
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
        *(".seg", ".exported", ".lock", ".cursor")
    }


def test_the_cursor_passes_nothing_that_was_not_taken(tmp_path: Path) -> None:
    """Each part of a batch is passed on its own."""
    write(tmp_path, *range(1, 101))
    sender = KeepingSender(Accepted(), Deferred("away"))
    exporter = Exporter(
        tmp_path, sender, ExportOptions(LIMITS), pause=Waits(lambda: True), draw=lambda: 1
    )
    exporter.stop()
    exporter.run()
    exporter.close()
    assert len(sender.requests) == 1
    first = segments_in(tmp_path)[0]
    assert Cursor.load(tmp_path).offsets == {first.name: list(read_segment(first))[39].end}
    export(tmp_path, sender, ExportOptions(LIMITS))
    assert sender.taken() == [otlp_span(number) for number in range(1, 101)]


def test_a_stop_lets_what_is_there_be_sent(tmp_path: Path, sender: KeepingSender) -> None:
    """As long as all goes well; so that the last spans of a server arrive."""
    written = write(tmp_path, *range(1, 201))
    exporter = Exporter(tmp_path, sender, ExportOptions(LIMITS))
    exporter.stop()
    exporter.run()
    exporter.close()
    assert sender.taken() == written


def test_it_waits_for_spans_to_come_together(
    tmp_path: Path, journal: Journal, sender: KeepingSender
) -> None:
    """It looks into an idle journal now and then, and ends when stopped."""

    def go_on() -> bool:
        number = len(waits.seconds)
        journal.append(otlp_span(number))
        if number == 3:
            exporter.stop()
        return number == 3

    waits = Waits(go_on)
    exporter = Exporter(tmp_path, sender, pause=waits)
    exporter.run()
    exporter.close()
    assert waits.seconds == [0.2] * 3
    assert [len(spans(request)) for request in sender.requests] == [1, 1, 1]


def test_an_empty_request_has_resource_and_scope_only(tmp_path: Path) -> None:
    """By which a collector that refuses everything is told from one that refuses a span."""
    write(tmp_path, 1)
    (segment,) = segments_in(tmp_path)
    assert spans(encode_request(read_header(segment), ())) == []


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
