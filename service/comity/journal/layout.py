"""The layout of a segment: header, frames, file name. docs/journal.md says it in words."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import google_crc32c

from comity.journal.errors import DamagedSegmentError

MAGIC: Final = b"CMTYSEG1"
FORMAT_VERSION: Final = 1
PAGE_BYTES: Final = 4096
SUFFIX: Final = ".seg"
BOOT_BYTES: Final = 16
# The length of a frame's span, its checksum, its sequence number.
FRAME_HEAD: Final = struct.Struct("<IIQ")
FRAME_HEAD_BYTES: Final = FRAME_HEAD.size
# A length of zero ends a segment.
END: Final = bytes(4)
# The first octet of a length is thus always zero, by which frames are found behind damage.
MOST_SPAN_BYTES: Final = (1 << 24) - 1
SEQUENCE: Final = struct.Struct("<Q")

_LENGTH: Final = struct.Struct("<I")
# Magic, format, octets of the header, boot, worker, padding, segment, creation, capacity.
_HEADER: Final = struct.Struct("<8sII16sI4xQQQ")
_NAME: Final = re.compile(r"([0-9a-f]{32})-([0-9]{3,10})-([0-9]{8,20})\.seg")


class SegmentName(NamedTuple):
    """What the name of a segment's file says; names sort by age.

    Attributes:
        boot: identity of the writer's life, 16 octets, the first eight its begin.
        worker: number of the worker that wrote it.
        sequence: number of the segment in that life, from 1.
    """

    boot: bytes
    worker: int
    sequence: int

    def __str__(self) -> str:
        """Return the name of the file."""
        return f"{self.boot.hex()}-{self.worker:03d}-{self.sequence:08d}{SUFFIX}"

    @classmethod
    def parse(cls, name: str) -> SegmentName | None:
        """Return what `name` says; None if it is no segment's."""
        found = _NAME.fullmatch(name)
        return found and cls(bytes.fromhex(found[1]), int(found[2]), int(found[3]))


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """The header of a segment.

    Attributes:
        name: which segment it is.
        created: when it was made, nanoseconds since 1970.
        capacity: octets of the file until it is sealed; a shorter file is sealed.
        resource: serialised OTLP `Resource` of all its spans.
        scope: serialised OTLP `InstrumentationScope` of all its spans.
    """

    name: SegmentName
    created: int
    capacity: int
    resource: bytes
    scope: bytes

    @property
    def size(self) -> int:
        """Octets of the header, whole pages; the first frame comes behind."""
        used = _HEADER.size + 3 * _LENGTH.size + len(self.resource) + len(self.scope)
        return -(-used // PAGE_BYTES) * PAGE_BYTES

    def encode(self) -> bytes:
        """Return the header as it stands in the file, without the zeros that fill its page."""
        fixed = _HEADER.pack(
            MAGIC, FORMAT_VERSION, self.size, *self.name, self.created, self.capacity
        )
        resource = _LENGTH.pack(len(self.resource)) + self.resource
        scope = _LENGTH.pack(len(self.scope)) + self.scope
        checked = fixed + resource + scope
        return checked + _LENGTH.pack(google_crc32c.value(checked))

    @classmethod
    def decode(cls, octets: bytes) -> SegmentHeader:
        """Return the header at the start of `octets`.

        Raises:
            DamagedSegmentError: there is none, it is damaged, or of another version.
        """
        try:
            magic, version, size, boot, worker, sequence, created, capacity = _HEADER.unpack_from(
                octets
            )
            resource, offset = _read_prefixed(octets, _HEADER.size)
            scope, offset = _read_prefixed(octets, offset)
            (checksum,) = _LENGTH.unpack_from(octets, offset)
        except struct.error as error:
            message = "the header is cut off"
            raise DamagedSegmentError(message) from error
        if magic != MAGIC or checksum != google_crc32c.value(octets[:offset]):
            message = "the header is damaged"
            raise DamagedSegmentError(message)
        header = cls(SegmentName(boot, worker, sequence), created, capacity, resource, scope)
        if version != FORMAT_VERSION or size != header.size:
            message = f"format {version} is not known"
            raise DamagedSegmentError(message)
        return header


def _read_prefixed(octets: bytes, offset: int) -> tuple[bytes, int]:
    """Return the octets that come behind their length at `offset`, and where they end.

    Raises:
        struct.error: they are cut off.
    """
    (length,) = _LENGTH.unpack_from(octets, offset)
    start = offset + _LENGTH.size
    (value,) = struct.unpack_from(f"{length}s", octets, start)
    return value, start + length


def frame_head(sequence: int, span: bytes) -> bytes:
    """Return what comes before `span` in its frame."""
    checksum = google_crc32c.extend(_checksum_of(sequence), span)
    return FRAME_HEAD.pack(len(span), checksum, sequence)


def encode_frames(sequence: int, spans: Sequence[bytes]) -> list[bytes]:
    """Return the parts of the frames of `spans`, of which the first has this number."""
    parts: list[bytes] = []
    pack, extend = FRAME_HEAD.pack, google_crc32c.extend
    of_block = _checksum_of(sequence & ~_LOW)
    for number, span in enumerate(spans, sequence):
        low = number & _LOW
        if not low:
            of_block = _checksum_of(number)
        parts += (pack(len(span), extend(of_block ^ _OF_LOW[low], span), number), span)
    return parts


def _checksum_of(sequence: int) -> int:
    """Return the checksum of a sequence number, before that of its span."""
    return int(google_crc32c.value(SEQUENCE.pack(sequence)))


# Checksums are linear: that of a number differs from that of its block by what its last octet does.
_LOW: Final = 0xFF
_OF_LOW: Final = tuple(_checksum_of(low) ^ _checksum_of(0) for low in range(_LOW + 1))


def segments_in(directory: Path) -> list[Path]:
    """Return the files of segments, those begun first come first."""
    return sorted(path for path in directory.iterdir() if SegmentName.parse(path.name))
