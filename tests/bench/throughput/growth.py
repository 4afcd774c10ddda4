"""How a server fares with more rules: latency, memory, compiling, starting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.throughput import comity_form
from bench.throughput.drawing import draw_known, draw_norms, draw_unknown
from bench.throughput.norms import Law
from bench.throughput.pace import Pace
from bench.throughput.pools import Form, Pool, Supply, one
from bench.throughput.rates import Contestant, Fresh, Steady, take_turns
from bench.throughput.results import Row
from bench.throughput.servers import ROOT, Cores, comity_server, memory_mib

LABELS = {
    "compile_s": ("files to bundle", "s"),
    "build_s": ("bundle to engine", "s"),
    "memory_mib": ("bundle and engine, memory", "MiB"),
    "engine_cold_p50": ("a cold decision of the engine, p50", "µs"),
    "engine_cold_p99": ("a cold decision of the engine, p99", "µs"),
    "engine_hit": ("a known decision of the engine", "µs"),
}
LONGEST_SECONDS = 300
# Linux gives each to one of the workers, so there must be some.
CONNECTIONS = 16


def run_inside(cores: Cores, *arguments: str) -> str:
    """Return what `inside` prints, run as a process of its own on the server's core."""
    paths = os.pathsep.join(str(ROOT / name) for name in ("service", "tests"))
    with cores.for_server():
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.throughput.inside", *arguments],
            env=os.environ | {"PYTHONPATH": paths},
            stdout=subprocess.PIPE,
            text=True,
        )
    with process:
        output, _ = process.communicate(timeout=LONGEST_SECONDS)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return output


def measure_growth(cores: Cores, sizes: Sequence[int], folder: Path, pace: Pace) -> Iterator[Row]:
    """Yield rows of servers with so many rules each, which are asked in turns.

    All are asked the same questions that they have answered before, to which the first rules give
    the same answers everywhere, and questions of their own that they have not.
    """
    contestants: list[Contestant] = []
    known = draw_known(draw_norms(100), 20_000, 64)
    with ExitStack() as stack:
        for size in sizes:
            name, norms = f"rules_{size}", draw_norms(size)
            pace.tell(f"{size:,} rules: the engine by itself")
            yield from _inside_rows(name, size, cores, pace.repetitions)
            pace.tell(f"{size:,} rules: start")
            home = folder / name
            policies = comity_form.write_policies(norms, home / "policies")
            start = time.perf_counter()
            served, process = stack.enter_context(comity_server(cores, policies, home))
            taken = time.perf_counter() - start
            law = Law(norms)
            check = Form(comity_form.CHECK, one(comity_form.check_request), comity_form.check_reply)
            label = f"{size:,} rules: "
            contestants += [
                Steady(f"{name}_unary_hit", f"{label}unary hit", served, Pool(check, law, known)),
                Fresh(
                    f"{name}_unary_cold",
                    f"{label}unary cold",
                    served,
                    Supply(check, law, draw_unknown(norms)),
                ),
            ]
            yield Row(f"{name}_start", f"{label}first start to serving", "s", [taken])
            worker = process.worker()
            yield Row(f"{name}_worker_mib", f"{label}worker, memory", "MiB", [memory_mib(worker)])
        yield from take_turns(contestants, pace)


def _inside_rows(name: str, size: int, cores: Cores, repetitions: int) -> Iterator[Row]:
    """Yield what so many rules take inside a process."""
    found = json.loads(run_inside(cores, "engine", str(size), str(repetitions)))
    for key, values in found.items():
        label, unit = LABELS[key]
        yield Row(f"{name}_{key}", f"{size:,} rules: {label}", unit, values)


def measure_workers(
    cores: Cores, policies: Path, folder: Path, batches: Pool, pace: Pace
) -> Iterator[Row]:
    """Yield decisions a second of one worker and of two, in batches, and their memory.

    With two cores in all, load and second worker share one.
    """
    with ExitStack() as stack:
        contestants: list[Contestant] = []
        memories = []
        for count in (1, 2):
            label = "1 worker" if count == 1 else f"{count} workers"
            served, process = stack.enter_context(
                comity_server(cores, policies, folder / f"workers-{count}", workers=count)
            )
            contestants.append(
                Steady(f"workers_{count}", f"{label}, batches of 50", served, batches, CONNECTIONS)
            )
            memories.append((count, label, process))
        yield from take_turns(contestants, pace)
        for count, label, process in memories:
            held = [memory_mib(worker) for worker in process.workers(count)]
            yield Row(f"workers_{count}_mib", f"{label}, memory of all", "MiB", [sum(held)])
