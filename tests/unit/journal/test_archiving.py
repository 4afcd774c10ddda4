"""Segments become files of the archive, and nothing is lost on the way."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from comity.journal import (
    JournalError,
    JournalLockedError,
    SegmentName,
    mark_exported,
    segments_in,
)
from comity.journal.archiving import (
    ArchivedFile,
    ArchivedRange,
    ArchivePlace,
    read_file,
)
from comity.journal.archiving.batches import SegmentBatch
from comity.journal.archiving.files import SpanDigest, check_file
from comity.telemetry import open_telemetry
from unit.journal.archives import (
    BEGIN,
    HOUR,
    archive,
    brought_back,
    held,
    names_in,
    record,
    span_at,
)
from unit.journal.exports import damage, open_journal, otlp_span
from unit.telemetry.in_memory import TracingSettings
from unit.telemetry.test_recorder import RECORD, ROUTE_RECORD

# Enough for several segments.
MANY = [span_at(BEGIN + n, n, decision__effect="allow", x="." * 400) for n in range(1, 400)]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where the journal of a test is."""
    return tmp_path / "journal"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the archive of a test is."""
    return tmp_path / "archive"


class FailingPlace(ArchivePlace):
    """A place that takes some files, then fails as if the process were killed."""

    def __init__(self, target: Path, takes: int) -> None:
        """Take so many files."""
        super().__init__(str(target))
        self._takes = takes

    def put(self, file: ArchivedFile, octets: bytes) -> None:
        """Take a file, or fail."""
        if not self._takes:
            raise OSError(28, "No space left on device")
        self._takes -= 1
        super().put(file, octets)


def test_every_span_comes_back_as_it_was(journal: Path, target: Path) -> None:
    """With segment, number, resource and scope; of decisions, other spans, and what is none."""
    odd = [b"\xff no span", b"\x0a", otlp_span(3), *MANY]
    recorded = [*record(journal, *odd), *record(journal, *MANY[:5], worker=2)]
    segments = len(segments_in(journal))
    archived = archive(journal, target)
    assert (archived.spans, archived.segments, archived.removed) == (407, segments, segments)
    assert segments > 3
    assert brought_back(target) == sorted(recorded)
    assert segments_in(journal) == []


def test_spans_of_a_server_come_back(tmp_path: Path, target: Path) -> None:
    """Decisions, routes and starts, with all that telemetry says of them."""
    telemetry = open_telemetry(TracingSettings(tmp_path), "worker")
    with telemetry.span("comity.startup", {"a": ("b",)}):
        telemetry.recorder.record(RECORD)
    telemetry.recorder.record_route(ROUTE_RECORD)
    telemetry.close()
    (segment,) = segments_in(tmp_path / "journal")
    recorded = [(span.sequence, span.span) for span in held([segment])]
    archive(tmp_path / "journal", target)
    found = brought_back(target)
    assert [(span.sequence, span.span) for span in found] == recorded
    assert b"service.name" in found[0].resource
    assert b"comity" in found[0].scope


def test_files_are_named_by_the_hour_and_their_segments(journal: Path, target: Path) -> None:
    """By the hour in which a span ended, in UTC; one file for neighbouring segments."""
    recorded = record(journal, *MANY)
    first, last = (SegmentName.parse(span.segment) for span in (recorded[0], recorded[-1]))
    assert first
    assert last
    archive(journal, target)
    (name,) = names_in(target)
    folder = "hour=2026-11-24T23"
    assert name == f"{folder}/{str(first)[:-4]}-{last.sequence:08d}.parquet"
    file = ArchivedFile.parse(name)
    assert file == ArchivedFile(folder[5:], ArchivedRange(*first, last.sequence))
    assert file.path == name
    kept = (target / name).stat()
    assert stat.S_IMODE(kept.st_mode) == 0o600
    assert stat.S_IMODE(target.stat().st_mode) == 0o700


def test_segments_that_span_hours_have_a_file_for_each(journal: Path, target: Path) -> None:
    """No part counts until all are there."""
    spans = [span_at(BEGIN + n * HOUR, n) for n in (1, 0, 2, 1)]
    recorded = record(journal, *spans)
    archive(journal, target, keep=True)
    names = names_in(target)
    assert [name[5:18] for name in names] == ["2026-11-24T23", "2026-11-25T00", "2026-11-25T01"]
    assert [name[-13:-8] for name in names] == [".1of3", ".2of3", ".3of3"]
    assert [f.sequence for f in read_file(target / names[1])] == [1, 4]
    assert brought_back(target) == recorded
    (target / names[1]).unlink()
    assert brought_back(target) == []
    assert archive(journal, target).spans == 4
    assert names_in(target) == names
    assert brought_back(target) == recorded


def test_a_file_ends_after_so_many_spans(journal: Path, target: Path) -> None:
    """At the end of a segment."""
    recorded = record(journal, *MANY)
    archived = archive(journal, target, spans_a_file=1)
    assert archived.files == archived.segments == len({span.segment for span in recorded})
    assert brought_back(target) == recorded


def test_open_segments_wait(journal: Path, target: Path, tmp_path: Path) -> None:
    """What is being written stays, and is archived once it is sealed."""
    recorded = record(journal, *MANY)
    with open_journal(journal, worker=1) as writing:
        writing.append(span_at(BEGIN, 7))
        archive(journal, target)
        assert brought_back(target) == recorded
        assert len(held(segments_in(journal))) == 1
    assert archive(journal, target).spans == 1
    assert len(brought_back(target)) == len(recorded) + 1
    assert archive(tmp_path / "nowhere", target).spans == 0


def test_with_a_collector_segments_wait_until_they_are_exported(
    journal: Path, target: Path
) -> None:
    """A file holds neighbours only: those between two that wait have one of their own."""
    recorded = record(journal, *MANY)
    segments = segments_in(journal)
    assert archive(journal, target, exported_only=True).waiting == len(segments)
    assert not target.exists()
    waiting = [segments[1], segments[-1]]
    for segment in segments:
        if segment not in waiting:
            mark_exported(segment)
    archived = archive(journal, target, exported_only=True)
    assert (archived.files, archived.waiting) == (2, 2)
    assert segments_in(journal) == waiting
    assert not list(journal.glob("*.exported"))
    assert archive(journal, target, exported_only=False).segments == 2
    assert brought_back(target) == recorded


def test_nothing_is_archived_twice(journal: Path, target: Path) -> None:
    """What was kept is known by the names of files; later it may be removed."""
    recorded = record(journal, *MANY)
    assert archive(journal, target, keep=True).removed == 0
    files = {name: (target / name).stat().st_ino for name in names_in(target)}
    assert archive(journal, target, keep=True).spans == 0
    more = record(journal, *MANY[:3])
    assert archive(journal, target).spans == 3
    assert segments_in(journal) == []
    assert files.items() < {n: (target / n).stat().st_ino for n in names_in(target)}.items()
    assert brought_back(target) == sorted([*recorded, *more])


@pytest.mark.parametrize("takes", [0, 1, 2, 3])
def test_a_crash_loses_nothing_and_leaves_nothing_half(
    journal: Path, target: Path, takes: int
) -> None:
    """Whatever was done before it: who comes next does the rest."""
    hours = [span_at(BEGIN + n * HOUR, n, x="." * 400) for n in range(1, 3)]
    recorded = [*record(journal, *MANY[:200], *hours), *record(journal, *MANY[200:])]
    with pytest.raises(OSError, match="No space"):
        archive(journal, FailingPlace(target, takes), spans_a_file=1 << 20)
    (target / "hour=2026-11-24T23").mkdir(parents=True, exist_ok=True)
    (target / "hour=2026-11-24T23" / "half.parquet.unfinished").write_bytes(b"PAR1")
    seen = {*brought_back(target), *held(segments_in(journal))}
    assert seen == set(recorded)
    archive(journal, target)
    assert brought_back(target) == sorted(recorded)
    assert segments_in(journal) == []


def test_damaged_segments_are_archived_and_stay(journal: Path, target: Path) -> None:
    """What can't be read may be wanted still, now and when it is archived already."""
    recorded = record(journal, *MANY)
    segments = segments_in(journal)
    damage(segments[0], 2)
    damage(segments[1], -1)
    for _ in range(2):
        assert archive(journal, target).damaged == 2
        assert segments_in(journal) == segments[:2]
    assert len(brought_back(target)) == len(recorded) - 2
    segments[0].write_bytes(bytes(5000))
    assert archive(journal, target).spans == 0
    assert segments[0].exists()


