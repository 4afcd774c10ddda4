"""Spans as columns, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa

from comity.journal.archiving.descriptions import FIELDS, describe_span
from comity.journal.archiving.holes import Hole
from comity.journal.archiving.shapes import Values, join_span, read_shape
from comity.journal.layout import SegmentHeader
from comity.journal.reading import Frame

_OCTETS: Final = pa.dictionary(pa.int32(), pa.binary())
_SEGMENT: Final = pa.dictionary(pa.int32(), pa.string())
# What is taken out of spans, and the column that it goes to. The end is there as a duration.
_HOLES: Final[dict[Hole, pa.Field]] = {
    Hole.TRACE_ID: pa.field("trace_id", pa.binary(16)),
    Hole.SPAN_ID: pa.field("span_id", pa.binary(8)),
    Hole.PARENT_ID: pa.field("parent_span_id", pa.binary(8)),
    Hole.START: pa.field("start", pa.timestamp("ns", "UTC")),
    Hole.END: pa.field("duration_ns", pa.int64()),
    Hole.TRACE_STATE: pa.field("trace_state", pa.binary()),
    Hole.EVENT_AT: pa.field("event_times", pa.list_(pa.int64())),
    Hole.EVALUATED_AT: pa.field("evaluated_at", pa.timestamp("us", "UTC")),
    Hole.VALID_UNTIL: pa.field("valid_until", pa.string()),
    Hole.POSITION: pa.field("position", pa.int32()),
    Hole.PSEUDONYM: pa.field("pseudonym", pa.binary()),
    Hole.PROVENANCE: pa.field("provenance", pa.binary()),
}
_ORIGIN: Final = ("resource", "scope")
SCHEMA: Final = pa.schema(
    [
        pa.field("segment", _SEGMENT),
        pa.field("sequence", pa.int64()),
        *_HOLES.values(),
        *FIELDS,
        pa.field("shape", _OCTETS),
        *(pa.field(name, _OCTETS) for name in _ORIGIN),
    ]
)
# What says nothing to people: a span takes it to be put together.
OPAQUE: Final = ("event_times", "provenance", "shape", *_ORIGIN)


class ArchivedSpan(NamedTuple):
    """A span as it stood in the journal.

    Attributes:
        segment: name of the segment that it stood in.
        sequence: its number among all spans of the writer.
        span: the serialised OTLP span.
        resource: the serialised OTLP `Resource` that it belongs to.
        scope: the serialised OTLP `InstrumentationScope` that it belongs to.
    """

    segment: str
    sequence: int
    span: bytes
    resource: bytes
    scope: bytes


class SpanTable:
    """Spans that become the rows of one table, in the order in which they are added."""

    def __init__(self) -> None:
        """Begin without rows."""
        self._rows: list[tuple[str, int]] = []
        self._values: list[Values] = []
        self._shapes = _Known()
        self._descriptions: list[dict[str, Any]] = []
        self._origins = {name: _Known() for name in _ORIGIN}

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def add(self, header: SegmentHeader, frame: Frame, shape: bytes, values: Values) -> None:
        """Add the span of `frame`, taken apart into `shape` and `values`."""
        self._rows.append((str(header.name), frame.sequence))
        self._values.append(values)
        if self._shapes.add(shape):
            self._descriptions.append(describe_span(frame.span))
        self._origins["resource"].add(header.resource)
        self._origins["scope"].add(header.scope)

    def finish(self) -> pa.Table:
        """Return the table."""
        segments, sequences = _Known(), []
        for segment, sequence in self._rows:
            segments.add(segment)
            sequences.append(sequence)
        shapes = self._shapes.array(_OCTETS)
        described = pa.Table.from_pylist(self._descriptions, pa.schema(FIELDS))
        columns = [
            segments.array(_SEGMENT),
            pa.array(sequences, pa.int64()),
            *(_column(hole, self._values) for hole in _HOLES),
            *(column.combine_chunks() for column in described.take(shapes.indices).columns),
            shapes,
            *(self._origins[name].array(_OCTETS) for name in _ORIGIN),
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMA)


class _Known:
    """Values that are kept once, and which of them each row has."""

    def __init__(self) -> None:
        """Begin with none."""
        self._numbers: dict[bytes | str, int] = {}
        self._rows: list[int] = []

    def add(self, value: bytes | str) -> bool:
        """Add a row; return whether its value is new."""
        count = len(self._numbers)
        number = self._numbers.setdefault(value, count)
        self._rows.append(number)
        return number == count

    def array(self, kind: pa.DictionaryType) -> pa.DictionaryArray:
        """Return the rows as a dictionary array."""
        values = pa.array(list(self._numbers), kind.value_type)
        return pa.DictionaryArray.from_arrays(pa.array(self._rows, kind.index_type), values)


def _column(hole: Hole, rows: Sequence[Values]) -> pa.Array:
    """Return what was taken out of spans in one kind of hole."""
    if hole is Hole.END:
        # The end is taken only where the start is.
        ends = ((row.get(Hole.START), row.get(hole)) for row in rows)
        found = [None if end is None else end - start for start, end in ends]
    else:
        found = [row.get(hole) for row in rows]
    return pa.array(found, _HOLES[hole].type)


def spans_of(table: pa.Table) -> Iterator[ArchivedSpan]:
    """Yield the spans of a table, in the order of its rows.

    Raises:
        pyarrow.ArrowException, LookupError, ValueError: it is no table of spans.
    """
    shapes = table.column("shape").unify_dictionaries().combine_chunks()
    pieces = [read_shape(shape) for shape in shapes.dictionary.to_pylist()]
    numbers = shapes.indices.to_pylist()
    holes = [_values(table, hole) for hole in _HOLES]
    rest = [table.column(name).to_pylist() for name in ("segment", "sequence", *_ORIGIN)]
    for number, values, origin in zip(
        numbers, zip(*holes, strict=True), zip(*rest, strict=True), strict=True
    ):
        taken: Values = dict(zip(_HOLES, values, strict=True))
        if taken[Hole.END] is not None:
            taken[Hole.END] += taken[Hole.START]
        segment, sequence, resource, scope = origin
        span = join_span(pieces[number], taken)
        yield ArchivedSpan(segment, sequence, span, resource, scope)


def _values(table: pa.Table, hole: Hole) -> list[Any]:
    """Return what stands in one kind of hole, row by row."""
    column = table.column(_HOLES[hole].name)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return list(column.to_pylist())
