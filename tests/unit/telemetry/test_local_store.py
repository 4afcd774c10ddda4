"""The local store of traces: what is written is read, whatever happens in between."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import stat
import sys
import threading
from pathlib import Path

import pytest
from comity.telemetry.local_store import LocalTraceStore, trace_files, traces_in
from comity.telemetry.otlp_json import encode_line
from comity.telemetry.reading import TraceReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from unit.telemetry.in_memory import InMemoryTelemetry


def made(*names: str) -> tuple[ReadableSpan, ...]:
    """Return ended spans."""
    telemetry = InMemoryTelemetry()
    for name in names:
        with telemetry.span(name, {"text": "päß", "many": ("a", "b"), "yes": True, "n": 3}):
            pass
    return telemetry.spans()


def names(reader: TraceReader) -> list[str]:
    """Return the names of the spans that are new to `reader`."""
    return [span.name for span in reader.new_spans()]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where traces are kept; not there yet."""
    return traces_in(tmp_path)


@pytest.fixture
def store(directory: Path) -> LocalTraceStore:
    """A store of a worker's spans."""
    return LocalTraceStore(directory, "worker")


def test_what_is_kept_is_read_as_it_was(directory: Path, store: LocalTraceStore) -> None:
    """Names, ids, times, attributes and the process."""
    spans = made("one")
    assert store.export(spans) is SpanExportResult.SUCCESS
    (found,) = TraceReader(directory).new_spans()
    assert spans[0].context is not None
    assert found.trace_id == f"{spans[0].context.trace_id:032x}"
    assert found.span_id == f"{spans[0].context.span_id:016x}"
    assert found.parent_id == "0" * 16
    assert (found.start_ns, found.end_ns) == (spans[0].start_time, spans[0].end_time)
    assert found.attributes == {"text": "päß", "many": ("a", "b"), "yes": True, "n": 3}
    assert (found.name, found.role, found.failed) == ("one", "worker", False)


def test_a_reader_gets_each_span_once_while_the_store_is_written(
    directory: Path, store: LocalTraceStore
) -> None:
    """It may begin before there is a store."""
    reader = TraceReader(directory)
    assert names(reader) == []
    store.export(made("one"))
    assert names(reader) == ["one"]
    store.export(made("two", "three"))
    assert names(reader) == ["two", "three"]
    assert names(reader) == []


def test_a_torn_line_is_left_until_it_has_an_end(directory: Path, store: LocalTraceStore) -> None:
    """What a killed process left behind never shows; what is being written shows once whole."""
    store.export(made("one"))
    (path,) = trace_files(directory)
    line = encode_line(made("two"))
    reader = TraceReader(directory)
    with path.open("ab") as file:
        file.write(line[:100])
    assert names(reader) == ["one"]
    with path.open("ab") as file:
        file.write(line[100:])
    assert names(reader) == ["two"]


@pytest.mark.parametrize(
    "damage",
    [
        b"\n",
        b"{}\n",
        b"[1]\n",
        b"\xff\xfe\n",
        b'{"resourceSpans":[{"scopeSpans":[]}]}\n',
        b'{"resourceSpans":[{"resource":{"attributes":[]},"scopeSpans":[{"spans":[{}]}]}]}\n',
    ],
)
def test_a_damaged_line_is_passed_over(
    directory: Path, store: LocalTraceStore, damage: bytes
) -> None:
    """The others count."""
    store.export(made("one"))
    (path,) = trace_files(directory)
    path.write_bytes(damage + path.read_bytes() + damage)
    assert names(TraceReader(directory)) == ["one"]


def test_only_the_owner_may_read(directory: Path, store: LocalTraceStore) -> None:
    """Traces hold no personal data, and still they are nobody else's business."""
    store.export(made("one"))
    (path,) = trace_files(directory)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_oldest_files_make_room(directory: Path) -> None:
    """The store stays within its size, a file for each process aside."""
    line = len(encode_line(made("span-00")))
    store = LocalTraceStore(directory, "worker", most_bytes=line * 6, file_bytes=line * 2)
    for number in range(20):
        assert store.export(made(f"span-{number:02}")) is SpanExportResult.SUCCESS
        kept = [path.stat().st_size for path in trace_files(directory)]
        assert sum(kept) <= line * 6
    assert names(TraceReader(directory)) == [f"span-{number:02}" for number in range(14, 20)]


