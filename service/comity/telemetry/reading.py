"""Reads the local store of traces, while it is written to or afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opentelemetry.util.types import AttributeValue

from comity.telemetry.identifiers import decision_id
from comity.telemetry.local_store import trace_files
from comity.telemetry.otlp_json import decode_attributes

_NO_SPAN: Final = "0" * 16


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """Something noted in a span.

    Attributes:
        name: what kind of thing.
        attributes: what it says.
    """

    name: str
    attributes: Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """A span as it was kept.

    Attributes:
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        parent_id: id of the span that this one is a child of; zeros for none.
        name: what was done.
        start_ns: when it began, in nanoseconds since 1970.
        end_ns: when it ended.
        failed: whether it failed.
        attributes: what it says.
        events: what was noted in it, in order.
        role: which of our processes made it.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_ns: int
    end_ns: int
    failed: bool
    attributes: Mapping[str, AttributeValue]
    events: tuple[StoredEvent, ...]
    role: str

    @property
    def decision_id(self) -> str:
        """The identity of the decision that it records, if it records one."""
        return decision_id(int(self.trace_id, 16), int(self.span_id, 16))

    @property
    def is_decision(self) -> bool:
        """Whether it records a decision."""
        return "comity.decision.kind" in self.attributes

    def text(self, name: str) -> str:
        """Return an attribute as text; empty if it is not there."""
        return str(self.attributes.get(name, ""))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an attribute that is a list of texts; empty if it is not there."""
        value = self.attributes.get(name, ())
        return tuple(map(str, value)) if isinstance(value, tuple) else ()


class TraceReader:
    """Gives each span of a local store once."""

    def __init__(self, directory: Path) -> None:
        """Read the files of `directory`, which need not exist yet."""
        self._directory = directory
        self._offsets: dict[Path, int] = {}

    def new_spans(self) -> Iterator[StoredSpan]:
        """Yield what was kept since the last time, file by file.

        A line without an end is left for the next time: it is being written, or its writer died.
        A line that makes no sense is passed over.
        """
        files = trace_files(self._directory)
        self._offsets = {path: self._offsets.get(path, 0) for path in files}
        for path in files:
            yield from self._new_in(path)

    def _new_in(self, path: Path) -> Iterator[StoredSpan]:
        """Yield what was added to one file."""
        try:
            with path.open("rb") as file:
                file.seek(self._offsets[path])
                for line in file:
                    if not line.endswith(b"\n"):
                        return
                    self._offsets[path] += len(line)
                    yield from _spans_of(line)
        except OSError:
            return  # removed meanwhile, to make room


def _spans_of(line: bytes) -> Iterator[StoredSpan]:
    """Yield the spans of one line; none if it is damaged."""
    try:
        found = [
            _span(encoded, _role_of(batch))
            for batch in json.loads(line)["resourceSpans"]
            for scope in batch["scopeSpans"]
            for encoded in scope["spans"]
        ]
    except (KeyError, TypeError, ValueError):
        return
    yield from found


def _role_of(batch: Mapping[str, Any]) -> str:
    """Return which of our processes made a batch."""
    return str(decode_attributes(batch["resource"]["attributes"]).get("comity.process.role", ""))


def _span(encoded: Mapping[str, Any], role: str) -> StoredSpan:
    """Return one span from its OTLP form.

    Raises:
        KeyError, TypeError, ValueError: it is not that form.
    """
    return StoredSpan(
        trace_id=str(encoded["traceId"]),
        span_id=str(encoded["spanId"]),
        parent_id=str(encoded.get("parentSpanId", _NO_SPAN)),
        name=str(encoded["name"]),
        start_ns=int(encoded["startTimeUnixNano"]),
        end_ns=int(encoded["endTimeUnixNano"]),
        failed=encoded["status"]["code"] == 2,  # noqa: PLR2004 - STATUS_CODE_ERROR
        attributes=decode_attributes(encoded["attributes"]),
        events=tuple(
            StoredEvent(str(event["name"]), decode_attributes(event["attributes"]))
            for event in encoded.get("events", ())
        ),
        role=role,
    )
