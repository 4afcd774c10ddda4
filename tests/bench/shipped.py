"""Prints what the policies that come with Comity cost: decisions, memory, start, scenarios.

Run with `python tests/bench/shipped.py [--json]`. A cold decision is one whose facts, as a whole,
have not been asked about before: presumptions are applied and the engine works the answer out.
Questions are drawn at random from the vocabulary and from the places that the files are about.
Memory of bundle and engine is what they hold, without the documents that they were made from;
that of the processes is what the system counts for a server that has just started.
"""

from __future__ import annotations

import gc
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.tables import Figure, report
from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError
from comity.domain.facts import BornBetween, Facts, Label
from comity.domain.question import Connection, Question
from comity.policy.bundle import Bundle
from comity.policy.compiling.compilation import Compilation, compile_policies
from comity.policy.engine import Engine
from comity.policy.presumptions import resolve
from comity.policy.scenarios.running import run_scenarios
from comity.server.policies import COLLECTOR_THRESHOLDS
from integration.server_process import ServerProcess

POLICIES = Path(__file__).parents[2] / "policies"
MEASURE = "--measure"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WARM_UP = 1_000
DECISIONS = 20_000
REMEMBERED = 3_000
STARTS = 5
MOST_SCENARIO_SECONDS = 1.0
# Places without a file, which every service has users in too.
ELSEWHERE = ("PL", "PT", "UY", "KZ", "US-GA", "GR", "ZA", "CL")


def compile_shipped() -> Compilation:
    """Compile the policies that come with Comity."""
    reading = PolicyDirectory(POLICIES, settle_seconds=0.0).read()
    if isinstance(reading, PolicyDirectoryError):
        raise SystemExit(str(reading))
    return compile_policies(reading.files, NOW.date())


def bundle_of(compilation: Compilation) -> Bundle:
    """Return what was compiled."""
    if compilation.bundle is None:
        message = "the policies have errors; `comity policy lint` tells them"
        raise SystemExit(message)
    return compilation.bundle


class Questions:
    """Draws questions about people with one to three connections."""

    def __init__(self, bundle: Bundle) -> None:
        """Draw from the vocabulary of `bundle` and from its places."""
        lexicon = bundle.eligibility.lexicon
        self._kinds = {name: sorted(values) for name, values in lexicon.kinds.items()}
        self._places = sorted({*bundle.jurisdictions, *ELSEWHERE} - {"EU", "platform"})
        self._factors = sorted(lexicon.factors)
        self._chance = random.Random(1)

    def draw(self) -> Question:
        """Return a question."""
        chance = self._chance
        born = date(1940, 1, 1) + timedelta(days=chance.randint(0, 29_000))
        factors = chance.sample(self._factors, chance.randint(1, 3))
        return Question(
            action=chance.choice(self._kinds["action"]),
            product=chance.choice(self._kinds["product"]),
            device=self._maybe(0.7, "device"),
            purposes=self._some(0.2, "purpose"),
            items=self._some(0.1, "item"),
            labels=frozenset(Label(name) for name in self._some(0.2, "label")),
            connections=tuple(map(self._connect, factors)),
            age=BornBetween(born, born) if chance.random() < 0.5 else None,
            account_created=NOW - timedelta(days=chance.randint(0, 4000)),
        )

    def _connect(self, factor: str) -> Connection:
        populations = self._some(0.7 if factor == "works_for" else 0.1, "population")
        return Connection(factor, self._chance.choice(self._places), populations)

    def _maybe(self, probability: float, dimension: str) -> str | None:
        known = self._chance.random() < probability
        return self._chance.choice(self._kinds[dimension]) if known else None

    def _some(self, probability: float, dimension: str) -> frozenset[str]:
        name = self._maybe(probability, dimension)
        return frozenset() if name is None else frozenset({name})


class Pauses:
    """How long the garbage collector stopped this thread, in milliseconds.

    Attributes:
        longest: the longest pause.
    """

    def __init__(self) -> None:
        """Watch from now on."""
        self.longest = 0.0
        self._start = 0
        gc.callbacks.append(self._tell)

    def _tell(self, phase: str, _: Mapping[str, int]) -> None:
        if phase == "start":
            self._start = time.thread_time_ns()
        else:
            self.longest = max(self.longest, (time.thread_time_ns() - self._start) / 1e6)


