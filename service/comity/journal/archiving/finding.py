"""Finds one span of an archive by its identity, reading the files that may hold it."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from comity.journal.archiving.files import damaged
from comity.journal.archiving.places import ArchivedFile, ArchivePlace
from comity.journal.archiving.tables import SCHEMA, ArchivedSpan, spans_of

_SPAN_ID: Final = "span_id"
_DICTIONARIES: Final = ("shape", "resource", "scope")


def find_archived(place: ArchivePlace, trace_id: bytes, span_id: bytes) -> ArchivedSpan | None:
    """Return the span of this identity; None if the archive doesn't hold it.

    Files that may hold it are asked by their ids, the newest first; the one that does is read.

    Raises:
        JournalError: a file is damaged.
        OSError: the archive can't be read.
    """
    files, _ = place.files()
    for file in reversed(files):
        if place.may_hold(file, span_id):
            found = _find_in(place, file, trace_id, span_id)
            if found is not None:
                return found
    return None


def ids_in(octets: bytes) -> list[bytes]:
    """Return the span ids of a Parquet file of the archive, those that it has."""
    table = pq.read_table(pa.BufferReader(octets), columns=[_SPAN_ID], use_threads=False)
    return [span_id for span_id in table.column(_SPAN_ID).to_pylist() if span_id is not None]


def _find_in(
    place: ArchivePlace, file: ArchivedFile, trace_id: bytes, span_id: bytes
) -> ArchivedSpan | None:
    """Return the span of this identity in one file; None if it doesn't hold it.

    Raises:
        JournalError: the file is damaged.
        OSError: the file can't be read.
    """
    with place.open(file) as stream:
        try:
            parquet = pq.ParquetFile(stream, read_dictionary=list(_DICTIONARIES))
            for number in range(parquet.num_row_groups):
                row = _row_of(parquet, number, trace_id, span_id)
                if row is not None:
                    table = parquet.read_row_group(number, SCHEMA.names, use_threads=False)
                    (span,) = spans_of(table.slice(row, 1))
                    return span
        except (pa.ArrowException, LookupError, OSError, TypeError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise damaged() from error
    return None


def _row_of(parquet: pq.ParquetFile, group: int, trace_id: bytes, span_id: bytes) -> int | None:
    """Return in which row of a group a span stands; None if in none."""
    ids = parquet.read_row_group(group, [_SPAN_ID], use_threads=False).column(_SPAN_ID)
    start = 0
    while (row := pc.index(ids, pa.scalar(span_id, ids.type), start).as_py()) >= 0:
        traces = parquet.read_row_group(group, ["trace_id"], use_threads=False).column("trace_id")
        if traces[row].as_py() == trace_id:
            return int(row)
        start = row + 1
    return None
