"""What is wrong in a journal is found; what is not, isn't."""

from __future__ import annotations

from pathlib import Path

from comity.journal import read_header, read_segment, segments_in
from comity.journal.census import Census, take_census
from comity.journal.exporting import Counts
from comity.journal.verification import Fault, Finding, verify_journal
from unit.journal.exports import KeepingSender, damage, export, open_journal, otlp_span, write


def faults(directory: Path) -> list[tuple[Fault, int]]:
    """Return what is wrong, and how many spans it concerns."""
    return [(finding.fault, finding.spans) for finding in verify_journal(directory).findings]


def test_nothing_is_wrong_with_a_journal_that_is_written(tmp_path: Path) -> None:
    """Nor with one that was closed, nor after exported segments were removed."""
    with open_journal(tmp_path) as journal:
        journal.append_all([otlp_span(number) for number in range(1, 201)])
        write(tmp_path, *range(300, 310), worker=1)
        verified = verify_journal(tmp_path)
        assert (verified.spans, verified.findings) == (210, ())
        assert verified.segments == len(segments_in(tmp_path))
    segments_in(tmp_path)[0].unlink()
    assert faults(tmp_path) == []


def test_damaged_frames_are_found(tmp_path: Path) -> None:
    """With where they begin, and how many there are."""
    write(tmp_path, *range(1, 101))
    first, second = segments_in(tmp_path)[:2]
    frames = list(read_segment(first))
    for number in (7, 8, 20):
        damage_at(first, frames[number].end - 1)
    damage(second, 0)
    assert verify_journal(tmp_path).findings == (
        Finding(Fault.DAMAGED, first.name, frames[7].offset, 2),
        Finding(Fault.DAMAGED, first.name, frames[20].offset, 1),
        Finding(Fault.DAMAGED, second.name, read_header(second).size, 1),
    )
    assert verify_journal(tmp_path).spans == 96


def damage_at(segment: Path, offset: int) -> None:
    """Change one octet."""
    with segment.open("r+b") as file:
        file.seek(offset)
        file.write(b"?")


def test_a_segment_that_is_gone_from_the_middle_leaves_a_gap(tmp_path: Path) -> None:
    """Its spans were dropped, or somebody removed the file."""
    write(tmp_path, *range(1, 201))
    _, second, third, *_ = segments_in(tmp_path)
    gone = sum(1 for _ in read_segment(second))
    second.unlink()
    assert verify_journal(tmp_path).findings == (
        Finding(Fault.GAP, third.name, read_header(third).size, gone),
    )


def test_headers_are_held_against_names(tmp_path: Path) -> None:
    """Damaged, set aside, or of another segment."""
    write(tmp_path, *range(1, 201))
    first, second, third, *_ = segments_in(tmp_path)
    damage_at(first, 50)
    second.rename(second.with_name(f"{second.name}.damaged"))
    third.rename(third.with_name(third.name.replace("-000-", "-007-")))
    assert [fault for fault, _ in faults(tmp_path)].count(Fault.HEADER) == 3


def test_a_torn_tail_is_found(tmp_path: Path) -> None:
    """Until the next life of the worker cuts it off."""
    write(tmp_path, 1, 2)
    (segment,) = segments_in(tmp_path)
    end = list(read_segment(segment))[-1].end
    with segment.open("r+b") as file:
        file.truncate(read_header(segment).capacity)
        file.seek(end)
        file.write(b"\x20\x00\x00\x00torn")
    assert verify_journal(tmp_path).findings == (Finding(Fault.TORN_TAIL, segment.name, end),)
    assert take_census(tmp_path).torn_tails == 1
    write(tmp_path, 3)
    assert faults(tmp_path) == []
    assert take_census(tmp_path).torn_tails == 0


def test_a_census(tmp_path: Path) -> None:
    """What is there, counted without reading all of it."""
    assert take_census(tmp_path / "none") == Census()
    with open_journal(tmp_path) as journal:
        journal.append_all([otlp_span(number) for number in range(1, 201)])
        write(tmp_path, 1, 2, 3, worker=1)
        (tmp_path / "x.damaged").touch()
        journal.flush(20)
        found = take_census(tmp_path)
        assert (found.spans, found.set_aside, found.exported) == (203, 1, 0)
        assert found.open > 0
        assert found.segments == len(segments_in(tmp_path))
        assert found.bytes == sum(path.stat().st_size for path in segments_in(tmp_path))
    assert export(tmp_path, KeepingSender()).counts == Counts(delivered=203)
    found = take_census(tmp_path)
    assert (found.open, found.exported) == (0, found.segments)
