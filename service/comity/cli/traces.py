"""`comity traces`: what was decided lately, and why."""

from __future__ import annotations

import heapq
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from comity.cli.failure import CommandError, Exit
from comity.cli.setting_flags import settings_from

if TYPE_CHECKING:
    from comity.cli.journal_spans import JournalReader
    from comity.settings import Settings
    from comity.telemetry.reading import StoredSpan

_POLL_SECONDS: Final = 0.25
_SHORTEST_ID: Final = 4


class EffectName(StrEnum):
    """An effect, as it is typed."""

    ALLOW = "allow"
    WARN = "warn"
    VERIFY = "verify"
    RESTRICT = "restrict"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions are of interest.

    Attributes:
        effect: only these; empty for all.
        jurisdiction: only those with a rule of this jurisdiction; empty for all.
        rule: only those with this rule among their reasons; empty for all.
        degraded: only those for which a source was not available.
    """

    effect: str = ""
    jurisdiction: str = ""
    rule: str = ""
    degraded: bool = False

    def may_want(self, octets: bytes) -> bool:
        """Return whether a serialised span is worth decoding; often in vain, never wrongly not."""
        del octets
        return True

    def wants(self, span: StoredSpan) -> bool:
        """Return whether `span` records such a decision."""
        return (
            span.is_decision
            and self.effect in ("", span.text("comity.decision.effect"))
            and (not self.jurisdiction or self.jurisdiction in span.texts("comity.jurisdictions"))
            and (not self.rule or self.rule in span.texts("comity.rule.ids"))
            and (not self.degraded or bool(span.texts("comity.degraded")))
        )


@dataclass(frozen=True, slots=True)
class AnySpan(DecisionFilter):
    """Every span is of interest."""

    def wants(self, span: StoredSpan) -> bool:
        """Return that `span` is of interest."""
        del span
        return True


Identity = Annotated[
    str,
    typer.Argument(
        metavar="DECISION_OR_TRACE_ID",
        help="Show this decision, or all of this trace, with everything that was recorded.",
    ),
]
Limit = Annotated[int, typer.Option(min=1, help="Show so many decisions, at most.")]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with new decisions until interrupted.")
]
OnlyEffect = Annotated[
    EffectName | None, typer.Option(case_sensitive=False, help="Only this effect.")
]
OnlyJurisdiction = Annotated[
    str, typer.Option(metavar="CODE", help="Only those with a rule of this jurisdiction.")
]
OnlyRule = Annotated[str, typer.Option(metavar="ID", help="Only those with this rule.")]
OnlyDegraded = Annotated[
    bool, typer.Option("--degraded", help="Only those for which a source was not available.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line and span.")]
DataDir = Annotated[
    str | None, typer.Option("--data-dir", metavar="PATH", help="Data directory of the server.")
]


def register(app: typer.Typer) -> None:
    """Add `comity traces`."""
    app.command("traces")(show_traces)


def show_traces(
    identity: Identity = "",
    *,
    limit: Limit = 20,
    follow: Follow = False,
    effect: OnlyEffect = None,
    jurisdiction: OnlyJurisdiction = "",
    rule: OnlyRule = "",
    degraded: OnlyDegraded = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List decisions that a server on this machine recorded, newest last; or show one of them.

    They are kept in the server's data directory as long as no collector is configured.
    """
    from comity.cli.journal_spans import JournalReader
    from comity.cli.trace_texts import decision_line, json_line
    from comity.journal.places import journal_in

    settings = settings_from({"data_dir": data_dir})
    reader = JournalReader(journal_in(settings.data_dir))
    show = json_line if as_json else decision_line
    try:
        if identity:
            _show_one(reader, identity, settings, as_json=as_json)
            return
        wanted = DecisionFilter(effect or "", jurisdiction, rule, degraded)
        if not _list(reader, wanted, limit, show):
            typer.echo(_why_nothing(settings, wanted), err=True)
        while follow:
            time.sleep(_POLL_SECONDS)
            _list(reader, wanted, sys.maxsize, show)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:  # whoever reads has seen enough; the interpreter flushes once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _list(
    reader: JournalReader, wanted: DecisionFilter, limit: int, show: Callable[[StoredSpan], str]
) -> bool:
    """Print the newest decisions that are new to `reader`; return whether there were any."""
    newest = _newest(reader.new_spans(wanted), limit)
    for span in newest:
        typer.echo(show(span))
    return bool(newest)


def _newest(spans: Iterable[StoredSpan], limit: int) -> list[StoredSpan]:
    """Return the newest of `spans`, newest last, holding no more than these in memory."""

    def end(span: StoredSpan) -> int:
        return span.end_ns

    if limit == sys.maxsize:
        return sorted(spans, key=end)
    return heapq.nlargest(limit, spans, end)[::-1]


def _show_one(reader: JournalReader, identity: str, settings: Settings, *, as_json: bool) -> None:
    """Print one trace as a tree.

    Raises:
        CommandError: there is none of this identity, or more than one.
    """
    from comity.cli.trace_texts import json_line, tree_lines

    trace_id, _, span_id = identity.lower().partition("-")
    if len(trace_id) < _SHORTEST_ID:
        message = f"give at least {_SHORTEST_ID} digits of the identity"
        raise CommandError(Exit.MISUSED, message)
    spans = list(reader.new_spans(AnySpan(), trace_id))
    if len({span.trace_id for span in spans}) > 1:
        message = f"several traces begin with {trace_id}; give more of its digits"
        raise CommandError(Exit.MISUSED, message)
    if span_id:
        spans = list(_with_ancestors(spans, span_id))
    if not spans:
        message = f"there is no trace {identity}"
        raise CommandError(Exit.FAILED, message, [_why_nothing(settings, DecisionFilter())])
    for line in map(json_line, spans) if as_json else tree_lines(spans):
        typer.echo(line)


def _with_ancestors(spans: Sequence[StoredSpan], span_id: str) -> Iterator[StoredSpan]:
    """Yield a span and those that it lies below, innermost first; nothing if it isn't there."""
    by_id = {span.span_id: span for span in spans}
    current = by_id.get(span_id)
    while current is not None:
        yield current
        current = by_id.get(current.parent_id)


def _why_nothing(settings: Settings, wanted: DecisionFilter) -> str:
    """Return what to tell who finds nothing.

    Raises:
        CommandError: a variable of OpenTelemetry can't be used.
    """
    from comity.app.startup import StartupError
    from comity.journal import segments_in
    from comity.journal.places import journal_in
    from comity.telemetry import Place, find_destination

    try:
        destination = find_destination(os.environ, settings.data_dir)
    except StartupError as error:
        raise CommandError(error.exit_code, str(error)) from error
    if destination.place is Place.NOWHERE:
        return f"traces go {destination.text}; none are kept here"
    directory = journal_in(settings.data_dir)
    if wanted != DecisionFilter() and directory.is_dir() and segments_in(directory):
        return f"no decision kept in {directory} is like that"
    return (
        f"there are no decisions in {directory} yet: start a server with `comity serve`, "
        "ask it with `comity check`, and look again (a server with another data directory, or "
        "with a collector, keeps its traces elsewhere)"
    )
