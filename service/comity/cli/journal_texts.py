"""Texts about a journal for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from comity.cli.output import rows
from comity.journal.census import Census
from comity.journal.exporting import Counts, Cursor, Lag
from comity.journal.verification import Fault, Finding, Verified

_NS: Final = 1_000_000_000
_FAULTS: Final = {
    Fault.HEADER: "the header can't be read, or is another segment's",
    Fault.DAMAGED: "damaged; frames behind it can be read",
    Fault.GAP: "sequence numbers are missing",
    Fault.TORN_TAIL: "the last frame is not whole",
}


def status_json(
    directory: Path, census: Census, cursor: Cursor, lag: Lag, *, exporting: bool
) -> str:
    """Return how a journal fares as one JSON object."""
    told: dict[str, Any] = {
        "directory": str(directory),
        **asdict(census),
        "exporting": exporting,
        "cursor_saved_at": _instant(cursor.saved_at),
        "spans_exported": asdict(cursor.counts),
        "lag": asdict(lag),
    }
    return json.dumps(told)


def status_lines(
    directory: Path, census: Census, cursor: Cursor, lag: Lag, *, exporting: bool
) -> Iterator[str]:
    """Yield how a journal fares, for people."""
    saved = _instant(cursor.saved_at)
    yield from rows(
        (
            ("journal", str(directory)),
            ("segments", f"{census.segments} ({census.open} open, {census.exported} exported)"),
            ("size", f"{census.bytes:,} bytes"),
            ("spans", f"{census.spans:,}"),
            ("torn tails", f"{census.torn_tails}"),
            ("set aside", f"{census.set_aside} damaged" if census.set_aside else ""),
            ("exporter", "running" if exporting else "not running"),
            ("exported", f"{_counts(cursor.counts)}{f', last at {saved}' if saved else ''}"),
            ("lag", f"{lag.spans:,} spans, {lag.bytes:,} bytes, {lag.seconds:.1f} seconds"),
        )
    )


def verified_json(verified: Verified) -> str:
    """Return what is wrong with a journal as one JSON object."""
    return json.dumps(asdict(verified))


def verified_lines(verified: Verified) -> Iterator[str]:
    """Yield what is wrong with a journal, for people."""
    yield from map(_finding, verified.findings)
    wrong = len(verified.findings)
    yield (
        f"{verified.spans:,} spans in {verified.segments} segments: "
        + (f"{wrong} {'fault' if wrong == 1 else 'faults'}" if wrong else "nothing is wrong")
    )


def exported_json(counts: Counts) -> str:
    """Return what was exported so far as one JSON object."""
    return json.dumps(asdict(counts))


def exported_line(counts: Counts) -> str:
    """Return what was exported so far, for people."""
    return f"exported so far: {_counts(counts)}"


def _finding(finding: Finding) -> str:
    """Return one thing that is wrong, on a line."""
    spans = f" ({finding.spans} spans)" if finding.spans else ""
    return f"{finding.segment}:{finding.offset}: {_FAULTS[finding.fault]}{spans}"


def _counts(counts: Counts) -> str:
    """Return what became of spans."""
    return (
        f"{counts.delivered:,} delivered, {counts.rejected:,} rejected, "
        f"{counts.dead_lettered:,} dead-lettered, {counts.missing:,} missing"
        + (f", {counts.left_out:,} left out" if counts.left_out else "")
        + (f"; {counts.forgotten:,} dead letters removed" if counts.forgotten else "")
        + (f"; {counts.repeated:,} perhaps sent twice" if counts.repeated else "")
    )


def _instant(nanoseconds: int) -> str:
    """Return an instant in UTC, to the second; empty for none."""
    if not nanoseconds:
        return ""
    return datetime.fromtimestamp(nanoseconds // _NS, UTC).isoformat().replace("+00:00", "Z")
