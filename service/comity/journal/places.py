"""Where a node keeps its journal."""

from __future__ import annotations

from pathlib import Path


def journal_in(data_dir: Path) -> Path:
    """Return where the journal of a node is kept."""
    return data_dir / "journal"
