"""Tracing whose spans stay in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from comity.telemetry import Destination, Place, Telemetry
from comity.telemetry.plain_spans import PlainSpan
from opentelemetry.sdk.trace import ReadableSpan

KEY = "an old key that everybody knows by now"


@dataclass(frozen=True)
class TracingSettings:
    """What tracing needs to be told."""

    data_dir: Path = Path("nowhere")
    pseudonym_key: str = KEY
    pseudonym_rotate_days: int = 90
    seal_public_key: Path | None = None
    journal_flush_seconds: float = 1.0
    journal_segment_bytes: int = 1 << 20
    journal_rotate_seconds: float = 60.0
    journal_budget_bytes: int = 8 << 20
    journal_when_full: str = "auto"
    journal_keep_until: str = "auto"
    archive: str = ""


class InMemoryTelemetry(Telemetry):
    """A `Telemetry` that keeps spans in a list, as soon as they end."""

    def __init__(self, settings: TracingSettings = TracingSettings()) -> None:
        """Start empty."""
        self._ended: list[PlainSpan] = []
        super().__init__(
            "worker",
            settings,
            Destination(Place.NOWHERE, "in memory"),
            self._ended.append,
        )

    def spans(self) -> tuple[ReadableSpan, ...]:
        """Return the spans that have ended, in that order."""
        return tuple(span.readable() for span in self._ended)

    def encoded(self) -> tuple[bytes, ...]:
        """Return the spans that have ended as the journal has them."""
        return tuple(span.encoded() for span in self._ended)
