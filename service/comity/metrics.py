"""Metrics in Prometheus form; no label holds anything of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector

from comity.app.ports.decision_recorder import DecisionRecord, DecisionRecorder, RouteRecord
from comity.call_tallies import CallTallies
from comity.domain.decision import Decision, Determination
from comity.domain.effect import Effect

# One more series for each counter, of no use here.
disable_created_metrics()  # type: ignore[no-untyped-call]


class WorkerMetrics:
    """What a decision worker counts.

    Attributes:
        registry: all of it.
        calls: calls ended, by method and gRPC status code, and how long they took, from arrival
            in a thread to the reply.
        in_flight: calls that run or wait for a thread.
        not_begun: calls that were not begun, by reason.
        decisions: decisions made, by effect and determination.
        epoch: epoch of the policy revision in force; 0 for none.
        stale_files: 1 while a file as it stands is refused, by file.
    """

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        ProcessCollector(namespace="comity_worker", registry=self.registry)
        self.calls = CallTallies()
        self.registry.register(self.calls)
        self.in_flight = self._gauge(
            "comity_calls_in_flight", "Calls that run or wait for a thread."
        )
        self.not_begun = self._counter(
            "comity_calls_not_begun",
            "Calls not begun, by reason: server_full, caller_full or expired.",
            "reason",
        )
        self.decisions = self._counter(
            "comity_decisions",
            "Decisions made, by effect and determination.",
            "effect",
            "determination",
        )
        self.epoch = self._gauge(
            "comity_worker_policy_epoch",
            "Epoch of the policy revision that this worker answers from; 0 for none.",
        )
        self.stale_files = self._gauge(
            "comity_worker_file_stale",
            "1 while a file as it stands is refused, by file: geoip or callers.",
            "file",
        )

    def count_failed_lookups(self, read: Callable[[], int]) -> None:
        """Tell what `read` returns: look-ups of addresses that met damage in a GeoIP database."""
        self.registry.register(_FailedLookups(read))

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """Return a gauge of this registry."""
        return Gauge(name, text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        """Return a counter of this registry."""
        return Counter(name, text, labels, registry=self.registry)

    def text(self) -> bytes:
        """Return everything in the text format."""
        return generate_latest(self.registry)


class _FailedLookups(Collector):
    """Look-ups that failed, as whoever makes them counts them."""

    def __init__(self, read: Callable[[], int]) -> None:
        """Ask `read` whenever metrics are told."""
        self._read = read

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the one counter."""
        text = "Look-ups of addresses that met damage in a GeoIP database."
        yield CounterMetricFamily("comity_geoip_failed_lookups", text, value=self._read())


class SupervisorMetrics:
    """What the supervisor counts.

    Attributes:
        registry: all of it.
        reloads: edits of the policy files, by result: `applied`, `unchanged` or `refused`.
        stale: 1 while the latest edit is not in force, else 0.
        problems: problems of the latest edit.
        epoch: epoch of the policy revision in force; 0 for none.
        in_force_since: when it came into force, in seconds since 1970.
        worker_up: 1 while a worker serves, else 0, by worker.
        worker_starts: how often a worker was started, by worker.
        watchers: open Watch streams.
    """

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        ProcessCollector(namespace="comity_supervisor", registry=self.registry)
        self.reloads = Counter(
            "comity_policy_reload",
            "Edits of the policy files, by result.",
            ("result",),
            registry=self.registry,
        )
        for result in ("applied", "unchanged", "refused"):
            self.reloads.labels(result)
        self.stale = self._gauge("comity_policy_stale", "1 while the latest edit isn't in force.")
        self.problems = self._gauge("comity_policy_problems", "Problems of the latest edit.")
        self.epoch = self._gauge("comity_policy_epoch", "Epoch of the revision in force.")
        self.in_force_since = self._gauge(
            "comity_policy_in_force_since_seconds", "When the revision in force came into force."
        )
        self.worker_up = Gauge(
            "comity_worker_up",
            "1 while the worker serves, by worker.",
            ("worker",),
            registry=self.registry,
        )
        self.worker_starts = Counter(
            "comity_worker_starts",
            "Starts of a worker, by worker.",
            ("worker",),
            registry=self.registry,
        )
        self.watchers = self._gauge("comity_watchers", "Open Watch streams.")

    def _gauge(self, name: str, text: str) -> Gauge:
        """Return a gauge of this registry."""
        return Gauge(name, text, registry=self.registry)

    def text(self) -> bytes:
        """Return everything in the text format."""
        return generate_latest(self.registry)


class CountingDecisionRecorder:
    """A `DecisionRecorder` that counts what passes through to another."""

    def __init__(self, inner: DecisionRecorder, metrics: WorkerMetrics) -> None:
        """Record with `inner`."""
        self._inner = inner
        self._counters = {
            (effect, determination): metrics.decisions.labels(
                effect.name.lower(), determination.value
            ).inc
            for effect in Effect
            for determination in Determination
        }

    def counter(self, decision: Decision) -> Callable[[float], None]:
        """Return what counts so many decisions like this."""
        return self._counters[decision.effect, decision.determination]

    def record(self, record: DecisionRecord) -> str:
        """Count `record` and return the id under which the other keeps it."""
        self.counter(record.decision)(1)
        return self._inner.record(record)

    def record_route(self, record: RouteRecord) -> str:
        """Return the id under which the other keeps `record`; calls count routes already."""
        return self._inner.record_route(record)
