"""Journals that are archived, and what comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from comity.journal import SpanTemplate, encode_attributes, read_segment, segments_in
from comity.journal.archiving import (
    Archived,
    ArchivedSpan,
    ArchiveOptions,
    ArchivePlace,
    Archiver,
    read_file,
)
from unit.journal.exports import RESOURCE, SCOPE, open_journal

HOUR = 3_600_000_000_000
# The first second of an hour.
BEGIN = 1_795_561_200_000_000_000
TEMPLATE = SpanTemplate("comity.decision", attributes={"comity.decision.kind": "eligibility"})


def span_at(end: int, number: int = 1, **attributes: Any) -> bytes:
    """Return the span of a decision."""
    told = {f"comity.{name.replace('__', '.')}": value for name, value in attributes.items()}
    return TEMPLATE.assemble(
        number.to_bytes(16),
        number.to_bytes(8),
        b"",
        "",
        0x100,
        end - 1000,
        end,
        encode_attributes(told),
    )


def record(directory: Path, *spans: bytes, worker: int = 1, **changed: Any) -> list[ArchivedSpan]:
    """Record spans in one life of a worker; return what the journal holds of it."""
    before = set(segments_in(directory)) if directory.is_dir() else set()
    with open_journal(directory, worker=worker, **changed) as journal:
        journal.append_all(list(spans))
    return held(path for path in segments_in(directory) if path not in before)


def held(segments: Any) -> list[ArchivedSpan]:
    """Return the spans of segments."""
    return [
        ArchivedSpan(path.name, frame.sequence, frame.span, RESOURCE, SCOPE)
        for path in segments
        for frame in read_segment(path)
    ]


def archive(journal: Path, place: ArchivePlace | Path, **changed: Any) -> Archived:
    """Archive a journal."""
    chosen = place if isinstance(place, ArchivePlace) else ArchivePlace(str(place))
    return Archiver(journal, chosen, ArchiveOptions(**{"exported_only": False} | changed)).run()


def brought_back(place: Path) -> list[ArchivedSpan]:
    """Return all spans that count in the archive, in the order of the journal."""
    whole, _ = ArchivePlace(str(place)).files()
    found = [span for file in whole for span in read_file(place / file.path)]
    return sorted(found, key=lambda span: (span.segment, span.sequence))


def names_in(place: Path) -> list[str]:
    """Return the names of all files but filters."""
    files = (path for path in place.rglob("*") if path.is_file() and path not in filters_in(place))
    return sorted(str(path.relative_to(place)) for path in files)


def filters_in(place: Path) -> list[Path]:
    """Return the filters of the archive's files."""
    return sorted(place.rglob(".*.ids"))
