"""Segments that stay in the journal are marked, so that nobody waits for the archive."""

from __future__ import annotations

from pathlib import Path

from comity.journal import segments_in
from unit.journal.archives import BEGIN, archive, record, span_at
from unit.journal.exports import damage

# Enough for several segments.
MANY = [span_at(BEGIN + n, n, decision__effect="allow", x="." * 400) for n in range(1, 400)]


def test_what_is_kept_is_marked(tmp_path: Path) -> None:
    """So that it may make room, whatever of it is damaged; marks of what is gone go too."""
    journal, target = tmp_path / "journal", tmp_path / "archive"
    record(journal, *MANY)
    first, second = segments_in(journal)[:2]
    damage(first, 1)
    archive(journal, target)
    assert segments_in(journal) == [first]
    assert archived_marks(journal) == [f"{first.name}.archived"]
    record(journal, MANY[0])
    archive(journal, target, keep=True)
    assert archived_marks(journal) == [f"{path.name}.archived" for path in segments_in(journal)]
    assert not second.exists()
    archive(journal, target)
    assert archived_marks(journal) == [f"{first.name}.archived"]


def archived_marks(journal: Path) -> list[str]:
    """Return the names of the marks that say that a segment was archived."""
    return sorted(path.name for path in journal.glob("*.archived"))
