"""docs/findings.md says what is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from comity.policy.findings.codes import FINDINGS

ROOT = Path(__file__).resolve().parents[4]
DOCUMENT = ROOT / "docs" / "findings.md"
SCRIPT = ROOT / "scripts" / "describe_findings.py"


def check(document: Path) -> subprocess.CompletedProcess[str]:
    """Run the script's check on a document."""
    command = [sys.executable, str(SCRIPT), "--check", "--document", str(document)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_document_is_what_the_script_writes() -> None:
    """The table of codes, their levels, meanings and examples is current."""
    done = check(DOCUMENT)
    assert done.returncode == 0, done.stderr
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"| {code} | " in text for code in FINDINGS)


def test_a_document_that_is_out_of_date_is_told(tmp_path: Path) -> None:
    """The check can fail."""
    old = tmp_path / "findings.md"
    old.write_text(DOCUMENT.read_text(encoding="utf-8").replace("CF101", "CF999"), encoding="utf-8")
    done = check(old)
    assert done.returncode == 1
    assert "out of date" in done.stderr
