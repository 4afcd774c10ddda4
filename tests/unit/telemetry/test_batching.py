"""Delivery of spans in batches: no call waits, no loss goes uncounted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from comity.telemetry.batching import BatchDelivery, BatchLimits, read_limits
from comity.telemetry.losses import Loss, SpanLosses
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry, generate_latest

SPAN = ReadableSpan("a span")
NEVER = 3600.0


class ScriptedExporter(SpanExporter):
    """An exporter that does what it is told, and remembers the sizes of batches."""

    def __init__(self, act: Callable[[], SpanExportResult]) -> None:
        """Do `act` at every export."""
        self._act = act
        self.sizes: list[int] = []
        self.exporting = threading.Event()
        self.ended = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take a batch."""
        self.sizes.append(len(spans))
        self.exporting.set()
        return self._act()

    def shutdown(self) -> None:
        """End."""
        self.ended.set()


def accept() -> SpanExportResult:
    """Take everything."""
    return SpanExportResult.SUCCESS


def refuse() -> SpanExportResult:
    """Take nothing."""
    return SpanExportResult.FAILURE


def crash() -> SpanExportResult:
    """Fail as defects do."""
    raise RuntimeError


@contextmanager
def delivering(
    exporter: ScriptedExporter, limits: BatchLimits
) -> Iterator[tuple[BatchDelivery, SpanLosses]]:
    """Deliver to `exporter` until the end of the test."""
    losses = SpanLosses()
    delivery = BatchDelivery(exporter, losses, limits)
    try:
        yield delivery, losses
    finally:
        delivery.close(5.0)


def test_a_full_batch_goes_at_once() -> None:
    """It doesn't wait for the delay."""
    exporter = ScriptedExporter(accept)
    with delivering(exporter, BatchLimits(10, 3, NEVER)) as (delivery, _):
        for _ in range(3):
            delivery.on_end(SPAN)
        assert exporter.exporting.wait(10)
        assert exporter.sizes == [3]


def test_a_single_span_goes_after_the_delay() -> None:
    """It doesn't wait for others."""
    exporter = ScriptedExporter(accept)
    with delivering(exporter, BatchLimits(10, 3, 0.01)) as (delivery, _):
        delivery.on_end(SPAN)
        assert exporter.exporting.wait(10)
        assert exporter.sizes == [1]


def test_flushing_delivers_what_waits() -> None:
    """It returns once everything was handed over."""
    exporter = ScriptedExporter(accept)
    with delivering(exporter, BatchLimits(100, 4, NEVER)) as (delivery, _):
        for _ in range(6):
            delivery.on_end(SPAN)
        assert delivery.force_flush(10_000)
        assert sum(exporter.sizes) == 6


def test_closing_delivers_what_waits() -> None:
    """Nothing is lost at an orderly end."""
    exporter = ScriptedExporter(accept)
    with delivering(exporter, BatchLimits(100, 4, NEVER)) as (delivery, losses):
        for _ in range(6):
            delivery.on_end(SPAN)
        delivery.close(10)
        assert sum(exporter.sizes) == 6
        assert exporter.ended.is_set()
        assert set(losses.counts().values()) == {0}
        delivery.on_end(SPAN)
        assert losses.counts()[Loss.SHUTDOWN] == 1


def test_a_full_queue_loses_and_counts_and_nobody_waits() -> None:
    """An exporter that hangs holds up no call; closing doesn't wait for it longer than told."""
    exporter = ScriptedExporter(lambda: SpanExportResult.FAILURE)
    exporter._act = lambda: (exporter.ended.wait(30), SpanExportResult.FAILURE)[1]
    with delivering(exporter, BatchLimits(5, 2, NEVER)) as (delivery, losses):
        delivery.on_end(SPAN)
        delivery.on_end(SPAN)
        assert exporter.exporting.wait(10)
        for _ in range(8):
            delivery.on_end(SPAN)
        assert losses.counts()[Loss.QUEUE_FULL] == 3
        assert not delivery.force_flush(10)
        delivery.close(0.01)
        assert losses.counts() == {
            Loss.QUEUE_FULL: 3,
            Loss.EXPORT_FAILED: 2,
            Loss.SHUTDOWN: 5,
        }


@pytest.mark.parametrize("act", [refuse, crash])
def test_a_failed_export_is_counted_and_the_next_is_tried(
    act: Callable[[], SpanExportResult],
) -> None:
    """Whatever an exporter does, delivery goes on."""
    exporter = ScriptedExporter(act)
    with delivering(exporter, BatchLimits(10, 2, NEVER)) as (delivery, losses):
        for _ in range(2):
            delivery.on_end(SPAN)
            assert delivery.force_flush(10_000)
        assert exporter.sizes == [1, 1]
        assert losses.counts()[Loss.EXPORT_FAILED] == 2


def test_losses_are_a_metric() -> None:
    """Each reason is there from the start."""
    losses = SpanLosses()
    losses.add(Loss.QUEUE_FULL, 7)
    registry = CollectorRegistry()
    registry.register(losses)
    text = generate_latest(registry).decode()
    assert 'comity_spans_dropped_total{reason="queue_full"} 7.0' in text
    assert 'comity_spans_dropped_total{reason="export_failed"} 0.0' in text


def test_losses_are_logged_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """A flood of losses makes one line; the last ones are told at the end."""
    losses = SpanLosses()
    with caplog.at_level(logging.WARNING):
        losses.report()
        for _ in range(5):
            losses.add(Loss.EXPORT_FAILED, 2)
            losses.report()
        losses.report(at_once=True)
        losses.report(at_once=True)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["2 spans lost: export_failed", "8 spans lost: export_failed"]


def test_limits_come_from_the_standard_variables() -> None:
    """What is no positive number is passed over."""
    default = BatchLimits(100, 10, 2.0)
    set_well = {
        "OTEL_BSP_MAX_QUEUE_SIZE": "50",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "70",
        "OTEL_BSP_SCHEDULE_DELAY": "1500",
    }
    assert read_limits(set_well, default) == BatchLimits(50, 50, 1.5)
    assert read_limits({}, default) == default
    for value in ("", "0", "-1", "many", "1.5"):
        assert read_limits(dict.fromkeys(set_well, value), default) == default