def time_decisions(bundle: Bundle) -> Sequence[float]:
    """Return the microseconds of cold decisions, in order of size."""
    ruleset = bundle.eligibility
    engine = Engine(ruleset)
    questions = Questions(bundle)
    seen: set[Facts] = set()
    times: list[float] = []
    while len(times) < WARM_UP + DECISIONS:
        question = questions.draw()
        start = time.thread_time_ns()
        facts = resolve(question, ruleset.lexicon, ruleset.atlas)
        engine.evaluate(facts, NOW)
        taken = time.thread_time_ns() - start
        if facts not in seen:
            seen.add(facts)
            times.append(taken / 1000)
    return sorted(times[WARM_UP:])


def measure() -> Mapping[str, float]:
    """Return what bundle, engine and a decision kept by it hold in this process, in octets."""
    tracemalloc.start()
    bundle = bundle_of(compile_shipped())
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    engine = Engine(bundle.eligibility)
    gc.collect()
    both = tracemalloc.get_traced_memory()[0]
    ruleset, questions = bundle.eligibility, Questions(bundle)
    for _ in range(REMEMBERED):
        engine.evaluate(resolve(questions.draw(), ruleset.lexicon, ruleset.atlas), NOW)
    gc.collect()
    each = (tracemalloc.get_traced_memory()[0] - both) / REMEMBERED
    return {"bundle": held, "engine": both - held, "decision": each}


def start_servers() -> Iterator[Figure]:
    """Yield how long `comity serve` takes to serve, and what its processes hold."""
    seconds, supervisors, workers = [], [], []
    with tempfile.TemporaryDirectory() as home:
        # The first start has no data directory; the others find the last good policies.
        for _ in range(1 + STARTS):
            begin = time.perf_counter()
            with ServerProcess(Path(home), policies=POLICIES) as server:
                seconds.append(time.perf_counter() - begin)
                supervisors.append(server.supervisor.memory_info().rss / 1e6)
                workers.append(server.worker().memory_info().rss / 1e6)
    yield Figure("comity serve to serving, first start", seconds[0], "s")
    yield Figure("comity serve to serving, median", statistics.median(seconds[1:]), "s")
    yield Figure("comity serve to serving, slowest", max(seconds[1:]), "s")
    yield Figure("memory of the supervisor", statistics.median(supervisors), "MB")
    yield Figure("memory of the worker", statistics.median(workers), "MB")


def time_scenarios(compilation: Compilation) -> Iterator[Figure]:
    """Yield how long all scenarios take, once they are read and compiled."""
    bundle, times = bundle_of(compilation), []
    for _ in range(5):
        begin = time.thread_time()
        ran = run_scenarios(bundle, compilation.documents)
        times.append(time.thread_time() - begin)
    yield Figure("questions of the scenarios", len(ran.results))
    yield Figure("all scenarios, processor time", min(times), "s", most=MOST_SCENARIO_SECONDS)


def main(arguments: list[str]) -> int:
    """Print the table, or in a process of its own the memory."""
    if arguments == [MEASURE]:
        sys.stdout.write(json.dumps(measure()))
        return 0
    command = [sys.executable, __file__, MEASURE]
    held = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    begin = time.perf_counter()
    compilation = compile_shipped()
    compiling = time.perf_counter() - begin
    bundle = bundle_of(compilation)
    scenarios = list(time_scenarios(compilation))
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    pauses = Pauses()
    cold = time_decisions(bundle)
    figures = [
        Figure("rules on eligibility", len(bundle.eligibility.rules)),
        Figure("jurisdictions", len(bundle.jurisdictions)),
        Figure("cold decision, median", statistics.median(cold), "us"),
        Figure("cold decision, 99 of 100", cold[len(cold) * 99 // 100], "us"),
        Figure("longest pause of the garbage collector", pauses.longest, "ms"),
        Figure("files to bundle", compiling, "s"),
        Figure("memory of the bundle", held["bundle"] / 1e6, "MB"),
        Figure("memory of the engine", held["engine"] / 1e6, "MB"),
        Figure("memory of a decision kept, with its facts", held["decision"] / 1e3, "kB"),
        *start_servers(),
        *scenarios,
    ]
    return report("the policies that come with Comity", figures, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
