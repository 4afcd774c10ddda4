"""Keeps spans in files of the data directory when no collector is configured."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from comity.telemetry.otlp_json import encode_line

SUFFIX: Final = ".jsonl"
MOST_BYTES: Final = 64 << 20
FILE_BYTES: Final = 4 << 20
MOST_FILES: Final = 256


def traces_in(data_dir: Path) -> Path:
    """Return where local traces are kept."""
    return data_dir / "traces"


def trace_files(directory: Path) -> list[Path]:
    """Return the files of local traces, those begun first come first."""
    with contextlib.suppress(OSError):
        return sorted(path for path in directory.iterdir() if path.suffix == SUFFIX)
    return []


class LocalTraceStore(SpanExporter):
    """Appends spans to files, one batch a line, and removes the oldest files when they are many.

    A process writes files of its own and writes a line at once, so a process that dies leaves
    whole lines and at most one without an end. Each file's name begins with the time of its first
    line. Several processes may keep their spans in one directory; together they stay below
    `most_bytes`, give or take a file for each of them.
    """

    def __init__(
        self,
        directory: Path,
        role: str,
        most_bytes: int = MOST_BYTES,
        file_bytes: int = FILE_BYTES,
    ) -> None:
        """Keep the spans of a process of this `role` in `directory`, which need not exist yet."""
        self._directory = directory
        self._role = role
        self._most_bytes = most_bytes
        self._file_bytes = file_bytes
        self._descriptor: int | None = None
        self._size = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append `spans`; a full or unwritable disk is a failure, never an exception."""
        line = encode_line(spans)
        try:
            self._append(line)
        except OSError:
            self.shutdown()
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file; a later export begins another."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: bytes) -> None:
        """Write `line` whole, or leave the file as it was.

        Raises:
            OSError: it can't be written.
        """
        if self._descriptor is not None and (
            self._size + len(line) > self._file_bytes
            # Removed by another process, which counts the bytes of all.
            or os.fstat(self._descriptor).st_nlink == 0
        ):
            self.shutdown()
        if self._descriptor is None:
            self._descriptor, self._size = self._begin_file(), 0
        written = 0
        try:
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(line)

    def _begin_file(self) -> int:
        """Make room for another file and open it.

        Raises:
            OSError: it can't be made.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room()
        name = f"{time.time_ns():020d}-{self._role}-{os.getpid()}{SUFFIX}"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(self._directory / name, flags, 0o600)

    def _make_room(self) -> None:
        """Remove the oldest files until one more fits."""
        found = list(_sizes(self._directory))
        total = sum(size for _, size in found)
        most_files = MOST_FILES - 1
        for number, (path, size) in enumerate(found):
            if total + self._file_bytes <= self._most_bytes and len(found) - number <= most_files:
                return
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            total -= size


def _sizes(directory: Path) -> Iterator[tuple[Path, int]]:
    """Yield the files of local traces with their sizes."""
    for path in trace_files(directory):
        with contextlib.suppress(FileNotFoundError):
            yield path, path.stat().st_size
