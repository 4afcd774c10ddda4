"""Headers and names of segments."""

from __future__ import annotations

import struct
from pathlib import Path

import google_crc32c
import pytest
from comity.journal import DamagedSegmentError, SegmentHeader, SegmentName, segments_in
from comity.journal.layout import FRAME_HEAD, encode_frames, frame_head

NAME = SegmentName(bytes(range(16)), 3, 17)
HEADER = SegmentHeader(NAME, 1_700_000_000_000_000_000, 1 << 24, b"resource", b"scope")


def test_a_header_stands_as_documented() -> None:
    """Octet by octet."""
    octets = HEADER.encode()
    assert octets[:16] == b"CMTYSEG1" + struct.pack("<II", 1, 4096)
    assert octets[16:40] == bytes(range(16)) + struct.pack("<II", 3, 0)
    assert octets[40:64] == struct.pack("<QQQ", 17, 1_700_000_000_000_000_000, 1 << 24)
    assert octets[64:85] == b"\x08\0\0\0resource\x05\0\0\0scope"
    assert len(octets) == 89


def test_a_header_is_read_as_it_was_written() -> None:
    """Whatever comes behind it."""
    assert SegmentHeader.decode(HEADER.encode() + b"\xff" * 5000) == HEADER


def test_a_long_resource_takes_more_pages() -> None:
    """Resources come from the environment and have no limit."""
    long = SegmentHeader(NAME, 1, 1 << 24, b"r" * 9000, b"scope")
    assert (HEADER.size, long.size) == (4096, 12288)
    assert SegmentHeader.decode(long.encode().ljust(12288, b"\0")) == long


@pytest.mark.parametrize("place", [0, 9, 13, 20, 33, 41, 50, 60, 65, 70, 80, 84, 86])
def test_an_octet_that_changed_is_noticed(place: int) -> None:
    """Anywhere in a header."""
    octets = bytearray(HEADER.encode())
    octets[place] ^= 0x41
    with pytest.raises(DamagedSegmentError):
        SegmentHeader.decode(bytes(octets))


@pytest.mark.parametrize("length", [0, 1, 63, 64, 70, 88])
def test_a_header_that_is_cut_off_is_noticed(length: int) -> None:
    """Anywhere too."""
    with pytest.raises(DamagedSegmentError):
        SegmentHeader.decode(HEADER.encode()[:length])


def test_names_tell_who_wrote_what() -> None:
    """Both ways; other names are none."""
    assert str(NAME) == "000102030405060708090a0b0c0d0e0f-003-00000017.seg"
    assert SegmentName.parse(str(NAME)) == NAME
    assert SegmentName.parse(str(NAME) + ".exported") is None
    assert SegmentName.parse("room.lock") is None


def test_segments_are_listed_by_age(tmp_path: Path) -> None:
    """By the begin of their writer's life, then by number."""
    older, newer = bytes(16), b"\1" + bytes(15)
    names = [SegmentName(older, 0, 2), SegmentName(older, 0, 10), SegmentName(newer, 0, 1)]
    for name in reversed(names):
        (tmp_path / str(name)).touch()
    (tmp_path / "worker-0.lock").touch()
    assert [path.name for path in segments_in(tmp_path)] == list(map(str, names))


@pytest.mark.parametrize("first", [1, 200, 255, 256, 257, (1 << 32) - 3, (1 << 48) - 300])
def test_frames_made_together_are_those_made_one_by_one(first: int) -> None:
    """Whatever octets of the sequence number change on the way."""
    spans = [f"span {number}".encode() * (number % 7 + 1) for number in range(600)]
    one_by_one = [frame_head(first + n, span) + span for n, span in enumerate(spans)]
    assert b"".join(encode_frames(first, spans)) == b"".join(one_by_one)
    checksum = google_crc32c.value(first.to_bytes(8, "little") + spans[0])
    assert FRAME_HEAD.unpack(encode_frames(first, spans)[0]) == (len(spans[0]), checksum, first)
