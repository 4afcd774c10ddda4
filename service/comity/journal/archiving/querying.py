"""Answers questions in SQL about the archive and the journal, and lets SQL do nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb
import pyarrow as pa

from comity.journal.archiving.batches import archived_span, hour_of, name_of
from comity.journal.archiving.places import ArchivedRange, ArchivePlace
from comity.journal.archiving.shapes import split_span
from comity.journal.archiving.tables import OPAQUE, SCHEMA, SpanTable
from comity.journal.errors import DamagedSegmentError
from comity.journal.layout import segments_in
from comity.journal.reading import read_header, read_segment

_COLUMNS: Final = (*(name for name in SCHEMA.names if name not in OPAQUE), "hour")
_ROWS_AT_ONCE: Final = 1000
_HARMLESS: Final = ("SELECT", "EXPLAIN")
# Queries see the views; no file, no network, no variable of this program, no other setting.
_LOCKS: Final = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_SPANS: Final = """
CREATE VIEW spans AS
SELECT
    make_timestamp(epoch_us(start::TIMESTAMPTZ) + duration_ns // 1000) AS time,
    lower(hex(trace_id)) AS trace_id,
    lower(hex(span_id)) AS span_id,
    lower(hex(parent_span_id)) AS parent_span_id,
    lower(hex(trace_id)) || '-' || lower(hex(span_id)) AS decision_id,
    duration_ns / 1000 AS duration_us,
    make_timestamp(epoch_us(evaluated_at::TIMESTAMPTZ)) AS evaluated_at,
    lower(hex(pseudonym)) AS pseudonym,
    decode(trace_state) AS trace_state,
    * EXCLUDE (trace_id, span_id, parent_span_id, start, duration_ns, evaluated_at, pseudonym,
        trace_state)
FROM ({rows})
"""
_DECISIONS: Final = """
CREATE VIEW decisions AS
SELECT
    time, effect, determination, coalesce(jurisdictions, []) AS jurisdictions,
    coalesce(rules, []) AS rules, coalesce(rpc, 'batch') AS rpc,
    len(coalesce(degraded, [])) > 0 AS degraded, decision_id, hour, kind, hypothetical,
    coalesce(obligations, []) AS obligations, coalesce(missing_facts, []) AS missing_facts,
    coalesce(degraded, []) AS degraded_sources, action, product, device,
    coalesce(connections, []) AS connections, position, evaluated_at, valid_until, pseudonym,
    pseudonym_key, policy_epoch, policy_digest, instrument, desk,
    coalesce(verdicts, []) AS verdicts, duration_us, failed, rpc_status, segment, sequence
FROM spans
WHERE kind IS NOT NULL
"""


class QueryError(Exception):
    """A query can't be answered."""


class Answer(NamedTuple):
    """What a query gives.

    Attributes:
        columns: names of its columns.
        rows: its rows, read as they are asked for.
    """

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


@contextmanager
def answering(journal: Path | None, place: ArchivePlace | None, sql: str) -> Iterator[Answer]:
    """Answer one `SELECT` about what a journal and an archive hold; a span of both counts once.

    There are the views `decisions` and `spans`; times are in UTC.

    Raises:
        QueryError: `sql` is no such query, or it can't be answered.
        OSError: journal or archive can't be read.
    """
    with duckdb.connect(":memory:") as connection:
        names = [*_register(connection, journal, place)]
        wanted = ", ".join(_COLUMNS)
        rows = " UNION ALL BY NAME ".join(f"FROM {name} SELECT {wanted}" for name in names)
        connection.execute(_SPANS.format(rows=rows))
        connection.execute(_DECISIONS)
        for lock in _LOCKS:
            connection.execute(lock)
        try:
            statements = connection.extract_statements(sql)
            kinds = [statement.type.name for statement in statements]
            if len(kinds) != 1 or kinds[0] not in _HARMLESS:
                message = "a query is one SELECT"
                raise QueryError(message)
            found = connection.execute(statements[0])
            columns = tuple(column[0] for column in found.description or ())
            yield Answer(columns, _rows(found))
        except duckdb.Error as error:
            raise QueryError(str(error).strip()) from error


def _rows(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a result."""
    while rows := found.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _register(
    connection: duckdb.DuckDBPyConnection, journal: Path | None, place: ArchivePlace | None
) -> Iterator[str]:
    """Make the rows of journal and archive known; yield by which names."""
    before, _ = place.files() if place else ([], [])
    live = dict(_live(journal, {file.range for file in before})) if journal else {}
    # What was archived meanwhile is taken from there.
    after, _ = place.files() if place else ([], [])
    ranges = {file.range for file in after}
    tables = [table for path, table in live.items() if not _covered(path, ranges)]
    connection.register("recorded", pa.concat_tables(tables or [_readable(SpanTable(), [])]))
    yield "recorded"
    if place and after:
        connection.register("archived", place.dataset(after))
        yield "archived"


def _live(journal: Path, archived: Collection[ArchivedRange]) -> Iterator[tuple[Path, pa.Table]]:
    """Yield the rows of each segment that is not archived."""
    for segment in segments_in(journal) if journal.is_dir() else []:
        if _covered(segment, archived):
            continue
        rows, hours = SpanTable(), []
        try:
            header = read_header(segment)
            for frame in read_segment(segment):
                shape, values = split_span(frame.span)
                rows.add(archived_span(header, frame), shape, values)
                hours.append(hour_of(values, header))
        except (DamagedSegmentError, FileNotFoundError):
            continue
        yield segment, _readable(rows, hours)


def _readable(rows: SpanTable, hours: Sequence[str]) -> pa.Table:
    """Return rows as queries see them."""
    table = rows.finish().drop_columns(list(OPAQUE))
    names = table.column("segment").cast(pa.string())
    table = table.set_column(table.schema.get_field_index("segment"), "segment", names)
    return table.append_column("hour", pa.array(hours, pa.string()))


def _covered(segment: Path, ranges: Collection[ArchivedRange]) -> bool:
    """Return whether a segment is archived."""
    name = name_of(segment)
    return any(each.covers(name) for each in ranges)
