"""Decisions that callers were told of, and those that a collector got: sets of decision ids."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Self

import grpc
import psutil
from comity.journal.exporting import Counts, Cursor
from comity.journal.places import journal_in
from comity.v1.eligibility_service_pb2 import (
    BatchCheckEligibilityItem,
    BatchCheckEligibilityRequest,
    CheckEligibilityRequest,
)
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from integration.server_process import (
    PATIENCE_SECONDS,
    PLACES,
    POLICIES,
    ServerProcess,
    environment_of,
    eventually,
    question,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unit.journal.collectors import Collected

ITEMS = 10
_PAUSE_SECONDS = 0.002
_KIND = b"comity.decision.kind"
_APART = (("grpc.use_local_subchannel_pool", 1),)


@dataclass(frozen=True)
class Recorded:
    """What a server recorded.

    Attributes:
        journal: its journal.
        answered: ids of the decisions that callers were told of.
    """

    journal: Path
    answered: frozenset[str]


class Callers:
    """Threads that ask, one and several questions in turn, and note what they were told.

    Attributes:
        answered: ids of all decisions that they were told of.
        failures: codes of the calls that were not answered.
        address: where they ask; may be changed.
    """

    def __init__(self, address: str, threads: int = 2) -> None:
        """Ask at `address`."""
        self.answered: set[str] = set()
        self.failures: list[grpc.StatusCode] = []
        self.address = address
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(threads)]

    def __enter__(self) -> Self:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop asking."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, count: int) -> None:
        """Return once so many further decisions were made."""
        before = len(self.answered)
        eventually(lambda: len(self.answered) >= before + count, 2 * PATIENCE_SECONDS)

    def _ask(self) -> None:
        """Ask until told to stop, on another connection after each failure."""
        while not self._stop.is_set():
            with grpc.insecure_channel(self.address, _APART) as channel:
                stub = EligibilityServiceStub(channel)
                try:
                    for several in cycle((False, True)):
                        ids = ask_batch(stub) if several else [ask_one(stub)]
                        with self._lock:
                            self.answered.update(ids)
                        if self._stop.wait(_PAUSE_SECONDS):
                            return
                except grpc.RpcError as error:
                    with self._lock:
                        self.failures.append(error.code())  # type: ignore[attr-defined]
                    self._stop.wait(10 * _PAUSE_SECONDS)


def ask_one(stub: EligibilityServiceStub) -> str:
    """Return the id of one decision."""
    reply = stub.CheckEligibility(CheckEligibilityRequest(facts=question()), timeout=5)
    return str(reply.decision_id)


def ask_batch(stub: EligibilityServiceStub, items: int = ITEMS) -> list[str]:
    """Return the ids of the decisions of a batch."""
    item = BatchCheckEligibilityItem(facts=question("call"))
    reply = stub.BatchCheckEligibility(
        BatchCheckEligibilityRequest(items=[item] * items), timeout=5
    )
    return [result.response.decision_id for result in reply.results]


def decisions_of(spans: list[bytes]) -> list[str]:
    """Return the ids of those of serialised spans that are decisions, repeated as they are."""
    found = [Span.FromString(span) for span in spans if _KIND in span]
    return [f"{span.trace_id.hex()}-{span.span_id.hex()}" for span in found]


def received_by(collected: Collected) -> list[str]:
    """Return the ids of all decisions that a collector took, as often as it did."""
    return decisions_of(collected.taken())


def wait_until_received(collected: Collected, expected: set[str]) -> None:
    """Return once a collector has all of these decisions."""
    eventually(lambda: expected <= set(received_by(collected)))


def counts_of(data_dir: Path) -> Counts:
    """Return what the exporter says became of the spans."""
    return Cursor.load(journal_in(data_dir)).counts


@contextmanager
def serving(
    folder: Path, collected: Collected | None, variables: Mapping[str, str] = {}, **settings: object
) -> Iterator[ServerProcess]:
    """Serve with small segments, and export to a collector, if there is one."""
    environment = {
        **(collected.environment() if collected else {}),
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2",
        **variables,
    }
    usual: dict[str, object] = {
        "policies": POLICIES,
        "geoip_database": PLACES,
        "data_dir": folder / "data",
        "journal_segment_bytes": 1 << 20,
        "journal_budget_bytes": 64 << 20,
        "journal_flush_seconds": 0.2,
    }
    with ServerProcess(folder, environment, **usual | settings) as server:
        yield server


def exporter_of(server: ServerProcess) -> psutil.Process:
    """Return the process of the exporter, once there is one."""

    def find() -> psutil.Process | None:
        for process in server.supervisor.children():
            try:
                if "export" in process.cmdline():
                    return process
            except psutil.NoSuchProcess:
                continue
        return None

    found = eventually(find)
    assert found
    return found


def is_running(process: psutil.Process) -> bool:
    """Return whether a process goes on."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def metric(server: ServerProcess, name: str) -> float:
    """Return the value of a metric, over all workers."""
    found = [
        float(line.rpartition(" ")[2])
        for line in server.get("/metrics")[1].splitlines()
        if line.partition(" ")[0].partition("{")[0] == name
    ]
    assert found, name
    return sum(found)


def run_comity(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Return what came of a command."""
    return subprocess.run(
        [sys.executable, "-m", "comity", *arguments],
        env={**environment_of(home), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
