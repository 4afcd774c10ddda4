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
_MOST_LIVES: Final = 16
# Some 100 octets are enough for a life.
_LONGEST_BYTES: Final = 4096


class _Numbers(NamedTuple):
    """Spans of one life of a writer, by their numbers."""

    first: int
    last: int


class _Told(NamedTuple):
    """What a file tells: what a collector may have, by life, and what was repeated up to then."""

    sent: dict[str, _Numbers]
    repeated: int


class Attempts:
    """Counts the spans that are sent once more, across the deaths of exporters.

    What is about to be sent is noted before, in a file that outlives a killed process; it need not
    outlive the node, since it decides nothing but a count. Lives of writers are told apart: what
    is sent of one says nothing of what the collector may have of another.
    """

    def __init__(self, directory: Path, counts: Counts) -> None:
        """Read what the exporter before was about to send; `counts` is told of what it repeated.

        Raises:
            OSError: the disk refuses.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(directory / ATTEMPT, flags, _PRIVATE)
        self._counts = counts
        self._sent, repeated = _read(self._descriptor)
        counts.repeated = max(counts.repeated, repeated)
        self._before: tuple[str, _Numbers | None] = ("", None)

    def begin(self, batch: Batch) -> None:
        """Count those spans of `batch` that the collector may have, and note that all are sent."""
        life, first, last = life_of(batch.segment), *_ends(batch)
        # Taken out, so that the lives that were sent last stand last.
        sent = self._sent.pop(life, None)
        self._before = life, sent
        if sent is not None:
            self._counts.repeated += sum(
                sent.first <= frame.sequence <= sent.last for frame in batch.frames
            )
            first, last = min(first, sent.first), max(last, sent.last)
        self._sent[life] = _Numbers(first, last)
        self._note()

    def forget(self) -> None:
        """Note that the collector did not take what was sent last."""
        life, before = self._before
        self._restore(life, before)
        self._note()

    def settle(self, batch: Batch) -> None:
        """Forget the spans of `batch`, which the cursor has passed: they are not sent again."""
        life, (_, last) = life_of(batch.segment), _ends(batch)
        sent = self._sent.get(life)
        if sent is not None:
            self._restore(life, _Numbers(last + 1, sent.last) if last < sent.last else None)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _restore(self, life: str, sent: _Numbers | None) -> None:
        """Have `sent` be what the collector may have of `life`."""
        if sent is None:
            self._sent.pop(life, None)
        else:
            self._sent[life] = sent

    def _note(self) -> None:
        """Keep what was sent; a disk that refuses costs the count of a death, and no span."""
        # Lives whose segments are gone are never settled.
        for life in list(self._sent)[:-_MOST_LIVES]:
            del self._sent[life]
        told = {"sent": self._sent, "repeated": self._counts.repeated}
        # In one write: what a longer line left behind the end of this one is not read.
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, json.dumps(told).encode() + b"\n", 0)


def _ends(batch: Batch) -> _Numbers:
    """Return the numbers of the first and the last span of `batch`."""
    return _Numbers(batch.frames[0].sequence, batch.frames[-1].sequence)


def _read(descriptor: int) -> _Told:
    """Return what is noted in a file; nothing if that makes no sense."""
    line, end, _ = os.pread(descriptor, _LONGEST_BYTES, 0).partition(b"\n")
    with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):
        told: dict[str, Any] = json.loads(line) if end else {}
        sent = {
            str(life): _Numbers(int(first), int(last))
            for life, (first, last) in told["sent"].items()
        }
        return _Told(sent, int(told["repeated"]))
    return _Told({}, 0)
