"""Attributes that are sorted texts, joined from elements that were encoded before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from comity.journal import OF_SPAN, encode_varint
from comity.telemetry.memo import Memo

Element = tuple[str, bytes]
"""A text, and the same as an element of an array in an OTLP attribute."""

_LENGTHS_KEPT: Final = 4096


def element_of(text: str) -> Element:
    """Return `text` as an element.

    Raises:
        ValueError: it is no Unicode.
    """
    octets = text.encode()
    value = b"\x0a" + encode_varint(len(octets)) + octets
    return text, b"\x0a" + encode_varint(len(value)) + value


class TextArray:
    """The name of an attribute whose value is texts, encoded once."""

    __slots__ = ("_heads", "_key", "_tag")

    def __init__(self, name: str, tag: bytes = OF_SPAN) -> None:
        """Encode attributes called `name` as fields `tag`, those of a span."""
        key = name.encode()
        self._key = b"\x0a" + encode_varint(len(key)) + key
        self._tag = tag
        self._heads = Memo(self._head, _LENGTHS_KEPT)

    def sorted(self, elements: Iterable[Element]) -> bytes:
        """Return the attribute with each of `elements` once, sorted; nothing if there is none."""
        # Equal texts are equal elements, so what follows the text decides nothing.
        return self.in_order(sorted(set(elements)))

    def in_order(self, elements: Iterable[Element]) -> bytes:
        """Return the attribute with `elements` as they are; nothing if there is none."""
        octets = b"".join([octets for _, octets in elements])
        return self._heads[len(octets)] + octets if octets else b""

    def _head(self, length: int) -> bytes:
        """Return what comes before elements of so many octets."""
        array = b"\x2a" + encode_varint(length)
        pair = self._key + b"\x12" + encode_varint(len(array) + length) + array
        return self._tag + encode_varint(len(pair) + length) + pair
