"""Attributes that are texts, joined from elements that were encoded before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from comity.journal import OF_SPAN, encode_varint
from comity.telemetry.memo import Memo

_TEXTS_KEPT: Final = 8192
_LENGTHS_KEPT: Final = 4096


def _encode_element(text: str) -> bytes:
    """Return `text` as an element of an array in an OTLP attribute.

    Raises:
        ValueError: it is no Unicode.
    """
    octets = text.encode()
    value = b"\x0a" + encode_varint(len(octets)) + octets
    return b"\x0a" + encode_varint(len(value)) + value


_encoded: Final = Memo(_encode_element, _TEXTS_KEPT).__getitem__


class TextArray:
    """The name of an attribute whose value is texts, encoded once."""

    __slots__ = ("_heads", "_key", "_tag")

    def __init__(self, name: str, tag: bytes = OF_SPAN) -> None:
        """Encode attributes called `name` as fields `tag`, those of a span."""
        key = name.encode()
        self._key = b"\x0a" + encode_varint(len(key)) + key
        self._tag = tag
        self._heads = Memo(self._head, _LENGTHS_KEPT)

    def encode(self, texts: Iterable[str]) -> bytes:
        """Return the attribute with `texts` in their order; nothing if there is none.

        Raises:
            ValueError: one is no Unicode.
        """
        octets = b"".join(map(_encoded, texts))
        return self._heads[len(octets)] + octets if octets else b""

    def _head(self, length: int) -> bytes:
        """Return what comes before elements of so many octets."""
        array = b"\x2a" + encode_varint(length)
        pair = self._key + b"\x12" + encode_varint(len(array) + length) + array
        return self._tag + encode_varint(len(pair) + length) + pair
