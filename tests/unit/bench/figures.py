"""Results for tests, as a run would give them."""

from __future__ import annotations

from collections.abc import Sequence

from bench.throughput.results import LeftOut, Results, Row


def results_of(**values: Sequence[float]) -> Results:
    """Return results with a row for each name."""
    results = Results(about={"when": "2026-01-01 00:00 UTC", "processor": "Some & Other"})
    for name, of_row in values.items():
        results.add(Row(name, f"the label of {name}", "calls/s", list(of_row)))
    return results


def results_of_a_run() -> Results:
    """Return results with a bit of everything."""
    results = results_of(
        bare=[1000.0, 1100.0, 900.0],
        hit=[850.0, 900.0, 800.0],
        cold=[400.0, 410.0, 390.0],
        rules_100_unary_hit=[500.0, 510.0, 490.0],
        rules_1000_unary_hit=[495.0, 505.0, 485.0],
        rules_1000_worker_mib=[120.0],
    )
    results.add(Row("in_process", "a batched decision", "µs", [5.0, 5.5, 4.9], [70.0], [0.25]))
    results.left_out.append(LeftOut("Cerbos", "it can't be installed"))
    return results
