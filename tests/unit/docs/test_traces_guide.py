"""The guide to traces, against what spans say."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from comity.telemetry.exact_questions import QUESTION
from comity.telemetry.sealed_facts import DATA, ENCAPSULATION, KEY, new_keys
from unit.telemetry.in_memory import InMemoryTelemetry, TracingSettings
from unit.telemetry.test_recorder import RECORD, ROUTE_RECORD

GUIDE = (Path(__file__).parents[3] / "docs" / "traces.md").read_text("utf-8")
NAMES = set(re.findall(r"`(comity\.[a-z_.]+)`", GUIDE))


def test_every_attribute_and_event_is_explained(tmp_path: Path) -> None:
    """Whatever an operator may meet in a span."""
    _, public, _ = new_keys()
    (tmp_path / "legal.pub").write_bytes(public)
    settings = TracingSettings(seal_public_key=tmp_path / "legal.pub")
    telemetry = InMemoryTelemetry(settings)
    telemetry.recorder.record(RECORD)
    clear = replace(RECORD, facts=replace(RECORD.facts, age=None, account_created=None))
    telemetry.recorder.record(clear)
    telemetry.recorder.record_route(ROUTE_RECORD)
    said = {
        name
        for span in telemetry.spans()
        for told in (span, *span.events)
        for name in (told.name, *(told.attributes or {}))
    }
    assert said >= {QUESTION, KEY, ENCAPSULATION, DATA}
    assert said - NAMES == set()
