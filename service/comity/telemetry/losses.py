"""Spans that could not be delivered: counted, and said in the log from time to time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

SECONDS_BETWEEN_REPORTS: Final = 10.0
_LOGGER: Final = logging.getLogger(__name__)


class Loss(StrEnum):
    """Why a span was not delivered."""

    QUEUE_FULL = "queue_full"
    EXPORT_FAILED = "export_failed"
    SHUTDOWN = "shutdown"


class SpanLosses(Collector):
    """Counts lost spans by reason; register it with a Prometheus registry to see them there."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._lock = threading.Lock()
        self._lost = dict.fromkeys(Loss, 0)
        self._reported = dict.fromkeys(Loss, 0)
        self._next_report = 0.0

    def add(self, loss: Loss, count: int) -> None:
        """Count `count` more spans lost."""
        with self._lock:
            self._lost[loss] += count

    def counts(self) -> Mapping[Loss, int]:
        """Return how many spans were lost so far, by reason."""
        with self._lock:
            return dict(self._lost)

    def report(self, *, at_once: bool = False) -> None:
        """Log what was lost since the last report, at most once in a while unless `at_once`."""
        now = time.monotonic()
        with self._lock:
            if now < self._next_report and not at_once:
                return
            fresh = {loss: count - self._reported[loss] for loss, count in self._lost.items()}
            self._reported.update(self._lost)
            if any(fresh.values()):
                self._next_report = now + SECONDS_BETWEEN_REPORTS
        for loss, count in fresh.items():
            if count:
                _LOGGER.warning("%d spans lost: %s", count, loss.value)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the counter `comity_spans_dropped_total`."""
        family = CounterMetricFamily(
            "comity_spans_dropped", "Spans that were not delivered, by reason.", labels=("reason",)
        )
        for loss, count in self.counts().items():
            family.add_metric((loss.value,), count)
        yield family
