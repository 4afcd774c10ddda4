"""How a command ends that can't do what it was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """How a command ends; `comity serve` has further codes from 10, in docs/operating.md.

    Documented in `comity --help` and docs/commands.md; never renumbered.
    """

    DONE = 0
    FAILED = 1
    MISUSED = 2
    UNAVAILABLE = 3
    REFUSED = 4
    WARN = 31
    VERIFY = 32
    RESTRICT = 33
    DENY = 34


class CommandError(Exception):
    """A command can't do what it was asked for; the message says why and what to do."""

    def __init__(self, exit_code: int, message: str, details: Iterable[str] = ()) -> None:
        """Keep the code that the process is to end with, and further lines of `message`."""
        self.exit_code = int(exit_code)
        self.details = tuple(details)
        super().__init__("\n  ".join((message, *self.details)))
