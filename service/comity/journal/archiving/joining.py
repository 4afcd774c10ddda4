"""Spans put together again, row by row, from the columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, cast

import pyarrow as pa

from comity.journal.archiving.holes import RENDERERS, Hole
from comity.journal.archiving.shapes import Piece, Values, join_span, read_shape

# Values of these stand in many rows, and take longer to encode than to find again.
_REPEATED: Final = frozenset(
    {Hole.EVALUATED_AT, Hole.VALID_UNTIL, Hole.POSITION, Hole.PSEUDONYM, Hole.PROVENANCE}
)
_SECOND: Final = 1_000_000
# Where the fraction of a second stands, as in `...59.123456+00:00`.
_FRACTION_FROM: Final = -12
_FRACTION_TO: Final = -6
_FORMATS: Final[Mapping[pa.DataType, Literal["q", "i"]]] = {pa.int64(): "q", pa.int32(): "i"}

Column = list[bytes | None]


def listed(column: pa.ChunkedArray) -> list[Any]:
    """Return the values of a column; those of a dictionary are the same objects in each row."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        # Without rows, or too long for one array.
        return list(array.to_pylist())
    kind = array.type
    if array.null_count == len(array):
        return [None] * len(array)
    if pa.types.is_dictionary(kind):
        values = array.dictionary.to_pylist()
        numbers = listed(pa.chunked_array([array.indices]))
        return [None if number is None else values[number] for number in numbers]
    if pa.types.is_timestamp(kind):
        array = array.cast(pa.int64())
    if array.null_count:
        return list(array.to_pylist())
    return _plain(array)


def _plain(array: pa.Array) -> list[Any]:
    """Return the values of an array that has no nulls."""
    if array.type in _FORMATS:
        octets = memoryview(array.buffers()[1]).cast("B")
        numbers: list[Any] = octets.cast(_FORMATS[array.type]).tolist()
        return numbers[array.offset : array.offset + len(array)]
    if pa.types.is_fixed_size_binary(array.type):
        width, octets = array.type.byte_width, array.buffers()[1].to_pybytes()
        start = array.offset * width
        end = start + len(array) * width
        return [octets[at : at + width] for at in range(start, end, width)]
    return list(array.to_pylist())


class SpanJoiner:
    """Puts spans together whose values stand in columns."""

    def __init__(self, shapes: Sequence[bytes], columns: Mapping[Hole, list[Any]]) -> None:
        """Take what stood in the holes of spans from `columns`; null where there was no hole."""
        self._shapes = shapes
        self._columns = columns
        self._rendered: dict[Hole, Column] = {}
        self._plans: dict[int, list[bytes | Column] | None] = {}

    def spans(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """Yield the spans that have the shapes of these numbers, in the order of rows.

        Raises:
            LookupError, TypeError, ValueError: the columns don't fit the shapes.
        """
        plans = self._plans
        for row, number in enumerate(numbers):
            if number not in plans:
                plans[number] = self._plan(read_shape(self._shapes[number]))
            plan = plans[number]
            if plan is None:
                # Times of other events are lists: rows that have them are not put together often.
                yield join_span(read_shape(self._shapes[number]), self._values(row))
            else:
                parts = [part if isinstance(part, bytes) else part[row] for part in plan]
                # A value that is missing where a shape has its hole is a TypeError.
                yield b"".join(cast("list[bytes]", parts))

    def _plan(self, pieces: Sequence[Piece]) -> list[bytes | Column] | None:
        """Return what stands in the places of a shape's pieces; None if that can't be said."""
        if Hole.EVENT_AT in pieces:
            return None
        return [self._column(each) if isinstance(each, Hole) else each for each in pieces]

    def _column(self, hole: Hole) -> Column:
        """Return what stands in one kind of hole, row by row."""
        if hole not in self._rendered:
            source = Hole.END if hole is Hole.EVENT_AT_END else hole
            self._rendered[hole] = _rendered(hole, self._columns[source])
        return self._rendered[hole]

    def _values(self, row: int) -> Values:
        """Return what stood in the holes of one span."""
        return {hole: column[row] for hole, column in self._columns.items()}


class _InstantRenderer:
    """Encodes instants as the renderer of their hole does; of each second only the first by it."""

    def __init__(self) -> None:
        """Begin with no second."""
        self._seconds: dict[int, tuple[bytes, bytes]] = {}

    def __call__(self, value: int) -> bytes:
        """Return the attribute of an instant, microseconds since 1970."""
        second, fraction = divmod(value, _SECOND)
        if not fraction:
            return RENDERERS[Hole.EVALUATED_AT](value)
        if second not in self._seconds:
            octets = RENDERERS[Hole.EVALUATED_AT](value)
            self._seconds[second] = octets[:_FRACTION_FROM], octets[_FRACTION_TO:]
        return (b"%06d" % fraction).join(self._seconds[second])


def _rendered(hole: Hole, values: Sequence[Any]) -> Column:
    """Return what stood in spans in the places of these values."""
    render: Callable[[Any], bytes] = RENDERERS[hole]
    if hole is Hole.EVALUATED_AT:
        render = _InstantRenderer()
    if hole in _REPEATED:
        known = {value: None if value is None else render(value) for value in set(values)}
        return [known[value] for value in values]
    return [None if value is None else render(value) for value in values]
