"""Spans of a journal, as commands show them."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.util.types import AttributeValue

from comity.journal import DamagedSegmentError, Frame, read_header, read_segment, segments_in
from comity.telemetry.reading import StoredEvent, StoredSpan

if TYPE_CHECKING:
    from comity.cli.traces import DecisionFilter

_ROLE: Final = "comity.process.role"
_NO_SPAN: Final = bytes(8)


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


def role_of(segment: Path) -> str:
    """Return which of our processes wrote a segment; empty if it doesn't say."""
    try:
        resource = Resource.FromString(read_header(segment).resource)
    except (DamagedSegmentError, DecodeError, FileNotFoundError):
        return ""
    return str(_plain(resource.attributes).get(_ROLE, ""))


def stored_span(octets: bytes, role: str) -> StoredSpan | None:
    """Return a serialised OTLP span as commands show it; None if it is none."""
    try:
        span = Span.FromString(octets)
    except DecodeError:
        return None
    return StoredSpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=(span.parent_span_id or _NO_SPAN).hex(),
        name=span.name,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=_plain(span.attributes),
        events=tuple(StoredEvent(event.name, _plain(event.attributes)) for event in span.events),
        role=role,
    )


def _plain(pairs: Iterable[KeyValue]) -> Mapping[str, AttributeValue]:
    """Return attributes from their OTLP form."""
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> AttributeValue:
    """Return one value from its OTLP form; what commands need not tell apart is text."""
    match value.WhichOneof("value"):
        case "array_value":
            # Ours hold strings only.
            return tuple(str(_value(member)) for member in value.array_value.values)
        case "bytes_value":
            return value.bytes_value.hex()
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case _:
            return value.string_value
