"""Tracing of a process as a whole."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from comity.cli.journal_spans import JournalReader
from comity.cli.traces import AnySpan
from comity.domain.errors import NotRecordedError
from comity.journal.places import journal_in
from comity.telemetry import Place, open_telemetry
from comity.telemetry.reading import StoredSpan
from opentelemetry import trace
from opentelemetry.trace import StatusCode
from unit.telemetry.in_memory import InMemoryTelemetry, TracingSettings
from unit.telemetry.test_recorder import RECORD


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
    telemetry.close()
    (span,) = kept(tmp_path)
    assert (span.name, span.role) == ("comity.startup", "supervisor")
    assert span.attributes == {"comity.policy.epoch": 3}


def test_spans_are_there_at_once_without_closing(tmp_path: Path) -> None:
    """Whoever asked a question wants to see its trace, even of a process that was killed."""
    telemetry = open_telemetry(TracingSettings(tmp_path), "worker")
    try:
        with telemetry.span("a"):
            pass
        assert [span.name for span in kept(tmp_path)] == ["a"]
        assert telemetry.flush(10)
    finally:
        telemetry.close()


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


def test_a_collector_that_is_away_costs_no_span(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait in the journal for an exporter."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1")
    telemetry = open_telemetry(TracingSettings(tmp_path), "worker")
    for _ in range(5):
        with telemetry.span("a"):
            pass
    telemetry.close()
    assert len(kept(tmp_path)) == 5


def test_a_decision_that_can_not_be_recorded_is_an_error(tmp_path: Path) -> None:
    """Other spans are counted as lost."""
    telemetry = open_telemetry(TracingSettings(tmp_path), "worker")
    telemetry.close()
    with telemetry.span("a"):
        pass
    with pytest.raises(NotRecordedError):
        telemetry.recorder.record(RECORD)
    assert telemetry.delivery is not None
    lost = {f.name: f.samples[0].value for f in telemetry.delivery.collect()}
    assert lost["comity_spans_dropped"] == 1


def test_commands_keep_their_spans_beside_those_of_a_server(tmp_path: Path) -> None:
    """Several at once, each under a number of its own."""
    opened = [open_telemetry(TracingSettings(tmp_path), "local") for _ in range(3)]
    for telemetry in opened:
        with telemetry.span("a"):
            pass
    for telemetry in opened:
        telemetry.close()
    assert [span.role for span in kept(tmp_path)] == ["local"] * 3


def test_switched_off_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions have an identity all the same."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    telemetry = open_telemetry(TracingSettings(tmp_path), "worker")
    assert len(telemetry.recorder.record(RECORD)) == 49
    telemetry.close()
    assert list(tmp_path.iterdir()) == []


def kept(data_dir: Path) -> list[StoredSpan]:
    """Return what is kept in the journal."""
    return list(JournalReader(journal_in(data_dir)).new_spans(AnySpan()))
