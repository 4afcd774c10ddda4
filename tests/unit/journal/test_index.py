"""Spans are found by their identity, without reading every segment."""

from __future__ import annotations

from pathlib import Path

import pytest
from comity.journal import Journal, SpanTemplate, segments_in
from comity.journal.disk import SystemDisk
from comity.journal.index import INDEX_SUFFIX, find_span, identity_of
from comity.journal.room import remove_segment
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unit.journal.disks import options_in

TEMPLATE = SpanTemplate("comity.decision", attributes={"text": "x" * 500})
MANY = 400


def ids(number: int) -> tuple[bytes, bytes]:
    """Return the identity of a span: ten share a trace; ids are in no order."""
    return (number // 10 + 1).to_bytes(16), (number * 0x9E3779B97F4A7C15 % 2**64 + 1).to_bytes(8)


def span(number: int) -> bytes:
    """Return a span of that identity."""
    return TEMPLATE.assemble(*ids(number), b"", "", 0x100, number + 1, number + 2)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A journal of several sealed segments, with something in it that is no span."""
    with Journal(options_in(tmp_path)) as journal:
        journal.append(b"\xff no span")
        for number in range(MANY):
            journal.append(span(number))
    assert len(segments_in(tmp_path)) > 2
    return tmp_path


def indices(place: Path) -> list[Path]:
    """Return the indices of segments."""
    return sorted(place.glob(f"*{INDEX_SUFFIX}"))


def test_every_span_is_found(place: Path) -> None:
    """First by making indices, then by them; what isn't there is not."""
    for _ in range(2):
        for number in range(0, MANY, 7):
            found = find_span(place, *ids(number))
            assert found is not None
            assert found.frame.span == span(number)
        assert find_span(place, ids(0)[0], ids(20)[1]) is None
        assert find_span(place, *ids(MANY)) is None
    assert len(indices(place)) == len(segments_in(place))
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in indices(place))


def test_an_index_is_used(place: Path) -> None:
    """Of the segments only the frame that it names is read: the rest may be gone bad."""
    assert find_span(place, *ids(MANY)) is None
    found = find_span(place, *ids(MANY // 2))
    assert found is not None
    content = bytearray(found.segment.read_bytes())
    first = content.index(b"x" * 500)
    content[first + 5] ^= 1
    found.segment.write_bytes(content)
    assert find_span(place, *ids(MANY // 2)) == found


@pytest.mark.parametrize("damage", [b"", b"CMTYIDX1", b"\0" * 100])
def test_a_damaged_index_is_made_again(place: Path, damage: bytes) -> None:
    """It is nothing that could be lost."""
    assert find_span(place, *ids(MANY)) is None
    whole = [path.read_bytes() for path in indices(place)]
    for path in indices(place):
        path.write_bytes(damage or path.read_bytes()[:-20] + b"\7" * 20)
    assert find_span(place, *ids(3)) is not None
    assert find_span(place, *ids(MANY)) is None
    assert [path.read_bytes() for path in indices(place)] == whole


def test_open_segments_are_read(tmp_path: Path) -> None:
    """What was appended just now is found, and no index is made of what still grows."""
    with Journal(options_in(tmp_path)) as journal:
        for number in range(3):
            journal.append(span(number))
            assert find_span(tmp_path, *ids(number)) is not None
        assert indices(tmp_path) == []


def test_an_index_goes_with_its_segment(place: Path) -> None:
    """Nothing stays behind that nobody would remove."""
    assert find_span(place, *ids(MANY)) is None
    for segment in segments_in(place):
        remove_segment(segment, SystemDisk())
    assert indices(place) == []
    assert find_span(place, *ids(1)) is None
    assert find_span(place / "missing", *ids(1)) is None


def test_spans_that_others_encoded_have_identities_too() -> None:
    """Whatever the order of their fields."""
    encoded = Span(name="x", trace_id=ids(1)[0], span_id=ids(1)[1]).SerializeToString()
    swapped = (
        Span(span_id=ids(1)[1]).SerializeToString()
        + Span(trace_id=ids(1)[0], name="long enough to be looked into").SerializeToString()
    )
    assert identity_of(encoded) == identity_of(swapped) == identity_of(span(1)) == ids(1)
    assert identity_of(b"\xff" * 40) == (b"", b"")
