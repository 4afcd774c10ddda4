"""What a decision costs inside a process of its own, without a network.

Run as `python -m bench.throughput.inside batches POLICIES HOME REPETITIONS`, or with `engine RULES
REPETITIONS`; prints JSON.
"""

from __future__ import annotations

import gc
import itertools
import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
from bench.throughput import comity_form
from bench.throughput.drawing import draw_known, draw_norms, draw_unknown
from bench.throughput.norms import Asked, Law
from bench.throughput.pools import Form, Pool
from bench.throughput.spreads import percentile
from comity.adapters.bundle_cache import BundleCache
from comity.adapters.data_directory import bundles_in
from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError
from comity.app.active_policy import PolicyHolder
from comity.cli.local import compile_here
from comity.domain.effect import Effect
from comity.domain.facts import BornBetween, Facts
from comity.domain.question import Connection, Question
from comity.policy.bundle import Bundle
from comity.policy.compiling.compilation import compile_policies
from comity.policy.engine import Engine
from comity.policy.resolving import Resolver
from comity.policy.yaml_nodes import paused_collector
from comity.server.composition import compose
from comity.server.policies import COLLECTOR_THRESHOLDS
from comity.settings import load_settings
from comity.telemetry import open_telemetry

ITEMS = 50
ACCOUNTS = 20_000
DIFFERENT = 64
COLD = 2_000
WARM_UP = 500
HITS = 20_000
MIB = 1 << 20


class LocalCall:
    """The part of a gRPC context that handlers use: a caller of this machine, who waits."""

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        """Return what every client sends."""
        return (("user-agent", "comity-bench"),)

    def peer(self) -> str:
        """Return who calls."""
        return "ipv4:127.0.0.1:1"

    def auth_context(self) -> dict[str, Sequence[bytes]]:
        """Return nothing: the caller has no certificate."""
        return {}

    def time_remaining(self) -> float:
        """Return how long the caller waits."""
        return 10.0

    def is_active(self) -> bool:
        """Return whether it still does."""
        return True

    def code(self) -> None:
        """Return the status, which has not been set."""

    def abort(self, code: Any, details: str) -> None:
        """Fail, as no call here may.

        Raises:
            RuntimeError: always.
        """
        message = f"{code}: {details}"
        raise RuntimeError(message)

    def abort_with_status(self, status: Any) -> None:
        """Fail, as no call here may.

        Raises:
            RuntimeError: always.
        """
        self.abort(status.code, status.details)


def handler_of(server: Any, path: str) -> Callable[[bytes], bytes]:
    """Return what the server does with the octets of a request, interceptors included.

    gRPC has no public way to it; this does what its server does between reading octets and
    writing them.
    """
    state = server._state
    details = SimpleNamespace(method=path, invocation_metadata=())

    def find(asked: Any) -> Any:
        found = (handler.service(asked) for handler in state.generic_handlers)
        return next(handler for handler in found if handler is not None)

    pipeline = state.interceptor_pipeline
    handler = pipeline.execute(find, details) if pipeline else find(details)
    deserialize = handler.request_deserializer or bytes
    serialize = handler.response_serializer or bytes
    behaviour = handler.unary_unary

    def answer(request: bytes) -> bytes:
        reply: bytes = serialize(behaviour(deserialize(request), LocalCall()))
        return reply

    return answer


def measure_batches(policies: Path, home: Path, repetitions: int) -> list[float]:
    """Return the microseconds of processor time of a decision of a batch, once a repetition.

    Everything between the octets of a request and those of its reply is in it, the journal too.

    Raises:
        PolicyDirectoryError: the policies can't be read.
    """
    settings = load_settings(
        {}, {"data_dir": str(home), "listen": "localhost:0", "policies": str(policies)}
    )
    reading = PolicyDirectory(policies, settle_seconds=0.0).read()
    if isinstance(reading, PolicyDirectoryError):
        raise reading
    holder = PolicyHolder(BundleCache(bundles_in(settings.data_dir)), compile_here)
    holder.publish(compile_here(None, reading.files))
    telemetry = open_telemetry(settings, "worker")
    answer = handler_of(compose(settings, holder, telemetry).server, comity_form.BATCH)
    norms = draw_norms(100)
    form = Form(comity_form.BATCH, comity_form.batch_request, comity_form.batch_reply)
    pool = Pool(form, Law(norms), draw_known(norms, ACCOUNTS, DIFFERENT), ITEMS)
    for position, message in enumerate(pool.messages):
        pool.require_right(position, answer(message))
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        for message in pool.messages:
            answer(message)
        times.append((time.process_time() - start) / ACCOUNTS * 1e6)
    telemetry.close()
    return times


