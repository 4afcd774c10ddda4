"""The tables of a run in Markdown, and how they get into documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bench.throughput.results import Results, Row
from bench.throughput.spreads import spread_of
from bench.throughput.table import bound, extremes, holds, number, told, with_unit
from bench.throughput.targets import Verdict, judge

BEGIN, END = "<!-- measured: {} -->", "<!-- end of measured: {} -->"
UNNAMED = {
    "when": "measured",
    "others": "other programs took meanwhile",
    "minutes": "the run took, in minutes",
}


class MarkerError(Exception):
    """A document lacks the markers between which a table belongs."""


def insert(document: str, name: str, table: str) -> str:
    """Return a document with `table` between its markers of that name.

    Raises:
        MarkerError: there are no such markers.
    """
    begin, end = BEGIN.format(name), END.format(name)
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(document):
        message = f"the document lacks {begin} and {end}"
        raise MarkerError(message)
    return pattern.sub(lambda _: f"{begin}\n{table}\n{end}", document)


def targets_table(results: Results) -> str:
    """Return which targets hold."""
    lines = [
        "| | measured | lowest to highest | must be | aim | holds |",
        "|---|---|---|---|---|---|",
    ]
    lines += map(_target_line, judge(results))
    return "\n".join(lines)


def _target_line(verdict: Verdict) -> str:
    target, spread = verdict.target, verdict.spread
    figure = extent = ""
    if spread is not None:
        figure = with_unit(number(spread.median), target.unit)
        extent = f"{number(spread.least)} to {number(spread.most)}"
    asked = bound(target, target.bound)
    aim = with_unit(f"{target.aim:g}", target.unit)
    return f"| {target.label} | {figure} | {extent} | {asked} | {aim} | {holds(verdict)} |"


def rows_table(results: Results) -> str:
    """Return everything that was measured but how it grows."""
    verdicts = judge(results)
    lines = [
        "| | median | lowest to highest | server's processor | load's core | targets |",
        "|---|---|---|---|---|---|",
    ]
    shown = [row for row in results.rows.values() if not row.id.startswith("rules_")]
    lines += [_row_line(row, verdicts) for row in shown]
    return "\n".join(lines)


def _row_line(row: Row, verdicts: Sequence[Verdict]) -> str:
    own = [told(verdict) for verdict in verdicts if verdict.target.over == row.id]
    cost = f"{number(spread_of(row.server_us).median)} µs/call" if row.server_us else ""
    busy = f"{spread_of(row.load_busy).median:.0%}" if row.load_busy else ""
    median = with_unit(number(row.spread.median), row.unit)
    return f"| {row.label} | {median} | {extremes(row)} | {cost} | {busy} | {'; '.join(own)} |"


def growth_table(results: Results) -> str:
    """Return how everything grows with the rules: a column for each number of them."""
    parted = [name.split("_", 2)[1:] for name in results.rows if name.startswith("rules_")]
    sizes = sorted({int(size) for size, _ in parted})
    kinds = list(dict.fromkeys(kind for _, kind in parted))
    lines = [
        "| rules | " + " | ".join(f"{size:,}" for size in sizes) + " |",
        "|---" * (len(sizes) + 1) + "|",
    ]
    for kind in kinds:
        found = [results.rows.get(f"rules_{size}_{kind}") for size in sizes]
        label = next(row.label for row in found if row).partition(": ")[2]
        figures = [with_unit(number(row.spread.median), row.unit) if row else "" for row in found]
        lines.append(f"| {label} | {' | '.join(figures)} |")
    return "\n".join(lines)


def about_list(results: Results) -> str:
    """Return what was measured on, and what was left out."""
    return "\n".join(f"- {line}" for line in _about(results))


def _about(results: Results) -> Iterator[str]:
    for name, text in results.about.items():
        yield f"{UNNAMED.get(name, name)}: {text}"
    for one in results.left_out:
        yield f"left out: {one.what}: {one.why}"


TABLES = {
    "about": about_list,
    "targets": targets_table,
    "rows": rows_table,
    "growth": growth_table,
}
