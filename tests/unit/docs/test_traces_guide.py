"""The guide to traces, against what spans say."""

from __future__ import annotations

import re
from pathlib import Path

from comity.telemetry.batching import BatchLimits
from comity.telemetry.local_store import FILE_BYTES, MOST_BYTES
from comity.telemetry.losses import Loss
from comity.telemetry.opening import LOCAL_LIMITS
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


def test_limits_are_as_said() -> None:
    """Sizes, delays and reasons of losses."""
    assert f"{MOST_BYTES >> 20} MiB" in GUIDE
    assert f"{FILE_BYTES >> 20} MiB" in GUIDE
    assert f"{BatchLimits().most_queued:,} spans" in GUIDE
    assert f"{LOCAL_LIMITS.delay_seconds:g} s locally" in GUIDE
    assert f"{BatchLimits().delay_seconds:g} s for a\ncollector" in GUIDE
    assert all(f"`{loss.value}`" in GUIDE for loss in Loss)
