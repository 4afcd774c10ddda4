"""What is exported next, while segments are written."""

from __future__ import annotations

from pathlib import Path

from comity.journal import (
    Journal,
    is_exported,
    read_header,
    read_segment,
    segments_in,
)
from comity.journal.exporting import (
    Accepted,
    BatchLimits,
    Cursor,
    Deferred,
    Exporter,
    ExportOptions,
    encode_request,
)
from comity.journal.exporting.backlog import Backlog
from unit.journal.collectors import spans
from unit.journal.exports import (
    LIMITS,
    KeepingSender,
    Waits,
    export,
    open_journal,
    otlp_span,
    write,
)


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
