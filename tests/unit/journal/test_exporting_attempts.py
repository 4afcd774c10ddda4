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


@pytest.mark.parametrize("text", ["", "[]\n", "{}", '{"first": "x"}\n', '{"life": 1, "la'])
def test_a_note_that_makes_no_sense_is_none(tmp_path: Path, text: str) -> None:
    """It decides nothing but a count."""
    (batch,) = batches_in(tmp_path, 10)
    (tmp_path / ATTEMPT).write_text(text)
    counts = Counts()
    attempts = Attempts(tmp_path, counts)
    attempts.begin(batch)
    assert counts.repeated == 0
    attempts.close()