def test_many_small_files_make_room_too(directory: Path) -> None:
    """A process that keeps dying doesn't fill the directory with files."""
    directory.mkdir()
    for number in range(300):
        (directory / f"{number:020d}-worker-1.jsonl").write_bytes(b"")
    LocalTraceStore(directory, "worker").export(made("one"))
    assert len(trace_files(directory)) == 256
    assert names(TraceReader(directory)) == ["one"]


def test_a_file_that_another_process_removed_is_not_written_to(
    directory: Path, store: LocalTraceStore
) -> None:
    """Spans go where they are found."""
    store.export(made("one"))
    for path in trace_files(directory):
        path.unlink()
    store.export(made("two"))
    assert names(TraceReader(directory)) == ["two"]


def test_a_reader_survives_the_removal_of_files(directory: Path) -> None:
    """It goes on with those that are there."""
    store = LocalTraceStore(directory, "worker", file_bytes=1)
    store.export(made("one"))
    store.export(made("two"))
    reader = TraceReader(directory)
    spans = reader.new_spans()
    assert next(spans).name == "one"
    for path in trace_files(directory):
        path.unlink()
    assert list(spans) == []
    store.export(made("three"))
    assert names(reader) == ["three"]


def test_a_place_that_cannot_be_written_is_a_failure_and_no_exception(
    directory: Path, store: LocalTraceStore
) -> None:
    """As soon as it can be written, spans are kept again."""
    directory.write_text("in the way")
    assert store.export(made("one")) is SpanExportResult.FAILURE
    directory.unlink()
    assert store.export(made("two")) is SpanExportResult.SUCCESS
    assert names(TraceReader(directory)) == ["two"]


def write_until_full(directory: Path) -> None:
    """Write under a limit, as on a full disk; end with 0 if only the third export fails."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = LocalTraceStore(directory, "worker")
    line = len(encode_line(made("span")))
    resource.setrlimit(resource.RLIMIT_FSIZE, (line * 2 + line // 2, line * 100))
    results = [store.export(made("span")) is SpanExportResult.SUCCESS for _ in range(3)]
    sys.exit(results != [True, True, False])


def test_a_full_disk_leaves_whole_lines(directory: Path) -> None:
    """What doesn't fit fails and leaves nothing behind."""
    process = multiprocessing.get_context("spawn").Process(
        target=write_until_full, args=(directory,)
    )
    process.start()
    process.join(60)
    assert process.exitcode == 0
    content = b"".join(path.read_bytes() for path in trace_files(directory))
    assert content.count(b"\n") == 2
    assert content.endswith(b"\n")


def test_processes_write_into_one_directory_at_the_same_time(directory: Path) -> None:
    """Each has files of its own, even within one process."""
    stores = [LocalTraceStore(directory, role) for role in ("worker", "supervisor")]
    span = made("span")
    threads = [
        threading.Thread(target=lambda store=store: [store.export(span) for _ in range(50)])
        for store in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(TraceReader(directory))) == 100
    assert len(trace_files(directory)) == 2
    assert str(os.getpid()) in trace_files(directory)[0].name


def write_until_killed(directory: Path) -> None:
    """Write spans, numbered, for as long as there is time."""
    store = LocalTraceStore(directory, "worker", file_bytes=1 << 15)
    for number in range(1_000_000):
        store.export(made(str(number)))


def test_a_killed_process_loses_no_line_that_it_had_written(directory: Path) -> None:
    """What is read are the first so many spans, without a gap."""
    process = multiprocessing.get_context("spawn").Process(
        target=write_until_killed, args=(directory,)
    )
    process.start()
    reader, found = TraceReader(directory), list[str]()
    while len(found) < 200:
        assert process.is_alive()
        found += names(reader)
    process.kill()
    process.join(60)
    found += names(reader)
    assert found == [str(number) for number in range(len(found))]