def test_what_is_not_the_same_takes_no_place(journal: Path, target: Path) -> None:
    """A file is read back, checksums and all, before anything is removed."""
    recorded = record(journal, *MANY[:50])
    digest = SpanDigest()
    for span in recorded:
        digest.add(span)
    batch = SegmentBatch()
    for segment in segments_in(journal):
        batch.add(segment)
    ((_, octets),) = batch.files()
    check_file(octets, digest.value())
    digest.add(recorded[0])
    with pytest.raises(JournalError, match="nothing is removed"):
        check_file(octets, digest.value())
    archive(journal, target)
    (name,) = names_in(target)
    group = pq.read_metadata(target / name).row_group(0)
    (ids,) = (
        c for c in map(group.column, range(group.num_columns)) if c.path_in_schema == "span_id"
    )
    spoilt = bytearray((target / name).read_bytes())
    spoilt[ids.data_page_offset + ids.total_compressed_size - 1] ^= 1
    (target / name).write_bytes(spoilt)
    with pytest.raises(JournalError, match="damaged"):
        brought_back(target)


def test_one_archiver_at_a_time(journal: Path, target: Path) -> None:
    """Another is told so."""
    record(journal, *MANY[:3])
    descriptor = os.open(journal / "archive.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(JournalLockedError):
        archive(journal, target)
    os.close(descriptor)
    assert archive(journal, target).spans == 3


def test_the_target_may_be_a_uri(journal: Path, target: Path) -> None:
    """Of what pyarrow knows."""
    recorded = record(journal, *MANY[:3])
    archive(journal, ArchivePlace(f"file://{target}"))
    assert brought_back(target) == recorded
    with pytest.raises(JournalError, match="nosuch:// is no place"):
        ArchivePlace("nosuch://user:password@host/x")


def test_places_without_a_disk_of_ours_are_written_by_their_file_system(
    journal: Path, target: Path
) -> None:
    """As those of object storages are: written to the end, then moved."""
    recorded = record(journal, *MANY[:3], span_at(BEGIN + HOUR))
    place = ArchivePlace(str(target))
    place._local = None
    archive(journal, place)
    assert [name for name in names_in(target) if not name.endswith(".parquet")] == []
    assert brought_back(target) == recorded
    whole, _ = place.files()
    assert len(whole) == 2
    assert place.dataset(whole).count_rows() == 4


def test_columns_say_what_a_decision_says(journal: Path, target: Path) -> None:
    """So that others can read the files too."""
    told = {
        "decision__effect": "deny",
        "decision__evaluated_at": "2026-11-24T22:00:00.5+00:00",
        "rule__ids": ("a", "b"),
        "degraded": 5,  # not as we say it
        "policy__epoch": 17,
        "decision__hypothetical": False,
        "subject__pseudonym": "abcd",
        "decision__position": 3,
    }
    other = otlp_span(2, start_time_unix_nano=BEGIN, end_time_unix_nano=BEGIN)
    record(journal, span_at(BEGIN, 258, **told), other)
    archive(journal, target)
    (name,) = names_in(target)
    first, second = pq.read_table(target / name).drop_columns(["start", "evaluated_at"]).to_pylist()
    assert first["trace_id"] == (258).to_bytes(16)
    assert first["duration_ns"] == 1000
    assert (first["effect"], first["rules"], first["degraded"]) == ("deny", ["a", "b"], None)
    assert (first["policy_epoch"], first["hypothetical"], first["position"]) == (17, False, 3)
    assert (first["pseudonym"], first["name"]) == (b"\xab\xcd", "comity.decision")
    assert second["kind"] is None
    assert second["sequence"] == 2
