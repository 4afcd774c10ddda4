"""The directory for what must outlive the process, used by one server at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

from comity.domain.errors import ComityError


class DataDirectoryError(ComityError):
    """The data directory can't be used; the message says why and what to do."""


class DataDirectory:
    """A data directory that this process holds until it ends or closes it."""

    def __init__(self, path: Path) -> None:
        """Make the directory if need be, and hold it.

        Raises:
            DataDirectoryError: it can't be made or written, or another server holds it.
        """
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _require_own(path)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = (
                f"the data directory {path} can't be used: {error.strerror}; "
                "name another with --data-dir or COMITY_DATA_DIR"
            )
            raise DataDirectoryError(message) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            message = (
                f"the data directory {path} is in use by another server; "
                "give each its own with --data-dir or COMITY_DATA_DIR"
            )
            raise DataDirectoryError(message) from error

    @property
    def bundles(self) -> Path:
        """Where the policy files of past revisions are kept."""
        return bundles_in(self.path)

    def close(self) -> None:
        """Let another server use the directory."""
        os.close(self._lock)


def _require_own(path: Path) -> None:
    """Return unless another user may have made `path`, to put policies of their own there.

    Where only the administrator can make directories, a mounted volume may have any owner.

    Raises:
        PermissionError: another user owns it, and anybody could have made it.
    """
    anybody = path.parent.stat().st_mode & stat.S_IWOTH
    if anybody and path.stat().st_uid not in (os.getuid(), 0):
        raise PermissionError(errno.EPERM, "another user owns it")


def bundles_in(data_dir: Path) -> Path:
    """Return where the policy files of past revisions are kept."""
    return data_dir / "policies"
