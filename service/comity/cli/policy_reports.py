"""How problems and scenario results are printed, for people and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from comity.policy.mutating.trials import MutationReport
from comity.policy.problems import Level, Problem
from comity.policy.scenarios.reports import ScenarioReport
from comity.policy.scenarios.requirements import Lack
from comity.policy.scenarios.results import EmptyFile, ScenarioResult, Verdict

_COLOURS: Final[Mapping[Level, str]] = {
    Level.ERROR: "red",
    Level.WARNING: "yellow",
    Level.NOTE: "cyan",
}


def console() -> Console:
    """Return the standard output, with colours only on a terminal."""
    return Console(highlight=False, soft_wrap=True)


def print_problems(problems: Sequence[Problem], *, summary: bool) -> None:
    """Print one line a problem, and how many there are of each level."""
    out = console()
    for problem in problems:
        line = Text(str(problem))
        line.highlight_words([problem.code], style=_COLOURS[problem.level])
        out.print(line)
    if summary:
        out.print(_count_levels(problems))


def _count_levels(problems: Iterable[Problem]) -> str:
    """Return how many problems there are of each level."""
    counts = Counter(problem.level for problem in problems)
    worded = [f"{plural(counts[level], level.value)}" for level in Level]
    return ", ".join(worded) + "."


def plural(count: int, noun: str) -> str:
    """Return `count` with `noun` in the number it needs."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def problems_as_json(problems: Sequence[Problem]) -> str:
    """Return the problems with their levels, and the counts, as JSON."""
    counts = Counter(problem.level for problem in problems)
    listed = [{"level": p.level.value, **asdict(p)} for p in problems]
    return _dump({**{f"{level.value}s": counts[level] for level in Level}, "problems": listed})


def print_results(
    report: ScenarioReport, mutation: MutationReport | None, most_alive: float
) -> None:
    """Print how scenarios ended, and which changes of rules they don't notice, if any were made."""
    _print_report(report)
    if mutation is not None:
        _print_mutation(mutation, most_alive)


def _print_report(report: ScenarioReport) -> None:
    """Print what failed, was skipped, is lacking or is not shown, and a summary."""
    out = console()
    for result in report.results:
        if result.verdict is not Verdict.PASSED:
            head, *rest = str(result).splitlines()
            style = "red" if result.verdict is Verdict.FAILED else "yellow"
            out.print(Text(head, style=style))
            out.print(*rest, sep="\n", markup=False)
    for gap in report.gaps:
        out.print(Text(str(gap), style="red"))
    for covered in report.coverage:
        for spot in covered.blind_spots():
            out.print(Text(f"{covered.file}:{covered.line}: {covered.rule_id}: {spot}", "yellow"))
    for line in _summary(report):
        out.print(line, style="green" if report.passed else "red")


def _summary(report: ScenarioReport) -> Iterator[str]:
    """Yield the lines that end a report."""
    counts = Counter(result.verdict for result in report.results)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict)
    yield f"{plural(len(report.results), 'question')} asked: {told}."
    both, boundaries = report.boundaries
    shown, excepting = report.exceptions
    derogated, derogable = report.derogations
    yield (
        f"{plural(len(report.coverage), 'rule')}: "
        f"{sum(bool(c.matches) for c in report.coverage)} met, "
        f"{sum(bool(c.near_misses) for c in report.coverage)} nearly met, "
        f"{shown} of {excepting} shown with an exception, "
        f"{derogated} of {derogable} with a derogation, "
        f"{both} of {boundaries} boundaries of time shown on both sides; "
        f"{plural(len(report.gaps), 'lack')}."
    )


def _print_mutation(report: MutationReport, most_alive: float) -> None:
    """Print the changes of rules that no scenario notices, and a summary."""
    out = console()
    for mutant in report.survivors:
        out.print(Text(str(mutant), "yellow"))
    noticed = report.mutants - len(report.survivors)
    style = "red" if report.percent_alive > most_alive else "green"
    out.print(
        f"{plural(report.mutants, 'change')} of rules: {noticed} noticed by a scenario, "
        f"{len(report.survivors)} not ({report.percent_alive:.1f} %, at most {most_alive:g} %).",
        style=style,
    )


def report_as_json(report: ScenarioReport, mutation: MutationReport | None = None) -> str:
    """Return the whole report as JSON, with that of changed rules if they were tried."""
    counts = Counter(result.verdict for result in report.results)
    tried = {} if mutation is None else {"mutation": _mutation(mutation)}
    return _dump(
        {
            "passed": report.passed,
            "counts": {verdict.value: counts[verdict] for verdict in Verdict},
            "results": [_result(result) for result in report.results],
            "lacks": [_gap(gap) for gap in report.gaps],
            "coverage": [asdict(covered) for covered in report.coverage],
            **tried,
        }
    )


def _mutation(report: MutationReport) -> Mapping[str, Any]:
    """Return what came of changing rules."""
    told = ("rule_id", "file", "line", "change")
    return {
        "changes": report.mutants,
        "percent_alive": round(report.percent_alive, 2),
        "survivors": [{name: getattr(m, name) for name in told} for m in report.survivors],
    }


def _result(result: ScenarioResult) -> Mapping[str, Any]:
    """Return a result with what explains it, empty parts left out."""
    return {name: value for name, value in asdict(result).items() if value not in ((), "", None)}


def _gap(gap: EmptyFile | Lack) -> Mapping[str, Any]:
    """Return something that no scenario shows."""
    return {"message": str(gap), **{k: v for k, v in asdict(gap).items() if k != "message"}}


def _dump(value: Mapping[str, Any]) -> str:
    """Return JSON with instants in ISO 8601."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    """Return what JSON has no type for as text."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
