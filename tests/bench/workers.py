"""Prints what workers cost and give: memory, throughput of two against one, handing policies over.

Run with `python tests/bench/workers.py [--json]`. Memory is that of all workers, each after having
answered: resident, and proportional, where what several share is divided among them. Throughput is
that of batches, which cost the server several times what they cost the load. The load runs in
processes of its own, on the same cores: with two cores it takes some of what the second worker
could have. Servers of one and of two workers take turns.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1]))

import grpc
from bench.tables import Figure, report
from comity.adapters.compiled_form import digest_code, read_compiled, write_compiled
from comity.policy.compiling.compilation import compile_policies
from comity.policy.engine import Engine
from comity.v1 import eligibility_service_pb2, eligibility_service_pb2_grpc, facts_pb2
from integration.server_process import ServerProcess

POLICIES = Path(__file__).parents[2] / "policies"
COUNTS = (1, 2, 4)
TURNS = 3
TURN_SECONDS = 4.0
ITEMS = 200
LOADS = 2
CONNECTIONS_A_LOAD = 8
MIB = 1 << 20
LOAD = "--load"
LEAST_RATIO_OF_FORM = 3.0

Result = TypeVar("Result")


def build_batch() -> eligibility_service_pb2.BatchCheckEligibilityRequest:
    """Return a batch of many accounts, of which many have the same facts."""
    items = []
    places = ("UA", "PL", "FR", "DE", "US", "IN", "BR", "KE")
    for number, place in zip(range(ITEMS), itertools.cycle(places), strict=False):
        tie = facts_pb2.Connection(factor="presence", place=place)
        facts = facts_pb2.Facts(
            action="message_send", product="telegram", device="personal", connections=[tie]
        )
        subject = facts_pb2.Subject(account_id=f"account-{number}")
        items.append(
            eligibility_service_pb2.BatchCheckEligibilityItem(subject=subject, facts=facts)
        )
    return eligibility_service_pb2.BatchCheckEligibilityRequest(items=items)


def load(address: str, seconds: float) -> int:
    """Ask batches over several connections, one at a time each; return how many decisions came."""
    request, deadline = build_batch(), time.monotonic() + seconds

    def ask(_: int) -> int:
        decisions = 0
        with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            stub = eligibility_service_pb2_grpc.EligibilityServiceStub(channel)
            while time.monotonic() < deadline:
                decisions += len(stub.BatchCheckEligibility(request, timeout=30).results)
        return decisions

    with ThreadPoolExecutor(CONNECTIONS_A_LOAD) as threads:
        return sum(threads.map(ask, range(CONNECTIONS_A_LOAD)))


def decisions_a_second(server: ServerProcess) -> float:
    """Return how many decisions a second the server makes under load."""
    command = [sys.executable, __file__, LOAD, str(server.addresses["listen"])]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(LOADS)]
    total = sum(int(process.communicate()[0]) for process in running)
    return total / TURN_SECONDS


@contextmanager
def serving(count: int) -> Iterator[ServerProcess]:
    """Serve with so many workers."""
    with (
        tempfile.TemporaryDirectory() as home,
        ServerProcess(Path(home), policies=POLICIES, workers=count) as server,
    ):
        server.workers(count)
        yield server


def measure_memory() -> Iterator[Figure]:
    """Yield what workers hold in memory."""
    for count in COUNTS:
        with serving(count) as server:
            load(server.addresses["listen"], 1.0)
            found = [worker.memory_full_info() for worker in server.workers(count)]
            name = f"{count} workers" if count > 1 else "1 worker"
            yield Figure(f"{name}, resident", sum(one.rss for one in found) / MIB, "MiB")
            yield Figure(f"{name}, proportional", sum(one.pss for one in found) / MIB, "MiB")


def measure_throughput() -> Iterator[Figure]:
    """Yield what two workers do against one."""
    with serving(1) as alone, serving(2) as both:
        turns = [(decisions_a_second(alone), decisions_a_second(both)) for _ in range(TURNS)]
    for number, name in enumerate(("1 worker", "2 workers")):
        rate = statistics.median(turn[number] for turn in turns)
        yield Figure(f"{name}, batches of {ITEMS}", rate, "checks/s")
    ratio = statistics.median(two / one for one, two in turns)
    yield Figure("2 workers / 1 worker", ratio)


def timed(call: Callable[[], Result]) -> tuple[Result, float]:
    """Return what `call` gives, and the milliseconds that it takes at best."""
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        result = call()
        times.append((time.perf_counter() - start) * 1000)
    return result, min(times)


def measure_hand_over() -> Iterator[Figure]:
    """Yield what it takes to hand policies over, against compiling them again."""
    files = {str(p.relative_to(POLICIES)): p.read_bytes() for p in POLICIES.rglob("*.yaml")}
    compiled, compile_ms = timed(lambda: compile_policies(files, datetime.now(UTC).date()))
    bundle = compiled.bundle
    assert bundle is not None
    code, code_ms = timed(digest_code)
    form, write_ms = timed(lambda: write_compiled(bundle, code))
    _, read_ms = timed(lambda: read_compiled(form, bundle.digest, code))
    _, engine_ms = timed(lambda: Engine(bundle.eligibility))
    yield Figure("compile the policies", compile_ms, "ms")
    yield Figure("build the engine", engine_ms, "ms")
    yield Figure("compiled form", len(form) / MIB, "MiB")
    yield Figure("write the compiled form", write_ms, "ms")
    yield Figure("read and check the compiled form", read_ms, "ms")
    yield Figure("digest of the code, once a process", code_ms, "ms")
    ratio = (compile_ms + engine_ms) / (read_ms + engine_ms)
    yield Figure("compiling / reading, engine included", ratio, least=LEAST_RATIO_OF_FORM)


def main(arguments: list[str]) -> int:
    """Print the table; return 1 if a bound isn't kept."""
    if arguments[:1] == [LOAD]:
        sys.stdout.write(f"{load(arguments[1], TURN_SECONDS)}\n")
        return 0
    figures = [*measure_hand_over(), *measure_memory(), *measure_throughput()]
    return report("workers", figures, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
