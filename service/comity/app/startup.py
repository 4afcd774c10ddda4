"""What can keep a server from starting, each with an exit code of its own."""

from __future__ import annotations

from enum import IntEnum

from comity.domain.errors import ComityError


class ExitCode(IntEnum):
    """How `comity serve` ends. Documented in docs/operating.md; never renumbered."""

    STOPPED = 0
    DEFECT = 1
    SETTINGS_INVALID = 10
    POLICIES_MISSING = 11
    POLICIES_EMPTY = 12
    POLICIES_UNREADABLE = 13
    POLICIES_REFUSED = 14
    ADDRESS_UNUSABLE = 15
    DATA_DIR_UNUSABLE = 16
    TLS_UNUSABLE = 17
    GEOIP_UNUSABLE = 18
    CALLERS_UNUSABLE = 19
    WORKER_KEEPS_DYING = 20


class StartupError(ComityError):
    """The server can't start; the message says why and what to do."""

    def __init__(self, exit_code: ExitCode, message: str) -> None:
        """Keep the code that the process is to end with."""
        super().__init__(message)
        self.exit_code = exit_code
