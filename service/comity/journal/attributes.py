"""Encodes attributes of spans as OTLP has them, without building messages.

Source: https://github.com/open-telemetry/opentelemetry-proto (common.proto, trace.proto) and
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.util.types import AnyValue

OF_SPAN: Final = b"\x4a"
OF_EVENT: Final = b"\x1a"
_SHORT: Final = tuple(bytes((length,)) for length in range(128))
_DOUBLE: Final = struct.Struct("<Bd")
_HEADS_KEPT: Final = 100
_LEAST_INT: Final = -(1 << 63)
_MOST_INT: Final = (1 << 63) - 1
_ALL_BITS: Final = (1 << 64) - 1


def encode_varint(number: int) -> bytes:
    """Return a number of up to 64 bits that is not negative as a varint."""
    if number < 0x80:  # noqa: PLR2004 - seven bits fit into one octet
        return _SHORT[number]
    octets = bytearray()
    while number > 0x7F:  # noqa: PLR2004
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


class AttributeKey:
    """The name of an attribute whose value differs from span to span, encoded once."""

    __slots__ = ("_head", "_text_heads")

    def __init__(self, name: str) -> None:
        """Encode attributes called `name`."""
        encoded = name.encode()
        self._head = b"\x0a" + encode_varint(len(encoded)) + encoded + b"\x12"
        # What comes before a text of 0, 1, 2 ... octets.
        self._text_heads = tuple(
            self._field(_value_head(length), length) for length in range(_HEADS_KEPT)
        )

    def encode(self, value: AnyValue) -> bytes:
        """Return the attribute with `value`, as a field of a span.

        Raises:
            ValueError: `value` is a number beyond 64 bits, text that is no Unicode, or nothing
                that OTLP can hold.
        """
        if type(value) is str:
            text = value.encode()
            length = len(text)
            if length < _HEADS_KEPT:
                return self._text_heads[length] + text
        return self._field(encode_value(value), 0)

    def head_of_text(self, octets: int) -> bytes:
        """Return what comes before a text of so many `octets`, fewer than a hundred."""
        return self._text_heads[octets]

    def _field(self, octets: bytes, missing: int) -> bytes:
        """Return the field with a value that begins with `octets`, of which some are `missing`."""
        pair = self._head + encode_varint(len(octets) + missing) + octets
        return OF_SPAN + encode_varint(len(pair) + missing) + pair


def _value_head(length: int) -> bytes:
    """Return what comes before a text of `length` octets in an `AnyValue`."""
    return b"\x0a" + encode_varint(length)


def encode_attributes(attributes: Mapping[str, AnyValue], tag: bytes = OF_SPAN) -> bytes:
    """Return `attributes` as fields `tag`, those of a span, in their order.

    Raises:
        ValueError: as `AttributeKey.encode`.
    """
    pairs = [_encode_pair(*item) for item in attributes.items()]
    return b"".join([tag + encode_varint(len(pair)) + pair for pair in pairs])


def encode_value(value: AnyValue) -> bytes:
    """Return `value` as an OTLP `AnyValue`; None is an empty one.

    Raises:
        ValueError: as `AttributeKey.encode`.
    """
    match value:
        case str():
            text = value.encode()
            return _value_head(len(text)) + text
        case None:
            return b""
        case bool():
            return b"\x10\x01" if value else b"\x10\x00"
        case int():
            if not _LEAST_INT <= value <= _MOST_INT:
                message = "an attribute's number has more than 64 bits"
                raise ValueError(message)
            return b"\x18" + encode_varint(value & _ALL_BITS)
        case float():
            return _DOUBLE.pack(0x21, value)
        case bytes():
            return b"\x3a" + encode_varint(len(value)) + value
        case Mapping():
            return _encode_parts(b"\x32", [_encode_pair(*item) for item in value.items()])
        case Sequence():
            return _encode_parts(b"\x2a", [encode_value(item) for item in value])
    message = f"an attribute can't be a {type(value).__qualname__}"
    raise ValueError(message)


def _encode_pair(name: str, value: AnyValue) -> bytes:
    """Return an OTLP `KeyValue`."""
    key, encoded = name.encode(), encode_value(value)
    length = encode_varint(len(key))
    return b"\x0a" + length + key + b"\x12" + encode_varint(len(encoded)) + encoded


def _encode_parts(tag: bytes, parts: Sequence[bytes]) -> bytes:
    """Return a message, field `tag` of an `AnyValue`, that has `parts` as its field 1."""
    body = b"".join([b"\x0a" + encode_varint(len(part)) + part for part in parts])
    return tag + encode_varint(len(body)) + body
