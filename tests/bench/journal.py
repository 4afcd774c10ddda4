"""Prints what it costs to record a decision: from templates into the journal, and with the SDK.

Run with `python tests/bench/journal.py [--json]`. A span has 14 constant and 4 varying attributes
and one event, as a decision's has. Appends of ten threads compete for one interpreter, as they do
in a server. Every figure is the median of several turns.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.tables import Figure, report
from comity.journal import (
    LOCAL_PARENT,
    AttributeKey,
    EventTemplate,
    Journal,
    JournalOptions,
    SpanTemplate,
)
from comity.journal.layout import frame_head
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AnyValue

TURNS = 5
REPEATS = 10_000
THREADS = 10
APPENDS_A_THREAD = 3_000
COMMITS_A_THREAD = 40
LEAST_RATIO = 10

CONSTANT: dict[str, AnyValue] = {
    "rpc.system": "grpc",
    "rpc.service": "comity.v1.EligibilityService",
    "rpc.method": "CheckEligibility",
    "rpc.grpc.status_code": 0,
    "comity.decision.kind": "eligibility",
    "comity.decision.effect": "deny",
    "comity.decision.determination": "decided",
    "comity.decision.hypothetical": False,
    "comity.policy.epoch": 17,
    "comity.policy.digest": "sha256:" + "5f" * 32,
    "comity.rule.ids": ("ua-official-devices",),
    "comity.jurisdictions": ("UA",),
    "comity.facts.connections": ("phone_country:UA", "works_for:UA"),
    "comity.presumed_facts": ("factor=residence", "factor=nationality"),
}
REASON: dict[str, AnyValue] = {
    "comity.rule.id": "ua-official-devices",
    "comity.rule.standing": "certain",
    "comity.rule.connections": ("works_for:UA",),
}
EVALUATED_AT = AttributeKey("comity.decision.evaluated_at")
PSEUDONYM = AttributeKey("comity.subject.pseudonym")
KEY = AttributeKey("comity.subject.pseudonym_key")
POSITION = AttributeKey("comity.decision.position")
TEMPLATE = SpanTemplate(
    "comity.v1.EligibilityService/CheckEligibility",
    SpanKind.SERVER,
    CONSTANT,
    events=[EventTemplate("comity.reason", REASON)],
)
TRACER = TracerProvider(ALWAYS_ON, shutdown_on_exit=False).get_tracer("comity")


def assemble() -> bytes:
    """Return the span of a decision, from its template."""
    now = time.time_ns()
    varying = (
        EVALUATED_AT.encode("2026-11-24T12:00:00.123456+00:00")
        + PSEUDONYM.encode("8e6c1d5bb5a14ab19a6a4f7d0c4f2a11")
        + KEY.encode("2026-11")
        + POSITION.encode(3)
    )
    identity = os.urandom(24)
    return TEMPLATE.assemble(identity[:16], identity[16:], b"", "", LOCAL_PARENT, now, now, varying)


def record_with_sdk() -> bytes:
    """Return the same span, made and encoded by OpenTelemetry's SDK."""
    span = TRACER.start_span(
        "comity.v1.EligibilityService/CheckEligibility", kind=SpanKind.SERVER, attributes=CONSTANT
    )
    span.set_attributes(
        {
            "comity.decision.evaluated_at": "2026-11-24T12:00:00.123456+00:00",
            "comity.subject.pseudonym": "8e6c1d5bb5a14ab19a6a4f7d0c4f2a11",
            "comity.subject.pseudonym_key": "2026-11",
            "comity.decision.position": 3,
        }
    )
    span.add_event("comity.reason", REASON)
    span.end()
    assert isinstance(span, ReadableSpan)
    return encode_spans([span]).SerializeToString()


