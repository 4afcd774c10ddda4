"""What happens to a journal between a crash and the next start, and to its clock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from comity.journal import is_sealed, read_header, read_segment, segments_in
from comity.journal.exporting import Counts
from comity.journal.places import journal_in
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from integration.deliveries import (
    ask_batch,
    ask_one,
    counts_of,
    decisions_of,
    is_running,
    metric,
    received_by,
    run_comity,
    serving,
    wait_until_received,
)
from integration.server_process import ServerProcess, eventually
from integration.stepped_clocks import SteppedClock
from unit.journal.collectors import BUSY, TAKEN, grpc_collector
from unit.journal.exports import damage

pytestmark = pytest.mark.processes

TORN = b"\x00\x02\x00\x00torn in the middle of"


def ask_some(server: ServerProcess) -> set[str]:
    """Return the ids of some decisions."""
    with server.channel() as channel:
        stub = EligibilityServiceStub(channel)
        return {*ask_batch(stub), *(ask_one(stub) for _ in range(20)), *ask_batch(stub)}


def kill_all(server: ServerProcess) -> None:
    """Kill all processes of a server at once, as if the machine had stopped."""
    processes = [server.supervisor, *server.supervisor.children()]
    for process in processes:
        process.kill()
    eventually(lambda: not any(map(is_running, processes)))


def spoil(journal: Path) -> str:
    """Tear the last record of what a worker wrote, and corrupt one in the middle; return its id."""
    (segment,) = (
        path
        for path in segments_in(journal)
        if not is_sealed(path) and any(decisions_of([each.span]) for each in read_segment(path))
    )
    frames = list(read_segment(segment))
    assert segment.stat().st_size == read_header(segment).capacity
    descriptor = os.open(segment, os.O_WRONLY)
    os.pwrite(descriptor, TORN, frames[-1].end)
    os.close(descriptor)
    number = len(frames) // 2
    damage(segment, number)
    (lost,) = decisions_of([frames[number].span])
    return lost


def test_a_torn_and_a_corrupt_record_cost_only_what_is_counted(tmp_path: Path) -> None:
    """After everything was killed at once: the one is cut and counted, the other is missing."""
    journal = journal_in(tmp_path / "data")
    with grpc_collector() as collected:
        collected.answer = lambda _: BUSY
        with serving(tmp_path, collected) as server:
            answered = ask_some(server)
            eventually(lambda: BUSY in collected.replies)
            kill_all(server)
        lost = spoil(journal)
        collected.answer = lambda _: TAKEN
        with serving(tmp_path, collected) as server:
            assert metric(server, "comity_journal_tails_cut_total") == 1
            assert metric(server, "comity_journal_damaged_total") == 1
            answered |= ask_some(server)
            wait_until_received(collected, answered - {lost})
            assert server.stop() == 0
        assert answered - set(received_by(collected)) == {lost}
        counts = counts_of(tmp_path / "data")
        assert counts == Counts(delivered=counts.delivered, missing=1, repeated=counts.repeated)


def test_a_clock_that_is_stepped_back_loses_nothing(tmp_path: Path) -> None:
    """While calls are answered, and across the death of a worker: lives are told apart still."""
    clock = SteppedClock(tmp_path)
    with grpc_collector() as collected:
        with serving(tmp_path, collected, clock.environment()) as server:
            answered = ask_some(server)
            clock.step_back(hours=2)
            answered |= ask_some(server)
            killed = server.worker()
            killed.kill()
            eventually(lambda: server.status()["workers"][0]["pid"] not in {None, killed.pid})
            server.worker()
            answered |= ask_some(server)
            wait_until_received(collected, answered)
            eventually(lambda: metric(server, "comity_journal_export_lag_spans") == 0)
            assert metric(server, "comity_journal_export_lag_seconds") == 0
            assert server.stop() == 0
        assert answered - set(received_by(collected)) == set()
        counts = counts_of(tmp_path / "data")
        assert counts == Counts(delivered=counts.delivered, repeated=counts.repeated)
    ends = clock.instants_of(collected.taken())
    assert max(ends) - min(ends) > 7_000
    # The later life has the earlier name.
    lives = {path.name.rpartition("-")[0] for path in segments_in(journal_in(tmp_path / "data"))}
    assert len([life for life in lives if life.endswith("-001")]) == 2
    verified = run_comity(tmp_path, "journal", "verify", str(journal_in(tmp_path / "data")))
    assert verified.returncode == 0, verified.stdout
