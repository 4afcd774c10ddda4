"""How the export fares, in Prometheus form."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from comity.journal.errors import JournalError
from comity.journal.exporting.cursor import Cursor, is_exporting
from comity.journal.exporting.lag import LagMeter


class ExportCollector(Collector):
    """Reads cursor and journal at every scrape: it need not be in the exporter's process."""

    def __init__(self, directory: Path) -> None:
        """Tell of the journal in `directory`."""
        self._directory = directory
        self._meter = LagMeter(directory)
        self._lock = threading.Lock()

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Yield lag and counts; nothing if they can't be read."""
        with contextlib.suppress(JournalError, OSError), self._lock:
            cursor = Cursor.load(self._directory)
            lag = self._meter.measure(cursor)
            gauges = (
                ("up", "1 while a process exports the journal.", is_exporting(self._directory)),
                ("lag_spans", "Spans recorded and not exported.", lag.spans),
                ("lag_bytes", "Octets of spans recorded and not exported.", lag.bytes),
                ("lag_seconds", "Age of the oldest span not exported; 0 for none.", lag.seconds),
            )
            for name, text, value in gauges:
                yield GaugeMetricFamily(f"comity_journal_export_{name}", text, float(value))
            family = CounterMetricFamily(
                "comity_journal_spans_exported",
                "Spans that the exporter has passed, by what became of them.",
                labels=("result",),
            )
            counts = cursor.counts
            family.add_metric(("delivered",), counts.delivered)
            family.add_metric(("rejected",), counts.rejected)
            family.add_metric(("dead_lettered",), counts.dead_lettered)
            family.add_metric(("missing",), counts.missing)
            family.add_metric(("left_out",), counts.left_out)
            yield family
            for name, text, count in (
                (
                    "spans_repeated",
                    "Spans sent once more though the collector may have had them.",
                    counts.repeated,
                ),
                (
                    "dead_letters_removed",
                    "Dead letters removed to make room for later ones.",
                    counts.forgotten,
                ),
            ):
                yield CounterMetricFamily(f"comity_journal_{name}", text, count)
