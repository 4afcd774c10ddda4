"""The guide to traces, against what spans say."""

from __future__ import annotations

import re
from pathlib import Path

from unit.telemetry.in_memory import InMemoryTelemetry
from unit.telemetry.test_recorder import RECORD, ROUTE_RECORD

GUIDE = (Path(__file__).parents[3] / "docs" / "traces.md").read_text("utf-8")
NAMES = set(re.findall(r"`(comity\.[a-z_.]+)`", GUIDE))


def test_every_attribute_and_event_is_explained() -> None:
    """Whatever an operator may meet in a span."""
    telemetry = InMemoryTelemetry()
    telemetry.recorder.record(RECORD)
    telemetry.recorder.record_route(ROUTE_RECORD)
    said = {
        name
        for span in telemetry.spans()
        for told in (span, *span.events)
        for name in (told.name, *(told.attributes or {}))
    }
    assert said - NAMES == set()
