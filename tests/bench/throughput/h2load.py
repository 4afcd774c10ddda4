"""The load generator h2load (nghttp2), which sends one message over and over.

It takes every HTTP reply for a success, so its counts are held against the server's own.
"""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.throughput.load import CONNECTIONS, UNDER_WAY
from bench.throughput.wire import PREFIX

NAME = "h2load"
LONGEST_SECONDS = 120
_FINISHED = re.compile(r"^finished in ([0-9.]+)(us|ms|s), ", re.MULTILINE)
_REQUESTS = re.compile(r"^requests: (\d+) total, .* (\d+) succeeded, (\d+) failed", re.MULTILINE)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


class H2loadError(Exception):
    """h2load did not do what it was asked to."""


@dataclass(frozen=True, slots=True)
class Report:
    """What h2load reports.

    Attributes:
        calls: calls made.
        seconds: how long they took.
        busy: share of its core that it took.
    """

    calls: int
    seconds: float
    busy: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds


def is_installed() -> bool:
    """Return whether h2load can be run."""
    return shutil.which(NAME) is not None


def run_h2load(address: str, path: str, message: bytes, calls: int, folder: Path) -> Report:
    """Make so many calls with `message`; return how they went. `folder` takes a file.

    Raises:
        H2loadError: not all were made, or not all were replied to.
    """
    body = folder / "message.bin"
    body.write_bytes(PREFIX.pack(0, len(message)) + message)
    command = [
        *(NAME, f"--requests={calls}", f"--clients={CONNECTIONS}", "--threads=1"),
        f"--max-concurrent-streams={UNDER_WAY // CONNECTIONS}",
        f"--data={body}",
        "--header=content-type: application/grpc",
        "--header=te: trailers",
        f"http://{address}{path}",
    ]
    before = _children_seconds()
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=LONGEST_SECONDS
    )
    spent = _children_seconds() - before
    seconds = parse_report(done.stdout, calls)
    return Report(calls, seconds, spent / seconds)


def parse_report(text: str, calls: int) -> float:
    """Return the seconds that a report names.

    Raises:
        H2loadError: it does not tell of so many calls that all succeeded.
    """
    finished, requests = _FINISHED.search(text), _REQUESTS.search(text)
    if finished is None or requests is None:
        message = f"no report of h2load: {text!r}"
        raise H2loadError(message)
    if [int(number) for number in requests.groups()] != [calls, calls, 0]:
        message = f"not {calls} calls that succeeded: {requests[0]}"
        raise H2loadError(message)
    return float(finished[1]) * _SECONDS[finished[2]]


def _children_seconds() -> float:
    """Return the processor time of processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
