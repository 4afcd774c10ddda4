"""Notices changes of a policy directory: by events, and by comparing, which alone is the truth."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from watchfiles import watch

from comity.adapters.policy_directory import PolicyDirectory, Reading

_QUIET_MILLISECONDS: Final = 10
_LONGEST_GROUP_MILLISECONDS: Final = 400


def watch_policies(
    directory: PolicyDirectory,
    is_new: Callable[[str], bool],
    poll_seconds: float,
    stop: threading.Event,
) -> Iterator[Reading]:
    """Yield what the directory holds each time that it is new, until `stop` is set.

    Events of the file system only make it faster: a link to another directory that is exchanged
    sends none, and watches can run out. The contents are compared every `poll_seconds`.

    Args:
        directory: what is watched; it may be absent for a while.
        is_new: tells whether a fingerprint is another than that of the last reading dealt with.
        poll_seconds: longest time between comparisons.
        stop: ends the watch.
    """
    while not stop.is_set():
        for _ in _ticks(directory.path, poll_seconds, stop):
            if is_new(directory.fingerprint()):
                yield directory.read()


def _ticks(path: Path, poll_seconds: float, stop: threading.Event) -> Iterator[None]:
    """Yield on every event and at least every `poll_seconds`, while `path` is the same directory.

    A watch stays with the directory that it began with; once the path leads to another, it ends.
    """
    before = _identity(path)
    try:
        for _ in watch(
            path,
            watch_filter=None,
            debounce=_LONGEST_GROUP_MILLISECONDS,
            step=_QUIET_MILLISECONDS,
            stop_event=stop,
            rust_timeout=max(int(poll_seconds * 1000), 1),
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            yield
            if _identity(path) != before:
                return
    # Absent, no more watches to be had, or trouble within the watcher: comparing goes on.
    except (OSError, RuntimeError):
        stop.wait(poll_seconds)
        yield


def _identity(path: Path) -> tuple[int, int] | None:
    """Return which directory `path` leads to; None if to none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
