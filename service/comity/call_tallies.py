"""Counts calls and their durations, with one lock where the library's own metrics take six."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

_OK: Final = "OK"
_BOUNDS_SECONDS: Final = (
    *(0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01),
    *(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)


class CallTally:
    """Counts the calls of one method; shared by threads."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._lock = threading.Lock()
        self._within = [0] * (len(_BOUNDS_SECONDS) + 1)
        self._seconds = 0.0
        self._codes = Counter({_OK: 0})

    def add(self, seconds: float, code: str = _OK) -> None:
        """Count a call that took so long and ended with the status `code`."""
        bucket = bisect_left(_BOUNDS_SECONDS, seconds)
        with self._lock:
            self._within[bucket] += 1
            self._seconds += seconds
            self._codes[code] += 1

    def codes(self) -> dict[str, int]:
        """Return how many calls ended with each status."""
        with self._lock:
            return dict(self._codes)

    def durations(self) -> tuple[list[tuple[str, float]], float]:
        """Return how many calls took at most so long, for each bound, and how long all took."""
        with self._lock:
            within, seconds = list(self._within), self._seconds
        total, found = 0, []
        for bound, count in zip([*map(str, _BOUNDS_SECONDS), "+Inf"], within, strict=True):
            total += count
            found.append((bound, float(total)))
        return found, seconds


class CallTallies(Collector):
    """Counts calls by method; register it with a Prometheus registry."""

    def __init__(self) -> None:
        """Begin without any method."""
        self._by_method: dict[str, CallTally] = {}

    def of(self, method: str) -> CallTally:
        """Return what counts the calls of `method`, the same each time."""
        return self._by_method.setdefault(method, CallTally())

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """Yield the counts."""
        ended = CounterMetricFamily(
            "comity_calls", "Calls ended, by method and status code.", labels=("method", "code")
        )
        durations = HistogramMetricFamily(
            "comity_call_seconds",
            "Time from arrival in a thread to the reply.",
            labels=("method",),
        )
        for method, tally in tuple(self._by_method.items()):
            for code, count in tally.codes().items():
                ended.add_metric((method, code), count)
            buckets, seconds = tally.durations()
            durations.add_metric((method,), buckets, seconds)
        yield ended
        yield durations
