"""Prints what a decision takes in the archive, over a million of them, and how fast that is.

Run with `python tests/bench/archive.py [--json]`. Questions are drawn from 5,000 under the policies
that come with Comity, some far more often than others; they are answered by the engine, recorded as
a server does, and archived as `comity journal archive` does. There are three kinds of traffic, of
equal size: single questions; single questions of callers who send a `traceparent` of their own, so
that three ids are random; batches of 50, each about one account. Half of the calls name an account,
of a million. The last figures are of the rarest case: every call names an account never seen.
"""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pyarrow as pa
from bench.shipped import Questions, bundle_of, compile_shipped
from bench.tables import Figure, report
from comity.app.ports.decision_recorder import DecisionRecord
from comity.domain.request import Provenance, Revision
from comity.journal import read_segment, segments_in
from comity.journal.archiving import Archived, ArchiveOptions, ArchivePlace, Archiver
from comity.journal.archiving.querying import answering
from comity.journal.places import journal_in
from comity.policy.engine import Engine
from comity.policy.presumptions import resolve
from comity.telemetry import open_telemetry
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from unit.telemetry.in_memory import TracingSettings

DECISIONS_A_KIND = 350_000
FACTS = 5_000
ACCOUNTS = 1_000_000
BATCH = 50
MOST_BYTES = 60
NOW = datetime.now(UTC)
SERVICE = "comity.v1.EligibilityService"
QUERY = "SELECT effect, count(*) FROM decisions GROUP BY effect ORDER BY 2 DESC"


@dataclass(frozen=True)
class Settings(TracingSettings):
    """Segments of the usual size, and room for one kind of traffic."""

    journal_segment_bytes: int = 8 << 20
    journal_budget_bytes: int = 4 << 30


@dataclass(frozen=True)
class Measured:
    """What one kind of traffic took.

    Attributes:
        decisions: how many there were.
        recorded: octets of all spans in the journal.
        packed: octets of the spans, each segment's compressed without being taken apart.
        archived: what the archiver did.
        seconds: how long it took.
    """

    decisions: int
    recorded: int
    packed: int
    archived: Archived
    seconds: float

    def each(self, octets: int) -> float:
        """Return octets a decision."""
        return octets / self.decisions


class Traffic:
    """Decisions as a server makes them."""

    def __init__(self, chance: random.Random) -> None:
        """Answer the questions under the policies that come with Comity."""
        bundle = bundle_of(compile_shipped())
        ruleset, engine = bundle.eligibility, Engine(bundle.eligibility)
        questions = Questions(bundle)
        self._chance = chance
        self._records = []
        for _ in range(FACTS):
            question = questions.draw()
            facts = resolve(question, ruleset.lexicon, ruleset.atlas)
            decision = engine.evaluate(facts, NOW)
            rules = [ruleset.by_id[reason.rule_id] for reason in decision.reasons]
            self._records.append(
                DecisionRecord(
                    revision=Revision(17, "sha256:" + "5f" * 32),
                    evaluated_at=NOW,
                    question=question,
                    facts=facts,
                    decision=decision,
                    jurisdictions=tuple(sorted({rule.jurisdiction for rule in rules})),
                    degraded=("presence",) if chance.random() < 0.002 else (),
                    provenance=None,
                    hypothetical=False,
                    sensitive=ruleset.lexicon.sealed,
                )
            )
        self._weights = list(itertools.accumulate(1 / (rank + 5) for rank in range(FACTS)))
        self._provenances = [
            Provenance("GeoIP2-City", NOW - timedelta(days=3), "ab" * 32, length)
            for length in (12, 14, 15, *range(16, 25), 32, 40, 44, 48)
        ]

    def draw(self, account: str, position: int | None = None) -> DecisionRecord:
        """Return what is recorded of the next decision."""
        (record,) = self._chance.choices(self._records, cum_weights=self._weights)
        looked_up = self._chance.random() < 0.7
        return replace(
            record,
            evaluated_at=datetime.now(UTC),
            provenance=self._chance.choice(self._provenances) if looked_up else None,
            account_id=account,
            position=position,
        )

    def account(self) -> str:
        """Return the account that a call names; empty for none."""
        named = self._chance.random() < 0.5
        return f"{int(ACCOUNTS ** self._chance.random())}" if named else ""

    def parent(self) -> SpanContext:
        """Return the span of a caller."""
        chance, flags = self._chance, TraceFlags(TraceFlags.SAMPLED)
        ids = chance.getrandbits(128) | 1, chance.getrandbits(64) | 1
        return SpanContext(*ids, is_remote=True, trace_flags=flags)


Calls = Callable[[Traffic], Iterator[tuple[SpanContext | None, list[DecisionRecord]]]]


