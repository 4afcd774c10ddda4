"""`comity journal`: what is recorded on this machine, and how far it was exported."""

from __future__ import annotations

import collections
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from comity.cli import journal_archive, journal_finding
from comity.cli.failure import CommandError, Exit
from comity.cli.journal_place import AsJson, Directory, journal_place, usable_journal
from comity.cli.setting_flags import settings_from
from comity.cli.traces import (
    DecisionFilter,
    OnlyDegraded,
    OnlyEffect,
    OnlyJurisdiction,
    OnlyRule,
)

if TYPE_CHECKING:
    from comity.journal.exporting import Exporter
    from comity.settings import Settings

_POLL_SECONDS: Final = 0.25
_IDENTITY: Final = re.compile(r"[0-9a-f]{4,32}|[0-9a-f]{32}-[0-9a-f]{0,16}")

Limit = Annotated[int, typer.Option("-n", "--limit", min=0, help="Show so many, at most.")]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with new decisions until interrupted.")
]
OnlyDecision = Annotated[
    str, typer.Option("--decision", metavar="ID", help="Only this decision, or this trace.")
]
Once = Annotated[bool, typer.Option("--once", help="End once everything recorded is exported.")]
UntilEof = Annotated[
    bool, typer.Option("--until-eof", help="End when standard input does, as with SIGTERM.")
]


def register(app: typer.Typer) -> None:
    """Add `comity journal`."""
    journal = typer.Typer(
        help="The record of decisions on this machine, and its export to a collector.",
        no_args_is_help=True,
    )
    journal.command("status")(show_status)
    journal.command("tail")(show_newest)
    journal.command("grep")(find_decisions)
    journal.command("verify")(verify_segments)
    journal.command("export")(export_spans)
    journal_archive.register(journal)
    journal_finding.register(journal)
    app.add_typer(journal, name="journal")


def show_status(directory: Directory = None, *, as_json: AsJson = False) -> None:
    """Tell how much the journal holds, and how far its export is behind."""
    from comity.cli.journal_texts import status_json, status_lines
    from comity.journal.census import take_census
    from comity.journal.exporting import Cursor, LagMeter, is_exporting

    place = journal_place(directory)
    with usable_journal():
        census, cursor = take_census(place), Cursor.load(place)
        lag, exporting = LagMeter(place).measure(cursor), is_exporting(place)
    if as_json:
        print(status_json(place, census, cursor, lag, exporting=exporting))
        return
    for line in status_lines(place, census, cursor, lag, exporting=exporting):
        print(line)


def show_newest(
    directory: Directory = None,
    *,
    limit: Limit = 20,
    follow: Follow = False,
    as_json: AsJson = False,
) -> None:
    """List the newest decisions in the journal, newest last."""
    from comity.cli.journal_spans import JournalReader
    from comity.cli.trace_texts import decision_line, json_line

    reader, show = JournalReader(journal_place(directory)), json_line if as_json else decision_line
    with usable_journal():
        for span in collections.deque(reader.new_spans(DecisionFilter()), maxlen=limit):
            typer.echo(show(span))
        while follow:
            time.sleep(_POLL_SECONDS)
            for span in reader.new_spans(DecisionFilter()):
                typer.echo(show(span))


def find_decisions(
    directory: Directory = None,
    *,
    effect: OnlyEffect = None,
    jurisdiction: OnlyJurisdiction = "",
    rule: OnlyRule = "",
    degraded: OnlyDegraded = False,
    decision: OnlyDecision = "",
    as_json: AsJson = False,
) -> None:
    """List the decisions in the journal that are like this, oldest first; exit 1 without any."""
    from comity.cli.journal_spans import JournalReader
    from comity.cli.trace_texts import decision_line, json_line

    decision = decision.lower()
    if decision and not _IDENTITY.fullmatch(decision):
        message = "a decision is a trace id, or at least 4 of its digits, or TRACE_ID-SPAN_ID"
        raise CommandError(Exit.MISUSED, message)
    wanted = DecisionFilter(effect or "", jurisdiction, rule, degraded)
    show, found = json_line if as_json else decision_line, False
    with usable_journal():
        for span in JournalReader(journal_place(directory)).new_spans(wanted, decision):
            typer.echo(show(span))
            found = True
    if not found:
        raise typer.Exit(Exit.FAILED)


def verify_segments(directory: Directory = None, *, as_json: AsJson = False) -> None:
    """Read all segments: checksums, sequence numbers and ends; exit 1 if something is wrong."""
    from comity.cli.journal_texts import verified_json, verified_lines
    from comity.journal.verification import verify_journal

    place = journal_place(directory)
    with usable_journal():
        verified = verify_journal(place)
    for line in (verified_json(verified),) if as_json else verified_lines(verified):
        print(line)
    if verified.findings:
        raise typer.Exit(Exit.FAILED)


def export_spans(
    directory: Directory = None,
    *,
    once: Once = False,
    until_eof: UntilEof = False,
    as_json: AsJson = False,
) -> None:
    """Ship what is recorded to the collector that OTEL_EXPORTER_OTLP_* name, until stopped.

    Ends on SIGTERM and SIGINT: what is under way is finished, or left to the next exporter.
    """
    settings = settings_from({})

    from comity.cli.journal_texts import exported_json, exported_line
    from comity.journal.exporting import Cursor
    from comity.logs import configure_logging

    configure_logging(settings.log_level, "exporter")
    place = journal_place(directory)
    with usable_journal():
        exporter = _open_exporter(place, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: exporter.stop())
        if until_eof:
            threading.Thread(target=_stop_at_eof, args=(exporter,), daemon=True).start()
        try:
            exporter.run(until_empty=once)
        finally:
            exporter.close()
        counts = Cursor.load(place).counts
    print(exported_json(counts) if as_json else exported_line(counts))


def _open_exporter(place: Path, settings: Settings) -> Exporter:
    """Return what exports the journal in `place`.

    Raises:
        CommandError: no collector is configured, or it can't be used as configured.
        JournalLockedError: another process exports it.
        OSError: the journal can't be used.
    """
    from comity.app.startup import ExitCode, StartupError
    from comity.journal.exporting import (
        Exporter,
        ExportOptions,
        Sampling,
        open_sender,
        read_collector,
    )
    from comity.telemetry import Place, find_destination

    try:
        destination = find_destination(os.environ, settings.data_dir)
        if destination.place is not Place.COLLECTOR:
            message = "no collector is configured: set OTEL_EXPORTER_OTLP_ENDPOINT"
            raise CommandError(ExitCode.SETTINGS_INVALID, message)
        sender = open_sender(read_collector(os.environ, destination.protocol))
    except StartupError as error:
        raise CommandError(error.exit_code, str(error)) from error
    options = ExportOptions(
        dead_bytes=settings.dead_letters_bytes, sampling=Sampling(settings.export_allow_ratio)
    )
    return Exporter(place, sender, options)


def _stop_at_eof(exporter: Exporter) -> None:
    """Stop `exporter` once whoever started it is gone."""
    # Not by the file object: a thread that holds it keeps the interpreter from ending.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    exporter.stop()
