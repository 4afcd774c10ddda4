"""Spans as columns, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa

from comity.journal.archiving.descriptions import FIELDS, SpanDescriber
from comity.journal.archiving.holes import Hole
from comity.journal.archiving.joining import SpanJoiner, listed
from comity.journal.archiving.shapes import Values

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
# What it takes to put spans together again.
NEEDED: Final = (
    "segment",
    "sequence",
    *(field.name for field in _HOLES.values()),
    "shape",
    *_ORIGIN,
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
        self._sequences: list[int] = []
        self._values: list[Values] = []
        self._holes: set[int] = set()
        self._shapes = _Known()
        self._descriptions: list[dict[str, Any]] = []
        self._describer = SpanDescriber()
        self._segments = _Known()
        self._origins = {name: _Known() for name in _ORIGIN}

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._sequences)

    def add(self, archived: ArchivedSpan, shape: bytes, values: Values) -> None:
        """Add a span, taken apart into `shape` and `values`."""
        self._sequences.append(archived.sequence)
        self._values.append(values)
        self._holes.update(values)
        if self._shapes.add(shape):
            self._descriptions.append(self._describer.describe(archived.span))
        self._segments.add(archived.segment)
        self._origins["resource"].add(archived.resource)
        self._origins["scope"].add(archived.scope)

    def finish(self) -> pa.Table:
        """Return the table."""
        shapes = self._shapes.array(_OCTETS)
        described = pa.Table.from_pylist(self._descriptions, pa.schema(FIELDS))
        columns = [
            self._segments.array(_SEGMENT),
            pa.array(self._sequences, pa.int64()),
            *(self._column(hole) for hole in _HOLES),
            *(column.combine_chunks() for column in described.take(shapes.indices).columns),
            shapes,
            *(self._origins[name].array(_OCTETS) for name in _ORIGIN),
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMA)

    def _column(self, hole: Hole) -> pa.Array:
        """Return what was taken out of spans in one kind of hole."""
        if hole not in self._holes:
            return pa.nulls(len(self._values), _HOLES[hole].type)
        found = [values.get(hole) for values in self._values]
        if hole is Hole.END:
            # The end is taken only where the start is.
            rows = zip(self._values, found, strict=True)
            found = [None if end is None else end - values[Hole.START] for values, end in rows]
        return pa.array(found, _HOLES[hole].type)


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


def spans_of(table: pa.Table) -> Iterator[ArchivedSpan]:
    """Return the spans of a table, in the order of its rows.

    Raises:
        pyarrow.ArrowException, LookupError, ValueError: it is no table of spans.
    """
    shapes = table.column("shape").unify_dictionaries().combine_chunks()
    numbers = listed(pa.chunked_array([shapes.indices]))
    columns = {hole: listed(table.column(field.name)) for hole, field in _HOLES.items()}
    starts, durations = columns[Hole.START], columns[Hole.END]
    columns[Hole.END] = [
        None if duration is None else start + duration
        for start, duration in zip(starts, durations, strict=True)
    ]
    names, sequences, *origins = (
        listed(table.column(name)) for name in ("segment", "sequence", *_ORIGIN)
    )
    spans = SpanJoiner(shapes.dictionary.to_pylist(), columns).spans(numbers)
    return map(ArchivedSpan, names, sequences, spans, *origins)
