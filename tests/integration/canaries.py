"""Personal data to plant in requests, and the search for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

Path = tuple[FieldDescriptor, ...]

_DEEPEST = 8
_NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32: 2**31,
    FieldDescriptor.CPPTYPE_ENUM: 2**31,
    FieldDescriptor.CPPTYPE_UINT32: 2**32,
    FieldDescriptor.CPPTYPE_INT64: 2**63,
    FieldDescriptor.CPPTYPE_UINT64: 2**64,
    FieldDescriptor.CPPTYPE_FLOAT: 2**63,
    FieldDescriptor.CPPTYPE_DOUBLE: 2**63,
}


@dataclass(frozen=True)
class Canary:
    """Something of a person, in the forms in which it may be planted or come to light.

    Attributes:
        field: field of `Subject` that it belongs into.
        text: as text.
        number: as a number.
        others: further texts by which it would be recognised.
    """

    field: str
    text: str
    number: int
    others: tuple[str, ...] = ()

    def number_below(self, limit: int) -> int:
        """Return the number, or its last digits, below `limit`."""
        return self.number if self.number < limit else self.number % 1_000_000_000

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """What is searched for: forms of their own, not parts of longer numbers or digests."""
        numbers = {str(self.number), str(self.number % 1_000_000_000), f"{self.number:x}"}
        forms = "|".join(map(re.escape, {self.text.lower(), *self.others, *numbers}))
        return re.compile(f"(?<![0-9a-f])(?:{forms})(?![0-9a-f])")

    def found_in(self, text: str) -> str:
        """Return where `text` shows it, with what stands around; empty if it doesn't."""
        match = self._pattern.search(text.lower())
        return text[max(0, match.start() - 80) : match.end() + 80] if match else ""


CANARIES = (
    Canary("ip_address", "81.2.69.142", 0x5102458E, ("81.2.69.0", "81-2-69-142")),
    Canary("ip_address", "2a02:6b8:0:1::4711", 0x2A0206B800004711, ("2a02:6b8:0:1", "2a0206b8")),
    Canary("phone_number", "+380501234711", 380_501_234_711, ("50 123 4711", "050 123 4711")),
    # It resembles a word that the policies know, and passes for a name.
    Canary("account_id", "telegram_4711", 4_711_000_047_114_711),
    Canary("birth_date", "1987-02-17", 19_870_217, ("1987-02", "17.02.1987", "1987, 2, 17")),
)


def requests_with(make: Callable[[], Message], canary: Canary) -> Iterator[Message]:
    """Yield requests that hold `canary`: in one field after the other of `make()`, and in all."""
    paths = list(_leaves(make().DESCRIPTOR, ()))
    for path in paths:
        request = make()
        _plant(request, path, canary)
        yield request
    everywhere = make()
    everywhere.Clear()
    for path in paths:
        _plant(everywhere, path, canary)
    yield everywhere


def _leaves(message: Descriptor, above: Path) -> Iterator[Path]:
    """Yield the path to each text, number and byte field below `message`."""
    assert len(above) < _DEEPEST
    for field in message.fields:
        path = (*above, field)
        if field.message_type is not None:
            yield from _leaves(field.message_type, path)
        elif field.cpp_type != FieldDescriptor.CPPTYPE_BOOL:
            yield path


def _plant(message: Message, path: Path, canary: Canary) -> None:
    """Put `canary` into the field at `path`; in lists into the first entry."""
    *above, leaf = path
    current = message
    for field in above:
        inner = getattr(current, field.name)
        if field.is_repeated:
            current = inner[0] if len(inner) else inner.add()
        else:
            inner.SetInParent()
            current = inner
    value = _value(leaf, canary)
    if leaf.is_repeated:
        getattr(current, leaf.name)[:] = [value]
    else:
        setattr(current, leaf.name, value)


def _value(field: FieldDescriptor, canary: Canary) -> str | bytes | int | float:
    """Return `canary` in the type of `field`."""
    if field.type == FieldDescriptor.TYPE_BYTES:
        return canary.text.encode()
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return canary.text
    return canary.number_below(_NUMBERS[field.cpp_type])