def single(traffic: Traffic) -> Iterator[tuple[SpanContext | None, list[DecisionRecord]]]:
    """Yield calls with one question."""
    while True:
        yield None, [traffic.draw(traffic.account())]


def traced(traffic: Traffic) -> Iterator[tuple[SpanContext | None, list[DecisionRecord]]]:
    """Yield calls with one question of callers with traces of their own."""
    while True:
        yield traffic.parent(), [traffic.draw(traffic.account())]


def batched(traffic: Traffic) -> Iterator[tuple[SpanContext | None, list[DecisionRecord]]]:
    """Yield calls with many questions about one account."""
    while True:
        account = traffic.account()
        yield None, [traffic.draw(account, position) for position in range(BATCH)]


def never_seen(traffic: Traffic) -> Iterator[tuple[SpanContext | None, list[DecisionRecord]]]:
    """Yield calls with one question about an account of its own each."""
    for number in itertools.count():
        yield traffic.parent(), [traffic.draw(f"account {number}")]


def record(place: Path, traffic: Traffic, calls: Calls, decisions: int) -> None:
    """Record calls as a server does; each takes some hundred microseconds."""
    chance = random.Random(2)
    telemetry = open_telemetry(Settings(place), "worker")
    left = decisions
    for parent, records in calls(traffic):
        method = "CheckEligibility" if len(records) == 1 else "BatchCheckEligibility"
        above = trace.set_span_in_context(NonRecordingSpan(parent)) if parent else None
        own = {"rpc.system": "grpc", "rpc.service": SERVICE, "rpc.method": method}
        span = telemetry.tracer.start_span(f"{SERVICE}/{method}", above, SpanKind.SERVER, own)
        with trace.use_span(span, end_on_exit=False):
            for each in records:
                telemetry.recorder.record(each)
            span.set_attribute("rpc.grpc.status_code", 0)
        span.end(time.time_ns() + 100_000 + int(chance.expovariate(1 / 200_000)))
        left -= len(records)
        if left <= 0:
            break
    telemetry.close()


def measure(traffic: Traffic, calls: Calls, decisions: int, target: Path) -> Measured:
    """Return what recording and archiving so many decisions took."""
    with tempfile.TemporaryDirectory() as home:
        record(Path(home), traffic, calls, decisions)
        journal = journal_in(Path(home))
        recorded = packed = 0
        for path in segments_in(journal):
            spans = b"".join(frame.span for frame in read_segment(path))
            recorded += len(spans)
            packed += len(pa.compress(spans, codec="zstd", asbytes=True))
        begin = time.process_time()
        options = ArchiveOptions(exported_only=False)
        archived = Archiver(journal, ArchivePlace(str(target)), options).run()
        seconds = time.process_time() - begin
        assert not [path for path in segments_in(journal) if path.stat().st_size]
        return Measured(decisions, recorded, packed, archived, seconds)


def figures_of(name: str, measured: Measured) -> Iterator[Figure]:
    """Yield what one kind of traffic took."""
    yield Figure(f"{name}: in the journal", measured.each(measured.recorded), "octets")
    yield Figure(f"{name}: zstd alone", measured.each(measured.packed), "octets")
    yield Figure(f"{name}: in the archive", measured.each(measured.archived.bytes), "octets")


def main(arguments: list[str]) -> int:
    """Print the table."""
    figures: list[Figure] = []
    traffic = Traffic(random.Random(1))
    kinds = {
        "single questions": single,
        "with a caller's trace": traced,
        f"batches of {BATCH}": batched,
    }
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "archive"
        all_of_them = []
        for name, calls in kinds.items():
            all_of_them.append(measure(traffic, calls, DECISIONS_A_KIND, target))
            figures += figures_of(name, all_of_them[-1])
        decisions = sum(each.decisions for each in all_of_them)
        octets = sum(each.archived.bytes for each in all_of_them)
        seconds = sum(each.seconds for each in all_of_them)
        figures += [
            Figure("decisions in all", decisions, least=1_000_000),
            Figure("in the archive, of all", octets / decisions, "octets", most=MOST_BYTES),
            Figure("archiving, processor time a decision", seconds / decisions * 1e6, "us"),
        ]
        begin = time.perf_counter()
        with answering(None, ArchivePlace(str(target)), QUERY) as answer:
            counted = sum(count for _, count in answer.rows)
        assert counted == decisions, counted
        figures.append(Figure("counting all by effect", time.perf_counter() - begin, "s"))
        rare = measure(traffic, never_seen, DECISIONS_A_KIND // 5, Path(directory) / "rare")
        figures += figures_of("every account new", rare)
    return report("archiving decisions", figures, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
