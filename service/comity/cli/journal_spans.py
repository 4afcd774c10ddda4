"""Spans of a journal, as commands show them."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from comity.journal import Frame, read_segment, segments_in
from comity.telemetry.decoding import role_of, stored_span
from comity.telemetry.reading import StoredSpan

if TYPE_CHECKING:
    from comity.cli.traces import DecisionFilter


class JournalReader:
    """Gives each span of a journal once."""

    def __init__(self, directory: Path) -> None:
        """Read the segments of `directory`, which need not exist yet."""
        self._directory = directory
        self._offsets: dict[Path, int] = {}

    def new_spans(self, wanted: DecisionFilter, decision: str = "") -> Iterator[StoredSpan]:
        """Yield the decisions recorded since the last time that are wanted, oldest first.

        `decision` is the beginning of a decision's identity. What can't be read is passed over:
        to find that is for `comity journal verify`.
        """
        segments = segments_in(self._directory) if self._directory.is_dir() else []
        self._offsets = {path: self._offsets.get(path, 0) for path in segments}
        lives = itertools.groupby(segments, lambda path: path.name.rpartition("-")[0])
        streams = [self._spans_of(list(paths), wanted, decision) for _, paths in lives]
        yield from heapq.merge(*streams, key=lambda span: span.end_ns)

    def _spans_of(
        self, segments: Iterable[Path], wanted: DecisionFilter, decision: str
    ) -> Iterator[StoredSpan]:
        """Yield what is wanted of one life of a writer."""
        needles = _needles(wanted, decision)
        for segment in segments:
            role = role_of(segment)
            for frame in self._frames_of(segment):
                # Looking for octets is much faster than decoding what holds them.
                if all(needle in frame.span for needle in needles) and wanted.may_want(frame.span):
                    span = stored_span(frame.span, role)
                    if span and wanted.wants(span) and span.decision_id.startswith(decision):
                        yield span

    def _frames_of(self, segment: Path) -> Iterator[Frame]:
        """Yield the new frames of a segment; none if it was removed meanwhile."""
        try:
            for frame in read_segment(segment, self._offsets[segment]):
                self._offsets[segment] = frame.end
                yield frame
        except FileNotFoundError:
            return


def _needles(wanted: DecisionFilter, decision: str) -> list[bytes]:
    """Return octets that every span has that is wanted."""
    trace_id, _, span_id = decision.partition("-")
    ids = [bytes.fromhex(text[: len(text) // 2 * 2]) for text in (trace_id, span_id)]
    texts = [text.encode() for text in (wanted.effect, wanted.jurisdiction, wanted.rule)]
    return [needle for needle in (*ids, *texts) if needle]
