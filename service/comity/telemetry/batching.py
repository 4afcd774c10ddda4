"""Delivers ended spans in batches, from a thread of its own, so that no call waits for it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from comity.telemetry.losses import Loss, SpanLosses

_LAST_EXPORT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How spans are gathered before they are delivered.

    Attributes:
        most_queued: spans that may wait; more are lost.
        most_exported: spans of one batch.
        delay_seconds: how long a span waits for others, at most.
    """

    most_queued: int = 8192
    most_exported: int = 512
    delay_seconds: float = 1.0


def read_limits(environment: Mapping[str, str], default: BatchLimits) -> BatchLimits:
    """Return the limits that the variables `OTEL_BSP_*` set, else those of `default`.

    A value that is no positive number is passed over, as the OpenTelemetry specification asks.

    Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    """

    def number(name: str, otherwise: float) -> float:
        text = environment.get(name, "").strip()
        return float(text) if text.isdecimal() and int(text) > 0 else otherwise

    queued = int(number("OTEL_BSP_MAX_QUEUE_SIZE", default.most_queued))
    exported = int(number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", default.most_exported))
    delay = number("OTEL_BSP_SCHEDULE_DELAY", default.delay_seconds * 1000) / 1000
    return BatchLimits(queued, min(exported, queued), delay)


class BatchDelivery(SpanProcessor):
    """Hands ended spans to an exporter; counts each one that it has to give up.

    The SDK's own processor pushes old spans out of a full queue without an exact count.
    """

    def __init__(self, exporter: SpanExporter, losses: SpanLosses, limits: BatchLimits) -> None:
        """Deliver to `exporter` within `limits`; count in `losses`."""
        self._exporter = exporter
        self._losses = losses
        self._limits = limits
        self._queue: deque[ReadableSpan] = deque()
        self._changed = threading.Condition()
        self._accepted = self._handled = self._urgent = 0
        self._closing = False
        self._thread = threading.Thread(target=self._deliver, name="span delivery", daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        """Queue `span`; a full queue loses it."""
        with self._changed:
            if self._closing:
                self._losses.add(Loss.SHUTDOWN, 1)
            elif len(self._queue) >= self._limits.most_queued:
                self._losses.add(Loss.QUEUE_FULL, 1)
            else:
                self._queue.append(span)
                self._accepted += 1
                if len(self._queue) == self._limits.most_exported:
                    self._changed.notify_all()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Deliver what is queued; return whether all of it was handed over in time."""
        with self._changed:
            target = self._urgent = self._accepted
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._handled >= target, timeout_millis / 1000)

    def shutdown(self) -> None:
        """Deliver what is queued, for as long as a shutdown may take by default."""
        self.close(30.0)

    def close(self, timeout_seconds: float) -> None:
        """Deliver what is queued for up to `timeout_seconds`; count what is left as lost."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_seconds)
        with self._changed:
            self._losses.add(Loss.SHUTDOWN, len(self._queue))
            self._queue.clear()
        # Ends an export under way, which may be waiting for a collector that is away.
        self._exporter.shutdown()
        self._thread.join(_LAST_EXPORT_SECONDS)
        self._losses.report(at_once=True)

    def _deliver(self) -> None:
        """Deliver batches until closed."""
        while True:
            batch = self._next_batch()
            if batch:
                self._export(batch)
            elif self._closing:
                return
            self._losses.report()

    def _next_batch(self) -> list[ReadableSpan]:
        """Wait until there is a full batch or the delay is over; return what is due."""
        with self._changed:
            self._changed.wait_for(self._is_due, self._limits.delay_seconds)
            count = min(len(self._queue), self._limits.most_exported)
            return [self._queue.popleft() for _ in range(count)]

    def _is_due(self) -> bool:
        """Return whether a batch need not wait any longer."""
        full = len(self._queue) >= self._limits.most_exported
        return full or self._closing or self._urgent > self._handled

    def _export(self, batch: list[ReadableSpan]) -> None:
        """Hand `batch` over; count it if that fails."""
        try:
            delivered = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 - whatever an exporter does, the next batch gets its turn
            delivered = False
        if not delivered:
            self._losses.add(Loss.EXPORT_FAILED, len(batch))
        with self._changed:
            self._handled += len(batch)
            self._changed.notify_all()
