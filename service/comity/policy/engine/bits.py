"""Sets of rules as Python integers: rule number n is bit n."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

FEW = 6  # up to here, taking the lowest bit again and again beats a pass over the bytes
OCCUPIED = re.compile(rb"[^\x00]")
BITS_OF_BYTE = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def mask_of(numbers: Iterable[int], width: int) -> int:
    """Return the set of `numbers`, each below `width`."""
    octets = bytearray(width // 8 + 1)
    for number in numbers:
        octets[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(octets, "little")


def numbers_in(mask: int) -> Iterator[int]:
    """Yield the numbers in `mask`, ascending."""
    if mask.bit_count() <= FEW:
        while mask:
            lowest = mask & -mask
            yield lowest.bit_length() - 1
            mask ^= lowest
        return
    octets = mask.to_bytes(mask.bit_length() // 8 + 1, "little")
    for match in OCCUPIED.finditer(octets):
        at = match.start()
        for bit in BITS_OF_BYTE[octets[at]]:
            yield at * 8 + bit


def holds(mask: int, number: int) -> bool:
    """Return whether `number` is in `mask`."""
    return bool(mask >> number & 1)
