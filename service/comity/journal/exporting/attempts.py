"""Which spans a collector may have, though the cursor has not passed them."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, Final, NamedTuple

from comity.journal.exporting.batch import Batch
from comity.journal.exporting.cursor import Counts, life_of

ATTEMPT: Final = "export.attempt"
_PRIVATE: Final = 0o600
_LONGEST_BYTES: Final = 4096


class _Attempt(NamedTuple):
    """Spans of one life of a writer, by their numbers, and what was repeated up to then."""

    life: str = ""
    first: int = 0
    last: int = 0
    repeated: int = 0


class Attempts:
    """Counts the spans that are sent once more, across the deaths of exporters.

    What is about to be sent is noted before, in a file that outlives a killed process; it need not
    outlive the node, since it decides nothing but a count.
    """

    def __init__(self, directory: Path, counts: Counts) -> None:
        """Read what the exporter before was about to send; `counts` is told of what it repeated.

        Raises:
            OSError: the disk refuses.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(directory / ATTEMPT, flags, _PRIVATE)
        self._counts = counts
        self._last = _read(self._descriptor)
        counts.repeated = max(counts.repeated, self._last.repeated)

    def begin(self, batch: Batch) -> None:
        """Count those spans of `batch` that the collector may have, and note that all are sent."""
        life, last = life_of(batch.segment), self._last
        if life == last.life:
            self._counts.repeated += sum(
                last.first <= frame.sequence <= last.last for frame in batch.frames
            )
        first = batch.frames[0].sequence
        self._note(_Attempt(life, first, batch.frames[-1].sequence, self._counts.repeated))

    def forget(self) -> None:
        """Note that the collector did not take what was sent last."""
        self._note(_Attempt(repeated=self._counts.repeated))

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _note(self, attempt: _Attempt) -> None:
        """Keep `attempt`; a disk that refuses costs the count of a death, and no span."""
        self._last = attempt
        # In one write: what a longer line left behind the end of this one is not read.
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, json.dumps(attempt._asdict()).encode() + b"\n", 0)


def _read(descriptor: int) -> _Attempt:
    """Return what is noted in a file; nothing if that makes no sense."""
    line, end, _ = os.pread(descriptor, _LONGEST_BYTES, 0).partition(b"\n")
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        told: dict[str, Any] = json.loads(line) if end else {}
        numbers = {name: int(told[name]) for name in ("first", "last", "repeated") if name in told}
        return _Attempt(life=str(told.get("life", "")), **numbers)
    return _Attempt()
