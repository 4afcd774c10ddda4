"""Tallies of calls read as the Prometheus library's own metrics would."""

from __future__ import annotations

import random
import threading

from comity.call_tallies import CallTallies
from comity.metrics import WorkerMetrics
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

BOUNDS = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
METHODS = ("comity.v1.EligibilityService/CheckEligibility", "comity.v1.PolicyService/GetRevision")
CODES = ("OK", "OK", "INVALID_ARGUMENT", "UNAVAILABLE")
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples_of(registry: CollectorRegistry) -> tuple[Samples, set[tuple[str, str, str]]]:
    """Return every sample of a registry, and what its metrics are."""
    families = list(text_string_to_metric_families(generate_latest(registry).decode()))
    samples = {
        (s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples
    }
    return samples, {(f.name, f.type, f.documentation) for f in families}


def test_tallies_read_as_the_library_s_counter_and_histogram() -> None:
    """After the same calls, every sample is the same, and every name, type and text."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tallies = CallTallies()
    ours.register(tallies)
    ended = Counter(
        "comity_calls",
        "Calls ended, by method and status code.",
        ("method", "code"),
        registry=theirs,
    )
    durations = Histogram(
        "comity_call_seconds",
        "Time from arrival in a thread to the reply.",
        ("method",),
        buckets=BOUNDS,
        registry=theirs,
    )
    chance = random.Random(7)
    near = [bound * factor for bound in BOUNDS for factor in (0.999, 1, 1.001)]
    for _ in range(2_000):
        method, code = chance.choice(METHODS), chance.choice(CODES)
        seconds = chance.choice((*near, 0.0, 7.0, chance.expovariate(100)))
        tallies.of(method).add(seconds, code)
        ended.labels(method, code).inc()
        durations.labels(method).observe(seconds)
    assert samples_of(ours) == samples_of(theirs)


def test_a_method_counts_its_good_calls_from_the_first_page_on() -> None:
    """A rate can be told from the first call, since it was 0 before."""
    metrics = WorkerMetrics()
    metrics.calls.of(METHODS[0])
    assert f'comity_calls_total{{code="OK",method="{METHODS[0]}"}} 0.0' in metrics.text().decode()
    assert metrics.calls.of(METHODS[0]) is metrics.calls.of(METHODS[0])


def test_no_call_is_lost_between_threads() -> None:
    """Four threads at once count every one."""
    tallies, each = CallTallies(), 20_000

    def count() -> None:
        for _ in range(each):
            tallies.of(METHODS[0]).add(0.001)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    tally = tallies.of(METHODS[0])
    buckets, seconds = tally.durations()
    assert tally.codes() == {"OK": 4 * each}
    assert buckets[-1] == ("+Inf", 4 * each)
    assert dict(buckets)["0.0005"] == 0
    assert dict(buckets)["0.001"] == 4 * each
    assert abs(seconds - 4 * each * 0.001) < 1e-6
