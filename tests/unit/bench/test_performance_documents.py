"""What the documents say of performance is what was measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "describe_performance.py"


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Return how the script ended that compares figures and documents."""
    command = [sys.executable, SCRIPT, "--check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_tables_and_chart_are_those_of_the_raw_figures() -> None:
    done = check()
    assert done.returncode == 0, done.stderr


def test_other_figures_would_be_noticed(tmp_path: Path) -> None:
    figures = json.loads((ROOT / "docs" / "performance.json").read_text(encoding="utf-8"))
    figures["rows"][0]["values"][0] *= 2
    changed = tmp_path / "figures.json"
    changed.write_text(json.dumps(figures), encoding="utf-8")
    done = check("--from", str(changed))
    assert done.returncode == 1
    assert "docs/performance.md" in done.stderr
