"""Tracing of a process as a whole."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from comity.telemetry import Place, open_telemetry
from comity.telemetry.local_store import traces_in
from comity.telemetry.losses import Loss
from comity.telemetry.reading import TraceReader
from opentelemetry import trace
from opentelemetry.trace import StatusCode
from unit.telemetry.in_memory import InMemoryTelemetry, TracingSettings


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without variables of OpenTelemetry."""
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


def test_a_process_that_is_told_nothing_keeps_its_spans(tmp_path: Path) -> None:
    """They are there once it has closed."""
    telemetry = open_telemetry(TracingSettings(tmp_path), "supervisor")
    assert telemetry.destination.place is Place.LOCAL
    with telemetry.span("comity.startup", {"comity.policy.epoch": 3}):
        pass
    telemetry.close(10)
    (span,) = TraceReader(traces_in(tmp_path)).new_spans()
    assert (span.name, span.role) == ("comity.startup", "supervisor")
    assert span.attributes == {"comity.policy.epoch": 3}


def test_spans_are_there_soon_without_closing(tmp_path: Path) -> None:
    """Whoever asked a question wants to see its trace."""
    telemetry = open_telemetry(TracingSettings(tmp_path), "worker")
    try:
        with telemetry.span("a"):
            pass
        assert telemetry.flush(10)
        assert [span.name for span in TraceReader(traces_in(tmp_path)).new_spans()] == ["a"]
    finally:
        telemetry.close(10)


def test_the_environment_has_the_last_word_on_the_resource(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OTEL_SERVICE_NAME before OTEL_RESOURCE_ATTRIBUTES before what we say."""
    plain = InMemoryTelemetry()
    with plain.span("a"):
        pass
    ours = plain.spans()[0].resource.attributes
    assert ours["service.name"] == "comity"
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", str(ours["service.version"]))
    assert ours["comity.process.role"] == "worker"
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=b,deployment.environment=test")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "c")
    told = InMemoryTelemetry()
    with told.span("a"):
        pass
    found = told.spans()[0].resource.attributes
    assert (found["service.name"], found["deployment.environment"]) == ("c", "test")
    assert found["comity.process.role"] == "worker"


def test_the_standard_sampler_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions are evidence, not a sample."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    telemetry = InMemoryTelemetry()
    with telemetry.span("a"):
        pass
    assert len(telemetry.spans()) == 1


def test_a_failure_marks_the_span_by_its_type_only() -> None:
    """Texts of exceptions may quote anything."""
    telemetry = InMemoryTelemetry()
    with pytest.raises(ValueError, match="secret"), telemetry.span("a"):
        int("secret")
    (span,) = telemetry.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert "secret" not in span.to_json()


def test_a_span_is_current_within() -> None:
    """Logs find its ids there, and what is done within becomes its child."""
    telemetry = InMemoryTelemetry()
    with telemetry.span("a") as span:
        assert trace.get_current_span() is span
        with telemetry.span("b"):
            pass
    inner, outer = telemetry.spans()
    assert inner.parent == outer.context


def test_a_collector_that_is_away_costs_spans_and_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing ends in time, and each lost span is counted."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1")
    telemetry = open_telemetry(TracingSettings(tmp_path), "worker")
    for _ in range(5):
        with telemetry.span("a"):
            pass
    telemetry.close(0.1)
    lost = telemetry.losses.counts()
    assert lost[Loss.EXPORT_FAILED] + lost[Loss.SHUTDOWN] == 5
    assert list(tmp_path.iterdir()) == []
