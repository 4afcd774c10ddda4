"""A small file beside each file of the archive: whether a span may be in it, by one short read.

A blocked Bloom filter over span ids. An id has one block, and in it eight bits, which are set if it
was added; so are, by chance, those of about one in a hundred that was not. Each block has a
checksum: of one that is damaged nothing is concluded.

Source: Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters (2007)
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Collection
from typing import Final, Protocol

import google_crc32c

_MAGIC: Final = b"CMTYIDS1"
# Magic, number of blocks.
_HEADER: Final = struct.Struct("<8sQ")
_BLOCK_BITS: Final = 512
# The bits of a block, and their CRC-32C.
_BLOCK: Final = struct.Struct(f"<{_BLOCK_BITS // 8}sI")
_BITS_AN_ID: Final = 12
_PROBES: Final = 8
_PROBE_BITS: Final = 9
_PROBE_MASK: Final = (1 << _PROBE_BITS) - 1


class Readable(Protocol):
    """A file that is read here and there."""

    def seek(self, position: int) -> int:
        """Go to an octet."""
        ...

    def read(self, nbytes: int) -> bytes:
        """Return up to so many octets, and go behind them."""
        ...


def encode_filter(span_ids: Collection[bytes]) -> bytes:
    """Return a filter to which these ids were added."""
    count = max(1, -(-len(span_ids) * _BITS_AN_ID // _BLOCK_BITS))
    blocks = [0] * count
    for span_id in span_ids:
        number, bits = _place_of(span_id, count)
        blocks[number] |= bits
    size = _BLOCK_BITS // 8
    encoded = (block.to_bytes(size, "little") for block in blocks)
    framed = (_BLOCK.pack(block, google_crc32c.value(block)) for block in encoded)
    return _HEADER.pack(_MAGIC, count) + b"".join(framed)


def may_hold(file: Readable, span_id: bytes) -> bool:
    """Return False if `span_id` was not added to the filter in `file`.

    Raises:
        OSError: the file can't be read.
    """
    try:
        magic, count = _HEADER.unpack(file.read(_HEADER.size))
        if magic != _MAGIC or not count:
            return True
        number, bits = _place_of(span_id, count)
        file.seek(_HEADER.size + number * _BLOCK.size)
        block, checksum = _BLOCK.unpack(file.read(_BLOCK.size))
    except struct.error:
        return True
    if checksum != google_crc32c.value(block):
        return True
    return not bits & ~int.from_bytes(block, "little")


def _place_of(span_id: bytes, blocks: int) -> tuple[int, int]:
    """Return the block of an id among so many, and its bits in it."""
    digest = int.from_bytes(hashlib.blake2b(span_id, digest_size=16).digest(), "little")
    bits = 0
    for _ in range(_PROBES):
        bits |= 1 << (digest & _PROBE_MASK)
        digest >>= _PROBE_BITS
    return digest % blocks, bits
