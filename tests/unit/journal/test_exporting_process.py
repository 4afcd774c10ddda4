"""`comity journal export` as a process: killed, stopped, and without its collector."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from comity.cli.journal_texts import exported_line
from comity.journal import is_exported, read_segment, segments_in
from comity.journal.exporting import (
    Counts,
    Cursor,
    Exporter,
    ExportOptions,
    Pauses,
    is_exporting,
    open_sender,
)
from comity.journal.exporting.cursor import ExportLock
from integration.server_process import environment_of, eventually
from unit.journal.collectors import (
    BUSY,
    COLLECTORS,
    TAKEN,
    Collected,
    Opened,
    Reply,
    grpc_collector,
    http_collector,
    spans,
)
from unit.journal.exports import open_journal, otlp_span, write
from unit.journal.test_exporting_sampling import decision

pytestmark = pytest.mark.processes


@contextmanager
def exporting(
    home: Path,
    journal: Path,
    collected: Collected,
    *flags: str,
    stderr: bool = False,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[subprocess.Popen[str]]:
    """Export as a process, which is gone at the end."""
    environment: Mapping[str, str] = {
        **environment_of(home),
        **collected.environment(),
        "PYTHONPATH": str(Path(__file__).parents[3] / "service"),
        **variables,
    }
    command = [sys.executable, "-m", "comity", "journal", "export", str(journal), "--json", *flags]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        env=environment,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe if stderr else None,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, Counts]:
    """Return how a process ended that was told to, and what it says was exported."""
    out, _ = process.communicate(timeout=30)
    return process.returncode, Counts(**json.loads(out))


@pytest.mark.parametrize(
    ("opened", "kills"), [(grpc_collector, 2), (http_collector, 1)], ids=["grpc", "http"]
)
def test_a_killed_exporter_loses_nothing(tmp_path: Path, opened: Opened, kills: int) -> None:
    """Killed again and again, in the middle of batches: each span arrives at least once."""
    written = write(tmp_path / "journal", *range(1, 1201))
    passed: list[int] = []

    def slowly(request: bytes) -> Reply:
        time.sleep(0.02)
        return TAKEN if spans(request) else BUSY

    with opened() as collected:
        collected.answer = slowly
        for _ in range(kills):
            before = len(collected.requests)
            with exporting(tmp_path, tmp_path / "journal", collected) as process:
                eventually(lambda number=before: len(collected.requests) > number + 3)
                process.kill()
                process.wait(30)
            passed.append(Cursor.load(tmp_path / "journal").counts.delivered)
            assert 0 < passed[-1] <= len(set(collected.taken()))
            assert is_behind_what_was_taken(tmp_path / "journal", collected)
        with exporting(tmp_path, tmp_path / "journal", collected, "--once") as process:
            code, counts = ended(process)
        taken = collected.taken()
    assert (code, counts) == (0, Counts(delivered=1200, repeated=counts.repeated))
    assert set(taken) == set(written)
    assert passed == sorted(passed)
    most = kills * max(len(spans(request)) for request in collected.requests)
    assert len(taken) - len(written) <= counts.repeated <= most
    assert all(map(is_exported, segments_in(tmp_path / "journal")))


def is_behind_what_was_taken(journal: Path, collected: Collected) -> bool:
    """Return whether a collector has everything that the cursor has passed."""
    cursor, taken = Cursor.load(journal), set(collected.taken())
    return all(
        frame.span in taken
        for segment in segments_in(journal)
        for frame in read_segment(segment)
        if frame.offset < cursor.offsets.get(segment.name, 0)
    )


@pytest.mark.parametrize("opened", COLLECTORS, ids=["grpc", "http"])
def test_a_collector_that_leaves_and_comes_back_gets_everything(
    tmp_path: Path, opened: Opened
) -> None:
    """What is recorded meanwhile too; what it had taken before is not sent again."""
    written = [otlp_span(number) for number in range(1, 31)]
    options = ExportOptions(pauses=Pauses(0.01, 0.05), poll_seconds=0.01)
    with open_journal(tmp_path) as journal, ThreadPoolExecutor(1) as pool:
        with opened() as first:
            exporter = Exporter(tmp_path, open_sender(first.collector()), options)
            running = pool.submit(exporter.run)
            journal.append_all(written[:10])
            eventually(lambda: len(first.taken()) == 10)
            first.answer = lambda _: BUSY
            journal.append_all(written[10:20])
            eventually(lambda: BUSY in first.replies)
        journal.append_all(written[20:])
        with opened(port=int(first.address.rpartition(":")[2])) as second:
            eventually(lambda: len(second.taken()) == 20)
            exporter.stop()
            running.result(30)
        exporter.close()
    assert first.taken() + second.taken() == written
    assert replace(Cursor.load(tmp_path).counts, repeated=0) == Counts(delivered=30)


@pytest.mark.parametrize("way", ["signal", "end of input"])
def test_an_exporter_ends_when_told(tmp_path: Path, way: str) -> None:
    """It sends what is there, tells what it did, and lets another one in."""
    journal = tmp_path / "journal"
    written = write(journal, *range(1, 11))
    with grpc_collector() as collected:
        with exporting(tmp_path, journal, collected, "--until-eof") as process:
            eventually(lambda: len(collected.taken()) == 10)
            assert is_exporting(journal)
            written += write(journal, *range(11, 16))
            if way == "signal":
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0
            assert ended(process) == (0, Counts(delivered=15))
        assert collected.taken() == written
    assert not is_exporting(journal)


def test_an_exporter_ends_without_its_collector(tmp_path: Path) -> None:
    """At once, in the middle of a pause; everything is left to the next one."""
    journal = tmp_path / "journal"
    write(journal, 1)
    with http_collector() as collected:
        collected.answer = lambda _: Reply(BUSY.code, wish=600)
        with exporting(tmp_path, journal, collected) as process:
            eventually(lambda: collected.requests)
            process.send_signal(signal.SIGTERM)
            assert ended(process) == (0, Counts())
    assert Cursor.load(journal).offsets == {}


def test_a_second_exporter_is_refused(tmp_path: Path) -> None:
    """It says why, and sends nothing."""
    journal = tmp_path / "journal"
    write(journal, 1)
    lock = ExportLock(journal)
    with grpc_collector() as collected:
        with exporting(tmp_path, journal, collected, stderr=True) as process:
            _, said = process.communicate(timeout=30)
        assert process.returncode == 1
        assert said == "comity: another process exports this journal\n"
        assert collected.requests == []
    lock.release()


def test_nothing_is_exported_without_a_collector(tmp_path: Path) -> None:
    """The message says which variable to set."""
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_EXPORTER_OTLP_PROTOCOL": ""}
    with exporting(tmp_path, tmp_path, Collected(), stderr=True, variables=variables) as process:
        _, told = process.communicate(timeout=30)
    assert process.returncode == 10
    assert "set OTEL_EXPORTER_OTLP_ENDPOINT" in told


def test_the_setting_decides_what_is_left_out(tmp_path: Path) -> None:
    """As it is in the environment of the process; how much that was is told."""
    journal = tmp_path / "journal"
    with open_journal(journal) as opened:
        opened.append_all([decision(number) for number in range(1, 5)])
        opened.append(otlp_span(5))
    variables = {"COMITY_EXPORT_ALLOW_RATIO": "0"}
    with (
        http_collector() as collected,
        exporting(tmp_path, journal, collected, "--once", variables=variables) as process,
    ):
        assert ended(process) == (0, Counts(delivered=1, left_out=4))
        assert collected.taken() == [otlp_span(5)]
    line = exported_line(Cursor.load(journal).counts)
    assert line.endswith("1 delivered, 0 rejected, 0 dead-lettered, 0 missing, 4 left out")
