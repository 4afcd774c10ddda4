"""A process that is killed: every span that it acknowledged is in the journal."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from comity.journal import Journal, is_sealed, recover_abandoned, segments_in
from unit.journal.disks import frames_in, options_in, span_of

KILLS = 20
PROGRAM = Path(__file__).with_name("appending.py")
SERVICE = Path(__file__).parents[3] / "service"
TESTS = Path(__file__).parents[2]


def acknowledged_before_kill(directory: Path, interval: float, after: int) -> list[int]:
    """Return what a process acknowledged that is killed once it has said so many octets."""
    environment = os.environ | {"PYTHONPATH": f"{SERVICE}{os.pathsep}{TESTS}"}
    command = [sys.executable, str(PROGRAM), str(directory), str(interval)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        said = process.stdout.read(after)
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.read()
    assert process.returncode == -signal.SIGKILL
    # A number whose line is not whole was acknowledged too, but can't be told.
    *lines, _ = said.split(b"\n")
    return [int(line) for line in lines]


@pytest.mark.processes
@pytest.mark.parametrize("part", range(2))
def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path, part: int) -> None:
    """Killed at a random moment, of many threads at once, with and without waiting for the disk."""
    for life in range(KILLS // 2):
        # A fixed seed: what differs from run to run is where the signal meets the process.
        choices = random.Random(part * KILLS + life)
        directory = tmp_path / str(life)
        interval = choices.choice([0, 1, 1, 1])
        acknowledged = acknowledged_before_kill(directory, interval, choices.randrange(1, 4000))
        # Left to its next life, nothing is touched.
        assert recover_abandoned(directory, but=range(1)) == []
        assert not all(map(is_sealed, segments_in(directory)))
        recover_abandoned(directory)
        frames = frames_in(directory)
        numbers = [frame.sequence for frame in frames]
        assert numbers == list(range(1, len(frames) + 1))
        assert len(set(acknowledged)) == len(acknowledged)
        assert set(acknowledged) <= set(numbers)
        assert all(frame.span == span_of(0) for frame in frames)
        assert all(map(is_sealed, segments_in(directory)))


@pytest.mark.processes
def test_the_next_life_begins_behind_the_last(tmp_path: Path) -> None:
    """Spans of both are there, under names that sort by age, each life numbered by itself."""
    acknowledged = acknowledged_before_kill(tmp_path, 1, 2000)
    with Journal(options_in(tmp_path)) as journal:
        assert journal.append(span_of(1)) == 1
    frames = frames_in(tmp_path)
    assert frames[-1].span == span_of(1)
    assert len(frames) > len(acknowledged)
