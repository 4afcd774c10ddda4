"""`comity policy calendar`: what happens to rules in the coming days."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from comity.cli.policy_reading import (
    DAY_FORMAT,
    POLICIES,
    Directory,
    Json,
    bundle_of,
    compile_files,
    day_of,
    read_files,
    write_bytes,
)

if TYPE_CHECKING:
    from comity.policy.agenda import Agenda, Entry

DAYS: Final = 90
_MOST_DAYS: Final = 36_600


def tell_calendar(
    directory: Directory = POLICIES,
    *,
    days: Annotated[
        int, typer.Option(metavar="DAYS", min=1, max=_MOST_DAYS, help="How many days to look at.")
    ] = DAYS,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=[DAY_FORMAT], help="First day; by default the current day."),
    ] = None,
    ics: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the days as an iCalendar file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print what starts, ends, changes, is suspended or due for review in the coming days."""
    from comity.policy.agenda import agenda_of

    compilation = compile_files(read_files(directory), first)
    agenda = agenda_of(bundle_of(compilation), compilation.documents, day_of(first), days)
    if ics is not None:
        from comity.cli.policy_icalendar import icalendar_of

        write_bytes(ics, icalendar_of(agenda))
    print(agenda_as_json(agenda) if as_json else "\n".join(agenda_lines(agenda)))


def agenda_lines(agenda: Agenda) -> Iterator[str]:
    """Yield the agenda, grouped by day, and a summary."""
    from comity.cli.policy_reports import plural

    if agenda.overdue:
        yield "Overdue"
        yield from (f"  {entry.day}  {entry_text(entry)}" for entry in agenda.overdue)
    for day, entries in groupby(agenda.entries, key=lambda entry: entry.day):
        yield f"{day:%A}, {day.isoformat()}"
        yield from (f"  {entry_text(entry)}" for entry in entries)
    yield (
        f"{plural(len(agenda.entries), 'event')} in {plural(agenda.days, 'day')} from "
        f"{agenda.first.isoformat()}, {plural(len(agenda.overdue), 'review')} overdue."
    )


def entry_text(entry: Entry) -> str:
    """Return what happens to which rule, and where that stands."""
    told = f"{entry.rule_id} {entry.happening.value}"
    clock = _time_of(entry)
    if clock:
        told += f" at {clock}"
    if entry.detail:
        told += f" ({entry.detail})"
    return f"{told}: {entry.title}  [{entry.file}:{entry.line}]"


def _time_of(entry: Entry) -> str:
    """Return the time of day in the file's zone; empty for midnight or a whole day."""
    if entry.at is None:
        return ""
    local = entry.at.astimezone(ZoneInfo(entry.zone))
    return "" if not (local.hour or local.minute or local.second) else f"{local:%H:%M %Z}"


def agenda_as_json(agenda: Agenda) -> str:
    """Return the agenda as JSON."""
    told = {
        "from": agenda.first.isoformat(),
        "days": agenda.days,
        "overdue": [_entry(entry) for entry in agenda.overdue],
        "entries": [_entry(entry) for entry in agenda.entries],
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def _entry(entry: Entry) -> Mapping[str, Any]:
    """Return an entry as JSON has it."""
    return {
        "day": entry.day.isoformat(),
        "at": None if entry.at is None else entry.at.isoformat(),
        "happening": entry.happening.name.lower(),
        "rule": entry.rule_id,
        "title": entry.title,
        "detail": entry.detail,
        "file": entry.file,
        "line": entry.line,
    }
