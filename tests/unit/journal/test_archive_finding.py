"""Spans of an archive are found by their identity, from few octets of few files."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from comity.journal import JournalError
from comity.journal.archiving import ArchivePlace, find_archived
from comity.journal.archiving.id_filter import encode_filter, may_hold
from unit.journal.archives import BEGIN, HOUR, archive, filters_in, names_in, record, span_at
from unit.journal.exports import RESOURCE

HOURS = 4


def ids(number: int) -> tuple[bytes, bytes]:
    """Return the identity that `span_at` gives a number."""
    return number.to_bytes(16), number.to_bytes(8)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An archive of a few files, one an hour, of two workers."""
    for worker in (1, 2):
        spans = [
            span_at(BEGIN + hour * HOUR, 100 * worker + hour, decision__effect="deny", hour=hour)
            for hour in range(HOURS)
        ]
        record(tmp_path / "journal", *spans, worker=worker)
    archive(tmp_path / "journal", tmp_path / "archive")
    assert len(names_in(tmp_path / "archive")) == 2 * HOURS
    return tmp_path / "archive"


def spoil(path: Path) -> None:
    """Make a file unreadable."""
    path.write_bytes(b"spoilt" * 100)


def test_every_span_is_found(target: Path) -> None:
    """The very octets, and what belongs to them; what isn't there is not."""
    place = ArchivePlace(str(target))
    for worker in (1, 2):
        for hour in range(HOURS):
            number = 100 * worker + hour
            found = find_archived(place, *ids(number))
            assert found is not None
            end = BEGIN + hour * HOUR
            assert found.span == span_at(end, number, decision__effect="deny", hour=hour)
            assert found.resource == RESOURCE
    assert find_archived(place, *ids(999)) is None
    assert find_archived(place, ids(100)[0], ids(101)[1]) is None
    assert find_archived(ArchivePlace(str(target / "none")), *ids(1)) is None


def test_only_a_file_that_may_hold_it_is_read(target: Path) -> None:
    """All others may be gone bad."""
    place = ArchivePlace(str(target))
    first, *others = sorted(names_in(target))
    for name in others:
        spoil(target / name)
    holders = [number for number in (100, 200) if _is_in(target, first, number)]
    assert len(holders) == 1
    assert find_archived(place, *ids(holders[0])) is not None
    assert find_archived(place, *ids(999)) is None


def _is_in(target: Path, name: str, number: int) -> bool:
    """Return whether a file holds a span."""
    return ids(number)[1] in ds.dataset(target / name).to_table()["span_id"].to_pylist()


def test_an_archive_without_filters_is_read(target: Path) -> None:
    """As one of old: by the ids of every file."""
    for path in filters_in(target):
        path.unlink()
    place = ArchivePlace(str(target))
    assert find_archived(place, *ids(101)) is not None
    assert find_archived(place, *ids(999)) is None


@pytest.mark.parametrize("damage", [b"", b"CMTYIDS1", b"\0" * 200])
def test_a_damaged_filter_hides_nothing(target: Path, damage: bytes) -> None:
    """Cut off, of another kind, or with a bit that is not as it was."""
    for path in filters_in(target):
        octets = bytearray(path.read_bytes())
        octets[20] ^= 0xFF
        path.write_bytes(damage or octets)
    assert find_archived(ArchivePlace(str(target)), *ids(203)) is not None


def test_a_damaged_file_is_told(target: Path) -> None:
    """It is not the same as a span that isn't there."""
    for name in names_in(target):
        spoil(target / name)
    with pytest.raises(JournalError, match="damaged"):
        find_archived(ArchivePlace(str(target)), *ids(101))


def test_readers_of_the_archive_pass_over_filters(target: Path) -> None:
    """Whoever takes the directory as it is sees the spans alone."""
    assert len(filters_in(target)) == 2 * HOURS
    assert ds.dataset(target, format="parquet").count_rows() == 2 * HOURS


def test_a_filter_knows_what_was_added_and_little_else() -> None:
    """At less than two octets an id."""
    added = [number.to_bytes(8) for number in range(20_000)]
    octets = encode_filter(added)
    assert len(octets) < 2 * len(added)
    assert all(may_hold(io.BytesIO(octets), span_id) for span_id in added)
    others = [number.to_bytes(8) for number in range(1 << 40, (1 << 40) + 20_000)]
    taken = sum(may_hold(io.BytesIO(octets), span_id) for span_id in others)
    assert 0 < taken < len(others) / 50
    assert not may_hold(io.BytesIO(encode_filter([])), added[0])
