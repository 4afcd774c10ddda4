"""Spans that a collector will never take, kept with its reason."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from comity.journal.attributes import encode_varint
from comity.journal.disk import sync_directory
from comity.journal.exporting.batch import Batch

DEAD: Final = "dead"
_REQUESTS: Final = ".requests"
_REASONS: Final = ".jsonl"
MOST_DEAD_BYTES: Final = 64 << 20
_PRIVATE: Final = 0o600


class DeadLetters:
    """Keeps refused spans in two files for each segment they come from.

    `dead/<segment>.requests` holds serialised `ExportTraceServiceRequest` messages of one span,
    each behind its length as a varint, so that they can be sent once the reason is gone;
    `dead/<segment>.jsonl` holds a line for each, which says where it is and why. If they take more
    than they may, those of the segment that was refused first go.
    """

    def __init__(self, journal: Path, most_bytes: int = MOST_DEAD_BYTES) -> None:
        """Keep the dead letters of the journal in the directory `journal`, up to `most_bytes`."""
        self._directory = journal / DEAD
        self._most_bytes = most_bytes

    def keep(self, batch: Batch, reason: str) -> int:
        """Return once the disk has the only span of `batch` and the reason; once, if repeated.

        Returns:
            How many letters were removed to make room.

        Raises:
            OSError: the disk refuses.
        """
        (frame,) = batch.frames
        self._directory.mkdir(mode=0o700, exist_ok=True)
        reasons = self._directory / (batch.segment.stem + _REASONS)
        requests = self._directory / (batch.segment.stem + _REQUESTS)
        kept = _whole_lines(reasons)
        if any(letter["sequence"] == frame.sequence for letter in kept):
            return 0
        request = batch.request()
        position = max((letter["position"] + letter["bytes"] for letter in kept), default=0)
        letter = encode_varint(len(request)) + request
        _write(requests, position, letter)
        told = {
            "decision_id": _decision_id(frame.span),
            "sequence": frame.sequence,
            "offset": frame.offset,
            "position": position,
            "bytes": len(letter),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "reason": reason,
        }
        end = sum(len(_line(letter)) for letter in kept)
        _write(reasons, end, _line(told))
        sync_directory(self._directory)
        return self._make_room(batch.segment.stem)

    def _make_room(self, latest: str) -> int:
        """Remove what is oldest until the rest is within bounds; return how many letters went.

        Raises:
            OSError: the disk refuses.
        """
        sizes: dict[str, int] = {}
        for path in sorted(self._directory.iterdir(), key=lambda path: path.stat().st_mtime_ns):
            if path.suffix in {_REQUESTS, _REASONS}:
                sizes[path.stem] = sizes.get(path.stem, 0) + path.stat().st_size
        used, removed = sum(sizes.values()), 0
        for stem, size in sizes.items():
            if used <= self._most_bytes:
                break
            if stem != latest:
                removed += len(_whole_lines(self._directory / (stem + _REASONS)))
                for kind in (_REQUESTS, _REASONS):
                    (self._directory / (stem + kind)).unlink(missing_ok=True)
                used -= size
        return removed


def dead_letters(journal: Path) -> int:
    """Return how many dead letters a journal has."""
    return sum(len(_whole_lines(path)) for path in (journal / DEAD).glob(f"*{_REASONS}"))


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """Return what the whole lines of a file of reasons say; the last may be torn by a crash."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def _line(told: dict[str, Any]) -> bytes:
    """Return a line for a dead letter."""
    return json.dumps(told).encode() + b"\n"


def _write(path: Path, position: int, octets: bytes) -> None:
    """Have the disk confirm `octets` as the end of a file; what a crash left there goes.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.truncate(position)
        file.seek(position)
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())


def _decision_id(octets: bytes) -> str | None:
    """Return the identity of a span; None if it is not even one."""
    try:
        span = Span.FromString(octets)
    except DecodeError:
        return None
    return f"{span.trace_id.hex()}-{span.span_id.hex()}"
