"""The fields of a serialised message, found without decoding them.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from comity.journal.archiving.holes import read_varint

_FIXED: Final = {1: 8, 5: 4}
_VARINT, _PREFIXED = 0, 2
_SEVEN_BITS: Final = 0x7F


def fields_of(span: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each field of a serialised span begins and ends.

    Raises:
        IndexError, ValueError: the octets are no span from some field on.
    """
    position, size = 0, len(span)
    while position < size:
        start = position
        kind, length = span[start] & 7, span[start + 1]
        if kind == _PREFIXED and span[start] <= _SEVEN_BITS and length <= _SEVEN_BITS:
            position += 2 + length
        else:
            position = skip_field(span, start)
        if position > size:
            raise ValueError
        yield start, position


def skip_field(span: bytes, position: int) -> int:
    """Return where the field at `position` ends.

    Raises:
        IndexError, ValueError: there is none.
    """
    tag, position = read_varint(span, position)
    kind = tag & 7
    if kind == _PREFIXED:
        length, start = read_varint(span, position)
        return start + length
    if kind == _VARINT:
        return read_varint(span, position)[1]
    if kind not in _FIXED:
        raise ValueError
    return position + _FIXED[kind]
