"""A segment while it is written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from comity.journal.disk import Disk, SegmentFile
from comity.journal.layout import END, FRAME_HEAD_BYTES, SegmentHeader, encode_frames, frame_head


class OpenSegment:
    """Takes frames one after the other. Not for several threads at once.

    Attributes:
        path: its file.
        begun: monotonic time of its first frame; None before it.
        legal: whether it holds a legal decision.
    """

    def __init__(self, file: SegmentFile, path: Path, header: SegmentHeader) -> None:
        """Write to `file`, which begins with `header`."""
        self.path = path
        self.begun: float | None = None
        self.legal = False
        self._file = file
        self._offset = self._synced = header.size
        # What ends a sealed segment must fit and leave it shorter than one that is open.
        self._limit: Final = header.capacity - len(END) - 1

    def fit_all(self, spans: Sequence[bytes]) -> bool:
        """Return whether all of `spans`, at least one and none empty, have room."""
        frames = sum(map(len, spans)) + len(spans) * FRAME_HEAD_BYTES
        return all(spans) and 0 < frames <= self._limit - self._offset

    def fits(self, length: int) -> bool:
        """Return whether a span of `length` octets has room."""
        return self._offset + FRAME_HEAD_BYTES + length <= self._limit

    def append(self, sequence: int, span: bytes) -> None:
        """Write a span that fits.

        Raises:
            OSError: the disk refuses; the segment is as it was.
        """
        self._write(frame_head(sequence, span), span)

    def append_all(self, sequence: int, spans: Sequence[bytes]) -> None:
        """Write spans that fit together, of which the first has this number.

        Raises:
            OSError: the disk refuses; the segment is as it was.
        """
        parts = encode_frames(sequence, spans)
        # Nothing of it can be read before the head of the first is there, which is written last.
        self._write(parts[0], b"".join(parts[1:]))

    def _write(self, head: bytes, rest: bytes) -> None:
        """Write a frame, and those that come behind it in `rest`."""
        self._file.write(self._offset, head, rest)
        self._offset += len(head) + len(rest)
        if self.begun is None:
            self.begun = time.monotonic()

    def sync(self) -> None:
        """Return once the disk has all frames.

        Raises:
            OSError: the disk refuses.
        """
        end = self._offset
        self._file.sync(self._synced, end)
        self._synced = end

    def seal(self, disk: Disk) -> None:
        """End the file behind the last frame, or remove it if there is none.

        Raises:
            OSError: the disk refuses.
        """
        if self.begun is None:
            disk.remove(self.path)
        else:
            self._file.truncate(self._offset + len(END))
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file as it is."""
        self._file.close()
