"""The table that a run prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.throughput.results import Results, Row
from bench.throughput.spreads import spread_of
from bench.throughput.targets import Target, Verdict, judge

HEADS = ("", "median", "lowest to highest", "server's processor", "load's core", "targets")


def number(value: float) -> str:
    """Return a figure with three digits that count, or all before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def with_unit(text: str, unit: str) -> str:
    """Return a figure with its unit."""
    return f"{text} {unit}".rstrip()


def extremes(row: Row) -> str:
    """Return between which values the repetitions lie; empty for a single one."""
    spread = row.spread
    return f"{number(spread.least)} to {number(spread.most)}" if len(row.values) > 1 else ""


def bound(target: Target, value: float) -> str:
    """Return a bound in words."""
    return f"{'at most' if target.most else 'at least'} {with_unit(f'{value:g}', target.unit)}"


def holds(verdict: Verdict) -> str:
    """Return in a word how a target fared."""
    if verdict.holds is None:
        return "not measured"
    if not verdict.holds:
        return "NO"
    return "yes, and the aim" if verdict.reaches_aim else "yes"


def told(verdict: Verdict) -> str:
    """Return a target with its figure."""
    if verdict.spread is None:
        return ""
    figure = with_unit(number(verdict.spread.median), verdict.target.unit)
    asked = bound(verdict.target, verdict.target.bound)
    return f"{verdict.target.label} {figure}, {asked}: {holds(verdict)}"


def cells(row: Row, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Return the cells of a row, with the targets that it is the numerator of."""
    own = [told(verdict) for verdict in verdicts if verdict.target.over == row.id]
    cost = f"{number(spread_of(row.server_us).median)} µs/call" if row.server_us else ""
    busy = f"{spread_of(row.load_busy).median:.0%}" if row.load_busy else ""
    median = with_unit(number(row.spread.median), row.unit)
    return (row.label, median, extremes(row), cost, busy, "; ".join(filter(None, own)))


def lines(results: Results) -> Iterator[str]:
    """Yield the lines of the table, and below it what was left out."""
    verdicts = judge(results)
    for name, text in results.about.items():
        yield f"{name}: {text}"
    yield ""
    table = [HEADS, *(cells(row, verdicts) for row in results.rows.values())]
    widths = [max(len(line[i]) for line in table) for i in range(len(HEADS) - 1)]
    for line in table:
        head, *rest = line[:-1]
        figures = "  ".join(
            f"{text:>{width}}" for text, width in zip(rest, widths[1:], strict=True)
        )
        yield f"{head:<{widths[0]}}  {figures}  {line[-1]}".rstrip()
    yield ""
    for one in results.left_out:
        yield f"left out: {one.what}: {one.why}"
    for verdict in verdicts:
        if verdict.spread is None:
            yield f"not measured: {verdict.target.label}"
