"""What is sent once more is counted, though exporters die before they can say so."""

from __future__ import annotations

from pathlib import Path

import pytest
from comity.journal.exporting import Batch, BatchLimits, Counts, Cursor
from comity.journal.exporting.attempts import ATTEMPT, Attempts
from comity.journal.exporting.backlog import Backlog
from unit.journal.exports import write


def batches_in(directory: Path, *sizes: int) -> list[Batch]:
    """Return the first spans of a journal as batches of these sizes."""
    write(directory, *range(1, max(sizes) + 1))
    return [
        next(Backlog(directory, Cursor(), BatchLimits(most_spans=size)).batches()) for size in sizes
    ]


def test_each_death_adds_what_was_perhaps_sent(tmp_path: Path) -> None:
    """A cursor that was never saved knows nothing of it; a longer batch repeats a part only."""
    short, long = batches_in(tmp_path, 10, 30)
    for expected, batch in enumerate([short, short, short, long, long]):
        counts = Counts()
        attempts = Attempts(tmp_path, counts)
        attempts.begin(batch)
        assert counts.repeated == [0, 10, 20, 30, 60][expected]
        attempts.close()


def test_what_was_plainly_refused_was_not_sent(tmp_path: Path) -> None:
    """Nor is what another writer recorded under the same numbers."""
    (batch,) = batches_in(tmp_path / "one", 10)
    (other,) = batches_in(tmp_path / "other", 10)
    counts = Counts()
    attempts = Attempts(tmp_path, counts)
    attempts.begin(batch)
    attempts.begin(other)
    attempts.forget()
    attempts.begin(other)
    assert counts.repeated == 0
    attempts.begin(other)
    assert counts.repeated == 10
    attempts.close()


def test_what_was_sent_of_one_writer_is_known_after_another_was_sent(tmp_path: Path) -> None:
    """The exporter after a killed one may begin with another life than that one ended with."""
    (batch,) = batches_in(tmp_path / "one", 10)
    (other,) = batches_in(tmp_path / "other", 10)
    for expected, batches in ((0, (batch,)), (10, (other, batch)), (30, (batch, other))):
        counts = Counts()
        attempts = Attempts(tmp_path, counts)
        for sent in batches:
            attempts.begin(sent)
        assert counts.repeated == expected
        attempts.close()


def test_a_refusal_does_not_undo_what_was_perhaps_taken_before(tmp_path: Path) -> None:
    """Halves of a batch whose first answer was lost are sent once more; a third time is not."""
    (batch,) = batches_in(tmp_path, 10)
    first, second = batch.halves()
    counts = Counts()
    attempts = Attempts(tmp_path, counts)
    attempts.begin(batch)
    attempts.begin(batch)
    attempts.forget()
    assert counts.repeated == 10
    for half in (first, second):
        attempts.begin(half)
        attempts.settle(half)
    assert counts.repeated == 20
    attempts.begin(batch)
    assert counts.repeated == 20
    attempts.close()


def test_lives_that_are_never_settled_are_forgotten(tmp_path: Path) -> None:
    """The file stays short enough to be read at once, and tells of those that came last."""
    lives = [batches_in(tmp_path / str(number), 10)[0] for number in range(20)]
    attempts = Attempts(tmp_path, Counts())
    for batch in lives:
        attempts.begin(batch)
    attempts.close()
    assert (tmp_path / ATTEMPT).stat().st_size < 4096
    counts = Counts()
    attempts = Attempts(tmp_path, counts)
    attempts.begin(lives[0])
    assert counts.repeated == 0
    attempts.begin(lives[-1])
    assert counts.repeated == 10
    attempts.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]\n",
        "{}",
        '{"first": "x"}\n',
        '{"sent": 1, "re',
        '{"sent": {"x": [1]}, "repeated": 1}\n',
    ],
)
def test_a_note_that_makes_no_sense_is_none(tmp_path: Path, text: str) -> None:
    """It decides nothing but a count."""
    (batch,) = batches_in(tmp_path, 10)
    (tmp_path / ATTEMPT).write_text(text)
    counts = Counts()
    attempts = Attempts(tmp_path, counts)
    attempts.begin(batch)
    assert counts.repeated == 0
    attempts.close()
