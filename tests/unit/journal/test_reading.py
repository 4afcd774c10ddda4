"""Reading what is damaged: whole frames are found, nothing is raised, what is missing is known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from comity.journal import (
    Damage,
    DamagedSegmentError,
    Event,
    Frame,
    Journal,
    is_sealed,
    read_header,
    read_segment,
    recover_abandoned,
    segments_in,
)
from comity.journal.layout import FRAME_HEAD_BYTES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.journal.disks import frames_in, options_in, span_of

FRAMES = 12
OFTEN = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Copy:
    """A segment whose octets can be changed.

    Attributes:
        path: its file.
        octets: as the journal wrote them.
        frames: what they hold.
    """

    def __init__(self, directory: Path, *, sealed: bool) -> None:
        """Write a segment of a dozen frames; if not `sealed`, as a killed process leaves it."""
        directory.mkdir()
        journal = Journal(options_in(directory))
        for number in range(1, FRAMES + 1):
            journal.append(span_of(number, 50 + 13 * number))
        (self.path, *_) = segments_in(directory)
        self.octets = self.path.read_bytes()
        journal.close()
        if sealed:
            self.octets = self.path.read_bytes()
        self.restore()
        self.frames = list(read_segment(self.path))
        assert len(self.frames) == FRAMES

    def restore(self) -> None:
        """Have the file as it was."""
        self.path.write_bytes(self.octets)

    def overwrite(self, offset: int, octets: bytes) -> None:
        """Change the file at `offset`."""
        with self.path.open("r+b") as file:
            file.seek(offset)
            file.write(octets)

    def read(self) -> tuple[list[Frame], list[Damage]]:
        """Return what is read from the file, and what is told of damage."""
        damages: list[Damage] = []
        return list(read_segment(self.path, on_damage=damages.append)), damages


@pytest.fixture(scope="module", params=[True, False], ids=["sealed", "open"])
def copy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A segment that every test changes anew."""
    return Copy(tmp_path_factory.mktemp("reading") / "journal", sealed=request.param)


def test_reading_goes_on_from_any_frame(copy: Copy) -> None:
    """The end of one is where the next begins."""
    copy.restore()
    for number, frame in enumerate(copy.frames, 1):
        assert list(read_segment(copy.path, frame.end)) == copy.frames[number:]


@OFTEN
@given(data=st.data())
def test_a_torn_tail_costs_the_last_frame_only(copy: Copy, data: st.DataObject) -> None:
    """Wherever it is cut, and whatever octets of it are others."""
    copy.restore()
    last = copy.frames[-1]
    place = data.draw(st.integers(last.offset, last.end - 1))
    torn = data.draw(
        st.one_of(
            st.just(bytes(last.end - place)),
            st.integers(1, 255).map(lambda flip: bytes((copy.octets[place] ^ flip,))),
            st.binary(min_size=1, max_size=last.end - place),
        )
    )
    copy.overwrite(place, torn)
    frames, damages = copy.read()
    unchanged = copy.path.read_bytes() == copy.octets
    assert frames == (copy.frames if unchanged else copy.frames[:-1])
    assert damages == []
    if not unchanged:
        journal_found = recover_copy(copy)
        assert journal_found == copy.frames[:-1]


def recover_copy(copy: Copy) -> list[Frame]:
    """Return what is read after the next life has sealed the segment."""
    recover_abandoned(copy.path.parent)
    assert is_sealed(copy.path)
    return list(read_segment(copy.path))


@OFTEN
@given(cut=st.integers(0, 1 << 16))
def test_a_file_that_is_cut_off_has_the_frames_before(copy: Copy, cut: int) -> None:
    """Anywhere, in the header too."""
    copy.restore()
    os.truncate(copy.path, min(cut, len(copy.octets)))
    frames, damages = copy.read()
    assert frames == [frame for frame in copy.frames if frame.end <= cut]
    assert damages == []


@OFTEN
@given(data=st.data())
def test_damage_in_the_middle_is_passed_over_and_told(copy: Copy, data: st.DataObject) -> None:
    """Exactly the frames that it touches are missing, wherever it begins and ends."""
    copy.restore()
    lowest, highest = copy.frames[0].offset, copy.frames[-1].offset - 1
    begin = data.draw(st.integers(lowest, highest))
    end = data.draw(st.integers(begin + 1, min(begin + 400, highest + 1)))
    changed = bytes(octet ^ 0x55 for octet in copy.octets[begin:end])
    copy.overwrite(begin, changed)
    frames, damages = copy.read()
    touched = [frame for frame in copy.frames if frame.offset < end and begin < frame.end]
    kept = [frame for frame in copy.frames if frame not in touched]
    assert frames == kept
    (damage,) = damages
    assert (damage.offset, damage.end) == (touched[0].offset, touched[-1].end)
    assert damage.before == (touched[0].sequence - 1 or None)
    assert damage.after == touched[-1].sequence + 1


