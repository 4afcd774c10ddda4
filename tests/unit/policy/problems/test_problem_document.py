"""docs/problems.md says what is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from comity.policy.problems import CODES

ROOT = Path(__file__).resolve().parents[4]
DOCUMENT = ROOT / "docs" / "problems.md"
SCRIPT = ROOT / "scripts" / "describe_problems.py"


def check(document: Path) -> subprocess.CompletedProcess[str]:
    """Run the script's check on a document."""
    command = [sys.executable, str(SCRIPT), "--check", "--document", str(document)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_document_is_what_the_script_writes() -> None:
    """The table of codes, their levels, meanings and examples is current."""
    done = check(DOCUMENT)
    assert done.returncode == 0, done.stderr


def test_a_document_that_is_out_of_date_is_found(tmp_path: Path) -> None:
    """A meaning changed by hand is noticed."""
    stale = tmp_path / "problems.md"
    stale.write_text(DOCUMENT.read_text().replace("The file is empty.", "The file is blank.", 1))
    done = check(stale)
    assert done.returncode == 1
    assert "run scripts/describe_problems.py" in done.stderr


def test_every_code_stands_in_the_document_once() -> None:
    """Whoever meets a code finds it."""
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| CP")]
    assert [row.split()[1] for row in rows] == sorted(CODES)
