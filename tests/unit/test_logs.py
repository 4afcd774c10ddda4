"""Logs: JSON lines with trace ids and without personal data."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from comity.logs import configure_logging, get_logger, report_defect
from opentelemetry.trace.span import TraceState
from unit.telemetry.in_memory import InMemoryTelemetry


@pytest.fixture
def stream() -> io.StringIO:
    """Where logs go."""
    written = io.StringIO()
    configure_logging("info", "worker", written)
    return written


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return what was logged."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_entry_is_one_line_of_json(stream: io.StringIO) -> None:
    """With time, level, logger and process."""
    get_logger("comity.test").info("policy in force", epoch=3, text="two\nlines")
    (entry,) = entries(stream)
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "event": "policy in force",
        "epoch": 3,
        "text": "two\nlines",
        "level": "info",
        "logger": "comity.test",
        "process": "worker",
    }


def test_entries_within_a_span_carry_its_ids(stream: io.StringIO) -> None:
    """Those of libraries too, and no others."""
    telemetry = InMemoryTelemetry()
    with telemetry.span("call"):
        get_logger("comity.test").info("within")
        logging.getLogger("library").warning("within")
    get_logger("comity.test").info("after")
    context = telemetry.spans()[0].context
    assert context is not None
    ours, theirs, after = entries(stream)
    for entry in (ours, theirs):
        assert entry["trace_id"] == f"{context.trace_id:032x}"
        assert entry["span_id"] == f"{context.span_id:016x}"
    assert "trace_id" not in after


def test_an_exception_is_told_without_its_text(stream: io.StringIO) -> None:
    """Texts of exceptions quote what they stumbled over."""

    def stumble() -> None:
        try:
            int("no number: +380501234711")
        except ValueError as error:
            message = "no number: +380501234711"
            raise RuntimeError(message) from error

    with pytest.raises(RuntimeError) as caught:
        stumble()
    report_defect(caught.value)
    (entry,) = entries(stream)
    assert [cause["type"] for cause in entry["exception"]] == [
        "builtins.RuntimeError",
        "builtins.ValueError",
    ]
    assert any(frame.endswith(" stumble") for frame in entry["exception"][0]["frames"])
    assert "380501234711" not in stream.getvalue()


def test_complaints_about_headers_of_callers_are_not_logged(stream: io.StringIO) -> None:
    """They quote them."""
    TraceState.from_header(["+380501234711"])
    TraceState([("+380501234711", "x")])
    assert entries(stream) == []


def test_libraries_are_heard_when_something_is_wrong(stream: io.StringIO) -> None:
    """Not for their everyday news."""
    for name in ("grpc", "opentelemetry.exporter"):
        logging.getLogger(name).info("everyday")
        logging.getLogger(name).warning("wrong")
    assert [entry["event"] for entry in entries(stream)] == ["wrong", "wrong"]


def test_libraries_are_no_louder_than_the_level_asked_for() -> None:
    """Who asks for errors gets errors, whoever complains."""
    stream = io.StringIO()
    configure_logging("error", "worker", stream)
    logging.getLogger("grpc").warning("wrong")
    logging.getLogger("grpc").error("broken")
    assert [entry["event"] for entry in entries(stream)] == ["broken"]
