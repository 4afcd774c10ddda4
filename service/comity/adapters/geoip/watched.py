"""A database file that may be replaced at any time: kept good, re-read when it changes."""

from __future__ import annotations

from pathlib import Path

from comity.adapters.geoip.database import (
    DatabaseKind,
    GeoipDatabaseError,
    OpenDatabase,
    open_database,
    verify_database,
)

_Signature = tuple[int, int, int, int, int]


class WatchedDatabase:
    """The last good content of one database file. Not for several threads at once."""

    def __init__(self, path: Path, kind: DatabaseKind) -> None:
        """Open the file.

        Raises:
            GeoipDatabaseError: it is missing, unreadable, damaged or of another kind.
        """
        self._path = path
        self._kind = kind
        try:
            self._signature: _Signature | None = _sign(path)
            self.current = self._open()
        except OSError as error:
            raise GeoipDatabaseError(_describe(path, error)) from error
        self.error: str | None = None

    def refresh(self) -> bool:
        """Re-read the file if it changed; return whether `current` is another content now.

        A file that can't be used leaves `current` as it is and sets `error`; it is tried again
        when it changes again. One that changes while it is read is tried again at once.
        """
        try:
            signature = _sign(self._path)
            if signature == self._signature:
                return False
            database = self._open()
            if _sign(self._path) == signature:
                self._signature = signature
        except GeoipDatabaseError as error:
            self._signature = signature
            self.error = str(error)
            return False
        except OSError as error:
            self._signature = None
            self.error = _describe(self._path, error)
            return False
        self.error = None
        if database.provenance.sha256 == self.current.provenance.sha256:
            return False
        self.current = database
        return True

    def _open(self) -> OpenDatabase:
        """Return the file's present content, checked."""
        name = str(self._path)
        with self._path.open("rb") as file:
            database = open_database(file, name)
        verify_database(database, self._kind, name)
        return database


def _sign(path: Path) -> _Signature:
    """Return what of a file's status changes with its content; symlinks are followed."""
    status = path.stat()
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _describe(path: Path, error: OSError) -> str:
    """Return why a file can't be read."""
    return f"{path} can't be read: {error.strerror or type(error).__name__}"
