"""How far segments have been exported, kept on the disk."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from comity.journal.disk import sync_directory
from comity.journal.errors import JournalError, JournalLockedError
from comity.journal.layout import SegmentName

CURSOR: Final = "export.cursor"
_LOCK: Final = "export.lock"
_VERSION: Final = 1
_PRIVATE: Final = 0o600
# Somebody who only looks whether an exporter runs holds the lock for a moment.
_LOCK_TRIES: Final = 5
_LOCK_PAUSE_SECONDS: Final = 0.05


@dataclass(slots=True)
class Counts:
    """What came of spans so far.

    Attributes:
        delivered: spans that the collector took.
        rejected: spans that it says it threw away (partial success).
        dead_lettered: spans that it refused, kept in dead letters.
        missing: sequence numbers that were passed without a span: damaged, or dropped for room.
        left_out: spans that the collector was not to get, by the setting `export_allow_ratio`.
        forgotten: dead letters that were removed to make room for later ones.
        repeated: spans sent once more though the collector may have had them, each time counted:
            it has no more duplicates than that.
    """

    delivered: int = 0
    rejected: int = 0
    dead_lettered: int = 0
    missing: int = 0
    left_out: int = 0
    forgotten: int = 0
    repeated: int = 0


@dataclass(slots=True)
class Cursor:
    """How far segments have been exported. Never ahead of what the collector has.

    Attributes:
        offsets: for each segment that is there, up to where it was exported, by name.
        sequences: number of the last span exported, by life of a writer.
        counts: what came of spans so far.
        saved_at: when it was saved, nanoseconds since 1970; 0 for never.
    """

    offsets: dict[str, int] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    saved_at: int = 0

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the cursor kept in `directory`; a new one if there is none.

        Raises:
            JournalError: what is there makes no sense.
            OSError: it can't be read.
        """
        try:
            text = (directory / CURSOR).read_bytes()
        except FileNotFoundError:
            return cls()
        try:
            return cls._from_json(json.loads(text))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = f"{CURSOR} is damaged; without it everything is exported once more"
            raise JournalError(message) from error

    @classmethod
    def _from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return a cursor from its JSON form.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: it is not that form.
        """
        if kept["version"] != _VERSION:
            raise ValueError(kept["version"])
        return cls(
            {str(name): int(offset) for name, offset in kept["offsets"].items()},
            {str(life): int(sequence) for life, sequence in kept["sequences"].items()},
            Counts(**{str(name): int(count) for name, count in kept["counts"].items()}),
            int(kept["saved_at"]),
        )

    def save(self, directory: Path) -> None:
        """Replace the cursor kept in `directory`; a crash leaves the old or the new one.

        Raises:
            OSError: the disk refuses; the old one is there still.
        """
        self.saved_at = time.time_ns()
        text = json.dumps({"version": _VERSION, **asdict(self)}).encode()
        temporary = directory / f"{CURSOR}.tmp"
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _PRIVATE
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / CURSOR)
        sync_directory(directory)

    def keep_only(self, segments: Collection[Path]) -> None:
        """Forget segments, and lives, that have no file among `segments`."""
        names = {path.name for path in segments}
        lives = {life_of(path) for path in segments}
        self.offsets = {name: at for name, at in self.offsets.items() if name in names}
        self.sequences = {life: last for life, last in self.sequences.items() if life in lives}


class ExportLock:
    """Keeps others from exporting a journal, until it is released or the process ends."""

    def __init__(self, directory: Path) -> None:
        """Take the lock.

        Raises:
            JournalLockedError: somebody else has it.
            OSError: the disk refuses.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(directory / _LOCK, flags, _PRIVATE)
        for tries in reversed(range(_LOCK_TRIES)):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if not tries:
                    os.close(self._descriptor)
                    message = "another process exports this journal"
                    raise JournalLockedError(message) from error
                time.sleep(_LOCK_PAUSE_SECONDS)
            else:
                return

    def release(self) -> None:
        """Let others export."""
        os.close(self._descriptor)


def is_exporting(directory: Path) -> bool:
    """Return whether a process exports the journal in `directory`."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
    return False


def life_of(segment: Path) -> str:
    """Return which life of which worker wrote `segment`, by its name."""
    name = SegmentName.parse(segment.name)
    assert name is not None  # segments are found by their names
    return f"{name.boot.hex()}-{name.worker}"
