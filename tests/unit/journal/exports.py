"""Journals of real spans, and exporters that neither wait nor draw lots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from comity.journal import Journal, read_segment
from comity.journal.exporting import (
    Accepted,
    Answer,
    BatchLimits,
    Cursor,
    Exporter,
    ExportOptions,
    Sender,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unit.journal.collectors import spans
from unit.journal.disks import options_in

RESOURCE = Resource(
    attributes=[KeyValue(key="comity.process.role", value=AnyValue(string_value="worker"))]
).SerializeToString()
LIMITS = BatchLimits(most_spans=40)
FEW = ExportOptions(LIMITS)
SCOPE = InstrumentationScope(name="comity").SerializeToString()


def otlp_span(number: int, *, length: int = 500, **more: Any) -> bytes:
    """Return a serialised span; its fields are in an order that no encoder chooses."""
    ids = Span(trace_id=number.to_bytes(16), span_id=number.to_bytes(8))
    rest = Span(name=f"span {number} ".ljust(length, "·"), **more)
    return rest.SerializeToString() + ids.SerializeToString()


def write(directory: Path, *numbers: int, worker: int = 0) -> list[bytes]:
    """Record spans in one life of a worker; return them."""
    written = [otlp_span(number) for number in numbers]
    with open_journal(directory, worker=worker) as journal:
        journal.append_all(written)
    return written


def open_journal(directory: Path, **changed: Any) -> Journal:
    """Return a journal of small segments."""
    return Journal(options_in(directory, **{"resource": RESOURCE, "scope": SCOPE} | changed))


class Waits:
    """Takes the place of waiting: keeps how long it was to be.

    Attributes:
        seconds: every pause asked for.
    """

    def __init__(self, then: Callable[[], bool] = lambda: False) -> None:
        """Ask `then` at each pause whether to stop."""
        self.seconds: list[float] = []
        self._then = then

    def __call__(self, seconds: float) -> bool:
        """Keep `seconds`."""
        self.seconds.append(seconds)
        assert len(self.seconds) < 1000
        return self._then()


def export(
    directory: Path,
    sender: Sender,
    options: ExportOptions | None = None,
    waits: Waits | None = None,
) -> Cursor:
    """Export everything that is recorded; return the cursor."""
    exporter = Exporter(directory, sender, options, pause=waits or Waits(), draw=lambda: 1.0)
    try:
        exporter.run(until_empty=True)
    finally:
        exporter.close()
    return Cursor.load(directory)


def damage(segment: Path, number: int) -> None:
    """Change an octet in a frame."""
    frame = list(read_segment(segment))[number]
    with segment.open("r+b") as file:
        file.seek(frame.end - 1)
        file.write(bytes((frame.span[-1] ^ 1,)))


class KeepingSender:
    """A `Sender` that takes everything, unless it is told otherwise.

    Attributes:
        requests: every request taken.
        answers: what to answer to the next requests.
    """

    def __init__(self, *answers: Answer) -> None:
        """Answer `answers` first."""
        self.requests: list[bytes] = []
        self.answers = list(answers)

    def send(self, request: bytes) -> Answer:
        """Take `request`."""
        answer = self.answers.pop(0) if self.answers else Accepted()
        if isinstance(answer, Accepted):
            self.requests.append(request)
        return answer

    def close(self) -> None:
        """Do nothing."""

    def taken(self) -> list[bytes]:
        """Return the spans of all requests."""
        return [span for request in self.requests for span in spans(request)]