def question_of(asked: Asked) -> Question:
    """Return a question as the engine's callers make it."""
    return Question(
        action=asked.action,
        product=asked.product,
        device=asked.device,
        items=frozenset({comity_form.EXCEPTED_ITEM} if asked.official else ()),
        connections=tuple(
            Connection(tie.factor, tie.place, frozenset({tie.population} - {""}))
            for tie in asked.ties
        ),
        age=BornBetween(asked.born, asked.born),
    )


def measure_engine(count: int, repetitions: int) -> dict[str, list[float]]:
    """Return what `count` rules take: to compile, in memory, and for a decision.

    Raises:
        RuntimeError: they don't compile, or the engine answers wrongly.
    """
    norms = draw_norms(count)
    files = comity_form.policy_files(norms)
    process = psutil.Process()
    before, start = process.memory_info().rss, time.perf_counter()
    compilation = compile_policies(files, datetime.now(UTC).date())
    bundle = compilation.bundle
    if bundle is None:
        message = f"the rules don't compile: {', '.join(map(str, compilation.problems[:3]))}"
        raise RuntimeError(message)
    compiled = time.perf_counter()
    with paused_collector():  # as the server does
        engine = Engine(bundle.eligibility)
    built = time.perf_counter()
    found: dict[str, list[float]] = {
        "compile_s": [compiled - start],
        "build_s": [built - compiled],
        "memory_mib": [(process.memory_info().rss - before) / MIB],
        "engine_cold_p50": [],
        "engine_cold_p99": [],
        "engine_hit": [],
    }
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    unknown = draw_unknown(norms)
    for repetition in range(repetitions):
        cold = _time_cold(engine, bundle, list(itertools.islice(unknown, COLD + WARM_UP)))
        if repetition == 0:
            cold = cold[WARM_UP:]
        found["engine_cold_p50"].append(percentile(cold, 0.5))
        found["engine_cold_p99"].append(percentile(cold, 0.99))
        found["engine_hit"].append(_time_hits(engine, bundle, norms[:100]))
    _require_right(engine, bundle, Law(norms), list(itertools.islice(unknown, 200)))
    return found


def _facts_of(bundle: Bundle, asked: Asked) -> Facts:
    return Resolver().resolve(question_of(asked), bundle.eligibility)


def _time_cold(engine: Engine, bundle: Bundle, asked: Sequence[Asked]) -> list[float]:
    """Return the microseconds of each decision."""
    now, times = datetime.now(UTC), []
    for facts in [_facts_of(bundle, one) for one in asked]:
        start = time.thread_time_ns()
        engine.evaluate(facts, now)
        times.append((time.thread_time_ns() - start) / 1000)
    return times


def _time_hits(engine: Engine, bundle: Bundle, norms: Sequence[Any]) -> float:
    """Return the mean microseconds of decisions on facts equal to some that were asked about."""
    now, known = datetime.now(UTC), draw_known(norms, DIFFERENT, DIFFERENT)
    for one in known:
        engine.evaluate(_facts_of(bundle, one), now)
    facts = [_facts_of(bundle, one) for one in known]
    start = time.thread_time_ns()
    for one in itertools.islice(itertools.cycle(facts), HITS):
        engine.evaluate(one, now)
    return (time.thread_time_ns() - start) / HITS / 1000


def _require_right(engine: Engine, bundle: Bundle, law: Law, asked: Sequence[Asked]) -> None:
    """Return if the engine answers as the rules say.

    Raises:
        RuntimeError: it does not.
    """
    now = datetime.now(UTC)
    for one in asked:
        effect = engine.evaluate(_facts_of(bundle, one), now).effect
        if (effect is Effect.DENY) != law.denied(one):
            message = f"the engine answers {effect} to {one}"
            raise RuntimeError(message)


def main(arguments: Sequence[str]) -> None:
    """Print what was asked for."""
    match arguments:
        case ["batches", policies, home, repetitions]:
            times = measure_batches(Path(policies), Path(home), int(repetitions))
            sys.stdout.write(json.dumps(times))
        case ["engine", count, repetitions]:
            sys.stdout.write(json.dumps(measure_engine(int(count), int(repetitions))))
        case _:
            sys.exit(f"unknown arguments: {' '.join(arguments)}")


if __name__ == "__main__":
    main(sys.argv[1:])
