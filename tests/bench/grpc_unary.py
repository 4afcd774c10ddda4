"""Prints how many unary calls a second Comity answers, against a bare grpcio server.

Run with `python tests/bench/grpc_unary.py [--json]`. The bare server has the same options and
answers with messages of the same size, doing nothing. Each server has one core to itself, the load
comes from another process on another core, and the two take turns; the medians of the turns are
compared. Tracing is on.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import grpc
import psutil
from bench.tables import Figure, report
from comity.grpc_api.listening import build_server
from comity.settings import load_settings
from comity.v1 import eligibility_service_pb2, facts_pb2
from integration.server_process import ServerProcess

POLICIES = Path(__file__).parents[2] / "policies"
METHOD = "/comity.v1.EligibilityService/CheckEligibility"
TURNS = 5
CALLS_A_TURN = 6_000
WARM_UP_CALLS = 3_000
CALLS_UNDER_WAY = 16
LEAST_RATIO = 0.45
BARE = "--bare"


@dataclass(frozen=True)
class Turn:
    """How one turn went.

    Attributes:
        calls_a_second: calls answered in each second.
        server_us: microseconds of the server's processor that a call took.
    """

    calls_a_second: float
    server_us: float


def build_requests() -> list[bytes]:
    """Return questions about many accounts, of which many have the same facts."""
    requests = []
    for number in range(200):
        works_for = facts_pb2.Connection(
            factor="works_for",
            place="UA",
            populations=[("military", "government_official")[number % 2]],
        )
        facts = facts_pb2.Facts(
            action="message_send",
            product="telegram",
            device=("official", "personal")[number % 3 % 2],
            connections=[works_for],
        )
        subject = facts_pb2.Subject(
            account_id=f"account-{number}", ip_address=f"193.0.{number}.7", birth_date="1990-02-28"
        )
        asked = eligibility_service_pb2.CheckEligibilityRequest(subject=subject, facts=facts)
        requests.append(asked.SerializeToString())
    return requests


def serve_bare(reply_octets: int) -> None:
    """Serve calls that do nothing but reply with so many octets; print the port; never return."""
    settings = load_settings({}, {})
    server = build_server(settings, ())
    reply = bytes(reply_octets)
    handler = grpc.unary_unary_rpc_method_handler(lambda _request, _context: reply)
    service, _, method = METHOD[1:].partition("/")
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    port = server.add_insecure_port("localhost:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


@contextmanager
def bare_server(reply_octets: int) -> Iterator[tuple[str, psutil.Process]]:
    """Yield the address and the process of a server that does nothing."""
    command = [sys.executable, __file__, BARE, str(reply_octets)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield f"localhost:{int(process.stdout.readline())}", psutil.Process(process.pid)
        finally:
            process.kill()


class Load:
    """Keeps a number of calls under way on one channel."""

    def __init__(self, address: str, requests: Sequence[bytes]) -> None:
        """Call `address` with `requests`, one after the other and over again."""
        self._channel = grpc.insecure_channel(address)
        self._call = self._channel.unary_unary(METHOD)
        self._requests = requests

    def replies(self) -> list[bytes]:
        """Return the replies to all requests."""
        return [self._call(request, timeout=10) for request in self._requests]

    def run(self, calls: int) -> float:
        """Make so many calls; return the seconds that they took."""
        free = threading.Semaphore(CALLS_UNDER_WAY)
        failed: list[grpc.StatusCode] = []

        def done(future: grpc.Future) -> None:
            if future.code() is not grpc.StatusCode.OK:
                failed.append(future.code())
            free.release()

        start = time.perf_counter()
        for number in range(calls):
            free.acquire()
            request = self._requests[number % len(self._requests)]
            self._call.future(request, timeout=30).add_done_callback(done)
        for _ in range(CALLS_UNDER_WAY):
            free.acquire()
        seconds = time.perf_counter() - start
        if failed:
            message = f"{len(failed)} calls failed: {set(failed)}"
            raise RuntimeError(message)
        return seconds


def take_turn(load: Load, process: psutil.Process) -> Turn:
    """Return how one turn of `load` goes with the server `process`."""
    before = process.cpu_times()
    seconds = load.run(CALLS_A_TURN)
    after = process.cpu_times()
    spent = (after.user + after.system) - (before.user + before.system)
    return Turn(CALLS_A_TURN / seconds, spent / CALLS_A_TURN * 1e6)


def share_cores(*servers: psutil.Process) -> None:
    """Give the servers one core and the load another, if there are two."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return
    for server in servers:
        for thread in server.threads():  # each has its own, and passes it on to those it starts
            os.sched_setaffinity(thread.id, {cores[0]})
    os.sched_setaffinity(0, {cores[1]})


def lost_spans(server: ServerProcess) -> float:
    """Return how many spans the server gave up so far."""
    lines = server.get("/metrics")[1].splitlines()
    return sum(float(x.split()[-1]) for x in lines if x.startswith("comity_spans_dropped_total"))


def measure(server: ServerProcess) -> list[Figure]:
    """Return the figures of both servers."""
    requests = build_requests()
    comity = Load(server.addresses["listen"], requests)
    octets = round(statistics.mean(map(len, comity.replies())))
    with bare_server(octets) as (address, bare_process):
        bare, worker = Load(address, requests), server.worker()
        share_cores(worker, bare_process)
        for load in (comity, bare):
            load.run(WARM_UP_CALLS)
        turns = [(take_turn(bare, bare_process), take_turn(comity, worker)) for _ in range(TURNS)]
    bare_rate, rate = (statistics.median(t[i].calls_a_second for t in turns) for i in (0, 1))
    bare_cost, cost = (statistics.median(t[i].server_us for t in turns) for i in (0, 1))
    ratios = [ours.calls_a_second / theirs.calls_a_second for theirs, ours in turns]
    return [
        Figure("request", statistics.mean(map(len, requests)), "octets"),
        Figure("reply", octets, "octets"),
        Figure("bare server", bare_rate, "calls/s"),
        Figure("Comity", rate, "calls/s"),
        Figure("bare server, its processor", bare_cost, "us/call"),
        Figure("Comity, its processor", cost, "us/call"),
        Figure("processor time, bare server / Comity", bare_cost / cost),
        Figure("spans lost", lost_spans(server), most=0),
        Figure(
            "calls a second, Comity / bare server", statistics.median(ratios), least=LEAST_RATIO
        ),
    ]


def main(arguments: list[str]) -> int:
    """Print the table; return 1 if the ratio doesn't hold."""
    if arguments[:1] == [BARE]:
        serve_bare(int(arguments[1]))
    with (
        tempfile.TemporaryDirectory() as home,
        ServerProcess(Path(home), policies=POLICIES) as server,
    ):
        figures = measure(server)
    return report("unary calls over gRPC, tracing on", figures, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
