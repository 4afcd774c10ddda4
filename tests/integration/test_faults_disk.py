"""A disk that is full while calls are answered: none is answered that is not recorded."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from comity.journal.exporting import Counts
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from integration.deliveries import (
    ask_batch,
    counts_of,
    metric,
    received_by,
    serving,
    wait_until_received,
)
from integration.server_process import ServerProcess, eventually
from unit.journal.collectors import BUSY, TAKEN, grpc_collector
from unit.journal.small_disks import mounted

pytestmark = pytest.mark.processes

# Of the worker a segment that is written, one that is ready, and one in reserve; of the supervisor
# two; and one more, to be filled with some policies besides.
DISK_BYTES = 13 << 19
LIMIT_BYTES = 1 << 19
ITEMS = 50
MOST_BATCHES = 100

Fill = Callable[[ServerProcess], None]


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Fill]:
    """A disk for the data of a server, and what fills it, so that no segment can be made.

    Where no file system can be mounted, it is the processes that may make no long files any more.
    """
    with mounted(tmp_path / "data", DISK_BYTES) as obstacle:
        yield limit_files if obstacle else let_be


def limit_files(server: ServerProcess, limit: int = LIMIT_BYTES) -> None:
    """Let the worker of a server write no file beyond a limit, as a quota would."""
    worker = server.worker()
    worker.rlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def let_be(server: ServerProcess) -> None:
    """Do nothing: the disk is so small that it is soon full."""
    assert server.worker().is_running()


MESSAGES = {limit_files: "File too large", let_be: "No space left on device"}


def ask_until_refused(stub: EligibilityServiceStub) -> tuple[set[str], grpc.StatusCode]:
    """Return the ids of the decisions that are made until the disk is full, and how that shows."""
    answered: set[str] = set()
    for _ in range(MOST_BATCHES):
        try:
            answered.update(ask_batch(stub, ITEMS))
        except grpc.RpcError as error:
            return answered, error.code()  # type: ignore[attr-defined]
    raise AssertionError(answered)


def test_a_full_disk_costs_answers_and_no_record(tmp_path: Path, full_disk: Fill) -> None:
    """Calls are refused until there is room again; whatever was answered is delivered."""
    with grpc_collector() as collected:
        collected.answer = lambda _: BUSY
        settings = {"journal_budget_bytes": 1 << 30, "journal_rotate_seconds": 1}
        with serving(tmp_path, collected, **settings) as server, server.channel() as channel:
            stub = EligibilityServiceStub(channel)
            full_disk(server)
            answered, code = ask_until_refused(stub)
            assert code is grpc.StatusCode.UNAVAILABLE
            assert len(answered) >= 10 * ITEMS
            assert metric(server, "comity_journal_refused_total") > 0
            assert any(MESSAGES[full_disk] in str(entry["event"]) for entry in server.log)
            collected.answer = lambda _: TAKEN
            if full_disk is limit_files:
                limit_files(server, resource.RLIM_INFINITY)
            answered.update(eventually(lambda: ask_again(stub)))
            wait_until_received(collected, answered)
            assert server.worker().is_running()
            assert metric(server, "comity_worker_starts_total") == 1
            assert server.stop() == 0
        assert answered - set(received_by(collected)) == set()
        counts = counts_of(tmp_path / "data")
        assert counts == Counts(delivered=counts.delivered, repeated=counts.repeated)


def ask_again(stub: EligibilityServiceStub) -> list[str]:
    """Return the ids of the decisions of a batch; none if it is refused."""
    try:
        return ask_batch(stub, ITEMS)
    except grpc.RpcError:
        return []
