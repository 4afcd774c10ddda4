"""What figures were measured on."""

from __future__ import annotations

import subprocess
import sys

import pytest
from bench.throughput.machine import Processors, read_processors, versions


def test_what_others_took_is_what_was_busy_and_not_ours() -> None:
    before = Processors(passed=100.0, busy=50.0, own=10.0)
    after = Processors(passed=120.0, busy=62.0, own=18.0)
    assert after.others_since(before) == pytest.approx(0.2)


def test_others_never_took_less_than_nothing() -> None:
    """Clocks of the kernel are coarse."""
    before = Processors(passed=100.0, busy=50.0, own=10.0)
    assert Processors(passed=101.0, busy=50.9, own=11.0).others_since(before) == 0.0


def test_processes_that_ended_count_as_our_own() -> None:
    before = read_processors()
    work = "import time\nwhile time.process_time() < 0.4: pass"
    subprocess.run([sys.executable, "-c", work], check=True)
    after = read_processors()
    assert after.own - before.own >= 0.4
    assert after.passed > before.passed


def test_versions_name_the_interpreter_and_what_is_installed() -> None:
    found = versions()
    assert found[0].startswith("Python 3.")
    assert any(name.startswith("grpcio ") for name in found)