def encode_with_sdk() -> bytes:
    """Return the same span, put together without the SDK's checks, and encoded by it."""
    now = time.time_ns()
    context = TRACER.start_span("").get_span_context()
    span = ReadableSpan(
        "comity.v1.EligibilityService/CheckEligibility",
        context=context,
        kind=SpanKind.SERVER,
        attributes=CONSTANT,
        events=[Event("comity.reason", REASON)],
        start_time=now,
        end_time=now,
    )
    return encode_spans([span]).SerializeToString()


def microseconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return how long `work` takes, the median of several turns."""
    turns = []
    for _ in range(TURNS):
        begin = time.perf_counter()
        for _ in range(repeats):
            work()
        turns.append((time.perf_counter() - begin) / repeats * 1e6)
    return statistics.median(turns)


def options_in(directory: str, flush_interval_seconds: float) -> JournalOptions:
    """Return the options of a journal of usual size."""
    return JournalOptions(
        directory=Path(directory) / f"{flush_interval_seconds:g}",
        worker=0,
        resource=bytes(300),
        scope=b"comity",
        flush_interval_seconds=flush_interval_seconds,
        budget_bytes=4 << 30,
        patience_seconds=60,
    )


def append_from_threads(journal: Journal, appends: int) -> tuple[float, Sequence[float]]:
    """Return how many appends a second ten threads make, and how long each took, sorted."""
    spans = [assemble() for _ in range(100)]
    taken: list[list[float]] = [[] for _ in range(THREADS)]
    together = threading.Barrier(THREADS + 1)

    def work(mine: list[float]) -> None:
        together.wait()
        for number in range(appends):
            begin = time.perf_counter()
            journal.append(spans[number % 100])
            mine.append((time.perf_counter() - begin) * 1e6)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    together.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    rate = THREADS * appends / (time.perf_counter() - begin)
    return rate, sorted(each for mine in taken for each in mine)


def measure_threads(directory: str, interval: float, appends: int) -> list[Figure]:
    """Return the figures of ten threads at this flush interval."""
    with Journal(options_in(directory, interval)) as journal:
        turns = [append_from_threads(journal, appends) for _ in range(TURNS)]
    name = f"{THREADS} threads, flush interval {interval:g} s"

    def at(share: float) -> float:
        return statistics.median(each[int(len(each) * share)] for _, each in turns)

    return [
        Figure(f"{name}: rate", statistics.median(rate for rate, _ in turns), "spans/s"),
        Figure(f"{name}: p50", at(0.50), "us"),
        Figure(f"{name}: p99", at(0.99), "us"),
        Figure(f"{name}: p99.9", at(0.999), "us"),
    ]


def measure(directory: str) -> list[Figure]:
    """Return all figures."""
    span = assemble()
    assembled = microseconds(assemble)
    with Journal(options_in(directory, 1)) as journal:
        appended = microseconds(lambda: journal.append(span))
        fifty = [span] * 50
        batched = microseconds(lambda: journal.append_all(fifty), REPEATS // 50) / 50
    by_sdk = microseconds(record_with_sdk, REPEATS // 20)
    return [
        Figure("span", len(span), "octets"),
        Figure("assemble from a template", assembled, "us"),
        Figure("checksum and head of a frame", microseconds(lambda: frame_head(1, span)), "us"),
        Figure("append (checksum, frame, copy)", appended, "us"),
        Figure("append, 50 at once, each", batched, "us"),
        Figure("the SDK's span and encoder", by_sdk, "us"),
        Figure("the SDK's encoder", microseconds(encode_with_sdk, REPEATS // 20), "us"),
        Figure("SDK / assemble and append", by_sdk / (assembled + appended), least=LEAST_RATIO),
        *measure_threads(directory, 1, APPENDS_A_THREAD),
        *measure_threads(directory, 0, COMMITS_A_THREAD),
    ]


def main(arguments: list[str]) -> int:
    """Print the table; return 1 if the ratio doesn't hold."""
    gc.freeze()
    with tempfile.TemporaryDirectory() as directory:
        figures = measure(directory)
    return report("recording a decision", figures, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
