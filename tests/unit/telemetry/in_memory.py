"""Tracing whose spans stay in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from comity.telemetry import Destination, Place, Telemetry
from comity.telemetry.losses import SpanLosses
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

KEY = "an old key that everybody knows by now"


@dataclass(frozen=True)
class TracingSettings:
    """What tracing needs to be told."""

    data_dir: Path = Path("nowhere")
    pseudonym_key: str = KEY


class InMemoryTelemetry(Telemetry):
    """A `Telemetry` that keeps spans in a list, as soon as they end."""

    def __init__(self) -> None:
        """Start empty."""
        self._exporter = InMemorySpanExporter()
        super().__init__(
            "worker",
            TracingSettings(),
            Destination(Place.NOWHERE, "in memory"),
            SimpleSpanProcessor(self._exporter),
            SpanLosses(),
        )

    def spans(self) -> tuple[ReadableSpan, ...]:
        """Return the spans that have ended, in that order."""
        return self._exporter.get_finished_spans()
