"""The servers under measurement, each with its own count of what it answered."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import grpc
import psutil
from bench.throughput import bare, cerbos_form, comity_form
from bench.throughput.norms import Norm
from integration.server_process import ServerProcess, eventually

ROOT = Path(__file__).parents[3]
CERBOS = (
    ROOT / ".cache/bench/node_modules/@cerbos/cerbos-linux-x64/cerbos-linux-x64"  # scripts/setup.sh
)
CERBOS_COUNT = re.compile(r"^cerbos_dev_engine_check_batch_size_count\S* (\S+)", re.MULTILINE)
SILENT = {"OTEL_SDK_DISABLED": "true"}
MIB = 1 << 20
LONGEST_START_SECONDS = 300
AVAILABLE_CORES = frozenset(os.sched_getaffinity(0))


class CountMismatchError(Exception):
    """A server counted other than what the load saw."""


@dataclass(frozen=True)
class Served:
    """A server that serves.

    Attributes:
        address: where, as `host:port`.
        processes: all of its processes.
        count: tells how many calls of the measured methods it has answered well so far.
    """

    address: str
    processes: Sequence[psutil.Process]
    count: Callable[[], int]

    def cpu_seconds(self) -> float:
        """Return the processor time that it has taken so far."""
        times = [process.cpu_times() for process in self.processes]
        return sum(one.user + one.system for one in times)

    def require_counted(self, expected: int) -> None:
        """Return if the server's count is, or soon gets, what is expected.

        Raises:
            CountMismatchError: it does not.
        """
        deadline = time.monotonic() + 3
        while (found := self.count()) != expected:
            if time.monotonic() > deadline:
                message = f"the server counts {found} answers, the load {expected}"
                raise CountMismatchError(message)
            time.sleep(0.05)


@dataclass(frozen=True)
class Cores:
    """Which cores servers and load have.

    Attributes:
        server: cores of the server.
        load: cores of the load.
    """

    server: frozenset[int]
    load: frozenset[int]

    @property
    def apart(self) -> bool:
        """Whether they have none in common."""
        return not self.server & self.load

    @contextmanager
    def for_server(self) -> Iterator[None]:
        """Let processes that start within have the server's cores, with all of their threads."""
        os.sched_setaffinity(0, self.server)
        try:
            yield
        finally:
            os.sched_setaffinity(0, self.load)


def share_cores(servers: int = 1) -> Cores:
    """Give servers the first cores and the load the last; with too few, they share.

    The caller's thread is put on those of the load.
    """
    available = sorted(AVAILABLE_CORES)
    if len(available) <= servers:
        cores = Cores(frozenset(available), frozenset(available))
    else:
        cores = Cores(frozenset(available[:servers]), frozenset(available[-1:]))
    os.sched_setaffinity(0, cores.load)
    return cores


@contextmanager
def bare_server(cores: Cores, octets: int) -> Iterator[Served]:
    """Yield a server that answers every call with so many octets."""
    command = [sys.executable, bare.__file__, str(octets)]
    with cores.for_server():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout
            address = f"127.0.0.1:{int(process.stdout.readline())}"
            with grpc.insecure_channel(address) as channel:
                count = channel.unary_unary(bare.COUNT)
                served = psutil.Process(process.pid)
                yield Served(address, [served], lambda: int(count(b"", timeout=10)))
        finally:
            process.kill()


@contextmanager
def comity_server(
    cores: Cores, policies: Path, home: Path, *, recorded: bool = True, workers: int = 1
) -> Iterator[tuple[Served, ServerProcess]]:
    """Yield Comity as it is by default, with these policies; not `recorded`, without a journal.

    What switches the journal off is OpenTelemetry's own OTEL_SDK_DISABLED: decisions are made and
    answered as ever, with an id, and no span is made of them.
    """
    with cores.for_server():
        process = ServerProcess(
            home,
            {} if recorded else SILENT,
            policies=policies,
            workers=workers,
            poll_seconds=2,
            patience_seconds=LONGEST_START_SECONDS,
        )
    with process:
        found = [process.supervisor, *process.workers(workers)]
        yield Served(process.addresses["listen"], found, lambda: counted_calls(process)), process


def counted_calls(process: ServerProcess) -> int:
    """Return how many eligibility calls the server has answered with OK."""
    lines = process.get("/metrics")[1].splitlines()
    methods = tuple(path[1:] for path in (comity_form.CHECK, comity_form.BATCH))
    return sum(
        round(float(line.rpartition(" ")[2]))
        for line in lines
        if line.startswith("comity_calls_total{")
        and 'code="OK"' in line
        and any(f'"{method}"' in line for method in methods)
    )


def memory_mib(process: psutil.Process) -> float:
    """Return what a process holds of its own, with its part of what it shares."""
    return float(process.memory_full_info().pss) / MIB


@contextmanager
def cerbos_server(cores: Cores, norms: Sequence[Norm], home: Path) -> Iterator[Served]:
    """Yield Cerbos with these rules: one core, neither audit log nor traces."""
    policies = cerbos_form.write_policies(norms, home / "policies")
    grpc_port, http_port = free_port(), free_port()
    settings = {
        "server.grpcListenAddr": f"127.0.0.1:{grpc_port}",
        "server.httpListenAddr": f"127.0.0.1:{http_port}",
        "server.requestLimits.maxResourcesPerRequest": 50,
        "storage.driver": "disk",
        "storage.disk.directory": policies,
        "storage.disk.watchForChanges": "false",
        "audit.enabled": "false",
        "telemetry.disabled": "true",
    }
    flags = [f"--set={name}={value}" for name, value in settings.items()]
    environment = {"HOME": str(home), "GOMAXPROCS": "1"} | SILENT
    with cores.for_server():
        process = subprocess.Popen(
            [CERBOS, "server", "--log-level=error", *flags],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    page = f"http://127.0.0.1:{http_port}/_cerbos/metrics"
    try:
        eventually(lambda: process.poll() is not None or _answers(page))
        address = f"127.0.0.1:{grpc_port}"
        yield Served(address, [psutil.Process(process.pid)], lambda: _cerbos_count(page))
    finally:
        process.kill()
        process.wait()


def _cerbos_count(page: str) -> int:
    """Return how many requests Cerbos has answered."""
    with urllib.request.urlopen(page, timeout=10) as reply:
        found = CERBOS_COUNT.search(reply.read().decode())
    return round(float(found[1])) if found else 0


def _answers(page: str) -> bool:
    """Return whether there is a page."""
    with suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(page, timeout=5):
        return True
    return False


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
