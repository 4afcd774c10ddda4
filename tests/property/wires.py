"""The same message written in other ways, and messages that are broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from property.choices import Choices, chance, pick, shuffled

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)
UNKNOWN = 1000
MESSAGE = FieldDescriptor.TYPE_MESSAGE


@dataclass(frozen=True)
class Field:
    """A field as it is on the wire.

    Attributes:
        number: its number.
        kind: its wire type.
        value: what comes after the tag, without a length.
        tag_padding: octets that the tag is longer than needed.
        length_padding: octets that the length is longer than needed.
    """

    number: int
    kind: int
    value: bytes
    tag_padding: int = 0
    length_padding: int = 0

    def encode(self) -> bytes:
        """Return its octets."""
        tag = varint(self.number << 3 | self.kind, self.tag_padding)
        length = varint(len(self.value), self.length_padding) if self.kind == LENGTH else b""
        return tag + length + self.value


def varint(value: int, padding: int = 0) -> bytes:
    """Return a number as a varint, `padding` octets longer than needed."""
    octets = bytearray()
    while value > 127:
        octets.append(value & 127 | 128)
        value >>= 7
    octets.append(value)
    if padding:
        octets[-1] |= 128
        octets += b"\x80" * (padding - 1) + b"\0"
    return bytes(octets)


def split(octets: bytes) -> list[Field]:
    """Return the fields of a well-formed message without groups."""
    fields, at = [], 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            octet = octets[at]
            value |= (octet & 127) << shift
            at, shift = at + 1, shift + 7
            if octet < 128:
                return value

    while at < len(octets):
        tag = number()
        kind, begin = tag & 7, at
        if kind == VARINT:
            number()
        elif kind == LENGTH:
            length = number()
            begin, at = at, at + length
        else:
            at += 8 if kind == FIXED64 else 4
        fields.append(Field(tag >> 3, kind, octets[begin:at]))
    return fields


def join(fields: list[Field]) -> bytes:
    """Return the octets of a message."""
    return b"".join(field.encode() for field in fields)


def child_of(descriptor: Descriptor, field: Field) -> Descriptor | None:
    """Return what a field holds if that is a message."""
    known = descriptor.fields_by_number.get(field.number)
    return known.message_type if known is not None and field.kind == LENGTH else None


def written_otherwise(octets: bytes, descriptor: Descriptor, choices: Choices) -> bytes:
    """Return a well-formed message with one change, in it or in a message of it."""
    fields = split(octets)
    inner = [i for i, field in enumerate(fields) if child_of(descriptor, field)]
    if inner and chance(choices, 60):
        index = pick(choices, inner)
        field = fields[index]
        child = child_of(descriptor, field)
        assert child is not None
        value = written_otherwise(field.value, child, choices)
        fields[index] = Field(field.number, field.kind, value)
        return join(fields)
    return pick(choices, CHANGES)(fields, descriptor, choices)


def _reordered(fields: list[Field], _: Descriptor, choices: Choices) -> bytes:
    """Return the fields in another order; entries of a list change places, too."""
    return join(shuffled(choices, fields))


def _repeated(fields: list[Field], _: Descriptor, choices: Choices) -> bytes:
    """Return the fields with one that stands there twice."""
    if fields:
        fields.insert(choices.integer(0, len(fields)), pick(choices, fields))
    return join(fields)


def _divided(fields: list[Field], descriptor: Descriptor, choices: Choices) -> bytes:
    """Return the fields with a message in two parts, the second one somewhere behind."""
    inner = [i for i, field in enumerate(fields) if child_of(descriptor, field)]
    if not inner:
        return join(fields)
    index = pick(choices, inner)
    whole = fields[index]
    parts = split(whole.value)
    middle = choices.integer(0, len(parts))
    fields[index] = Field(whole.number, LENGTH, join(parts[:middle]))
    behind = choices.integer(index + 1, len(fields))
    fields.insert(behind, Field(whole.number, LENGTH, join(parts[middle:])))
    return join(fields)


def _with_unknown(fields: list[Field], _: Descriptor, choices: Choices) -> bytes:
    """Return the fields with one that the contract doesn't know."""
    group = Field(1, VARINT, b"\7").encode() + varint(UNKNOWN << 3 | END_GROUP)
    kind, value = pick(
        choices,
        (
            (VARINT, varint(choices.integer(0, 300))),
            (VARINT, varint(5, 2)),
            (LENGTH, b""),
            (LENGTH, b"what is to come"),
            (FIXED64, b"8 octets"),
            (FIXED32, b"four"),
            (START_GROUP, group),
        ),
    )
    fields.insert(choices.integer(0, len(fields)), Field(UNKNOWN, kind, value))
    return join(fields)


def _padded(fields: list[Field], _: Descriptor, choices: Choices) -> bytes:
    """Return the fields with a tag or a length that is longer than needed."""
    if fields:
        index = choices.integer(0, len(fields) - 1)
        field, padding = fields[index], choices.integer(1, 4)
        tag, length = (0, padding) if chance(choices, 50) else (padding, 0)
        fields[index] = Field(field.number, field.kind, field.value, tag, length)
    return join(fields)


def _with_default(fields: list[Field], descriptor: Descriptor, choices: Choices) -> bytes:
    """Return the fields with one more that is empty or zero, though it need not stand there."""
    known = pick(choices, descriptor.fields)
    numbers = (known.TYPE_UINT32, known.TYPE_UINT64, known.TYPE_BOOL, known.TYPE_ENUM)
    number = known.type in numbers or known.type == known.TYPE_INT64
    empty = Field(known.number, VARINT, b"\0") if number else Field(known.number, LENGTH, b"")
    fields.insert(choices.integer(0, len(fields)), empty)
    return join(fields)


def _of_another_type(fields: list[Field], descriptor: Descriptor, choices: Choices) -> bytes:
    """Return the fields with one whose wire type is not that of the contract."""
    known = pick(choices, descriptor.fields)
    kind, value = pick(choices, ((VARINT, b"\1"), (LENGTH, b"\xff\xfe"), (FIXED32, b"four")))
    fields.insert(choices.integer(0, len(fields)), Field(known.number, kind, value))
    return join(fields)


def _cut(fields: list[Field], _: Descriptor, choices: Choices) -> bytes:
    """Return the beginning of the fields."""
    octets = join(fields)
    return octets[: choices.integer(0, len(octets))]


def _noisy(fields: list[Field], _: Descriptor, choices: Choices) -> bytes:
    """Return the fields with octets that mean nothing in between."""
    octets = join(fields)
    at = choices.integer(0, len(octets))
    noise = bytes(choices.integer(0, 255) for _ in range(choices.integer(1, 4)))
    return octets[:at] + noise + octets[at:]


# Most leave the message what it is.
CHANGES: tuple[Callable[[list[Field], Descriptor, Choices], bytes], ...] = (
    *(_reordered, _repeated, _divided, _with_unknown, _padded, _with_default) * 2,
    *(_of_another_type, _cut, _noisy),
)