def test_a_frame_that_was_seen_half_written_is_read_again(copy: Copy) -> None:
    """What is behind it shows that it must be whole by now: it is no damage."""
    copy.restore()
    fifth = copy.frames[4]
    copy.overwrite(fifth.end - 20, bytes(20))
    damages: list[Damage] = []
    frames = read_segment(copy.path, on_damage=damages.append)
    seen = [next(frames)]
    copy.overwrite(fifth.end - 20, copy.octets[fifth.end - 20 : fifth.end])
    assert [*seen, *frames] == copy.frames
    assert damages == []


def test_a_hole_is_found_once_nobody_writes(tmp_path: Path) -> None:
    """A page that never reached the disk looks like the end; what is behind it counts."""
    copy = Copy(tmp_path / "journal", sealed=False)
    third, fifth = copy.frames[2], copy.frames[4]
    copy.overwrite(third.offset, bytes(fifth.end - third.offset))
    assert copy.read() == (copy.frames[:2], [])
    (notice,) = recover_abandoned(copy.path.parent)
    assert (notice.event, notice.spans) == (Event.DAMAGED, 3)
    frames, damages = copy.read()
    assert frames == [*copy.frames[:2], *copy.frames[5:]]
    assert damages == [Damage(third.offset, fifth.end, 2, 6)]


@OFTEN
@given(octets=st.binary(max_size=300), pages=st.integers(0, 2))
def test_garbage_is_no_segment(tmp_path: Path, octets: bytes, pages: int) -> None:
    """Reading it yields nothing and raises nothing; its header is refused."""
    path = tmp_path / "garbage"
    path.write_bytes(octets + bytes(4096 * pages) + octets)
    assert list(read_segment(path)) == []
    with pytest.raises(DamagedSegmentError):
        read_header(path)


def test_frames_behind_a_damaged_header_are_read(tmp_path: Path) -> None:
    """They say all but which process they are of."""
    copy = Copy(tmp_path / "journal", sealed=True)
    copy.overwrite(20, b"\xff")
    assert copy.read() == (copy.frames, [])


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """It may have been removed to make room."""
    with pytest.raises(FileNotFoundError):
        list(read_segment(tmp_path / "none.seg"))


def test_a_tail_is_cut_when_the_worker_comes_back(tmp_path: Path) -> None:
    """It is counted, and what is whole stays as it was."""
    copy = Copy(tmp_path / "journal", sealed=False)
    last = copy.frames[-1]
    copy.overwrite(last.offset + FRAME_HEAD_BYTES + 3, b"\0")
    with Journal(options_in(tmp_path / "journal")) as journal:
        assert journal.status().tails_cut == 1
        journal.append(span_of(99))
    assert [frame.span for frame in frames_in(tmp_path / "journal")] == [
        *(frame.span for frame in copy.frames[:-1]),
        span_of(99),
    ]
    assert is_sealed(copy.path)
    assert copy.path.stat().st_size == copy.frames[-2].end + 4


def test_what_a_killed_process_left_is_sealed_as_it_is(tmp_path: Path) -> None:
    """Nothing is torn, so nothing is said; files that it had not finished are removed."""
    copy = Copy(tmp_path / "journal", sealed=False)
    unfinished = copy.path.with_name(copy.path.name.replace("-00000001", "-00000009") + ".new")
    unfinished.touch()
    assert recover_abandoned(copy.path.parent) == []
    assert is_sealed(copy.path)
    assert copy.read() == (copy.frames, [])
    assert not unfinished.exists()


def test_a_file_without_a_header_is_set_aside(tmp_path: Path) -> None:
    """Its frames can be read still, but it is in nobody's way."""
    copy = Copy(tmp_path / "journal", sealed=False)
    copy.overwrite(0, b"?")
    (notice,) = recover_abandoned(copy.path.parent)
    assert notice.event is Event.DAMAGED
    assert segments_in(copy.path.parent) == []
    aside = copy.path.with_name(copy.path.name + ".damaged")
    assert list(read_segment(aside)) == copy.frames


def test_a_worker_that_lives_is_left_alone(tmp_path: Path) -> None:
    """Its segments are open because it writes them."""
    with Journal(options_in(tmp_path)) as journal:
        journal.append(span_of(1))
        assert recover_abandoned(tmp_path) == []
        assert not any(map(is_sealed, segments_in(tmp_path)))
        journal.append(span_of(2))
    assert [frame.sequence for frame in frames_in(tmp_path)] == [1, 2]
