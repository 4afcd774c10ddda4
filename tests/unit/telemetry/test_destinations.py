"""Where spans go, by the standard variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from comity.app.startup import ExitCode, StartupError
from comity.telemetry.destinations import Place, find_destination

DATA = Path("data")


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_SERVICE_NAME": "x"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": " "},
        {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://logs:4317"},
        {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://metrics:4317"},
        {"OTEL_SDK_DISABLED": "false"},
    ],
)
def test_without_a_variable_of_otlp_traces_are_kept(environment: dict[str, str]) -> None:
    """Those of other signals say nothing of traces."""
    found = find_destination(environment, DATA)
    assert found.place is Place.LOCAL
    assert str(DATA / "journal") in found.text


@pytest.mark.parametrize(
    ("environment", "address", "protocol"),
    [
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"},
            "http://collector:4317",
            "grpc",
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://any:4317",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces/v1/traces",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            "https://traces/v1/traces",
            "http/protobuf",
        ),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "http://localhost:4317", "grpc"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            "http://localhost:4318/v1/traces",
            "http/protobuf",
        ),
        ({"OTEL_EXPORTER_OTLP_HEADERS": "key=secret"}, "http://localhost:4317", "grpc"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://name:secret@host:4317/?key=secret"},
            "http://host:4317/",
            "grpc",
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "name:secret@host:4317"}, "host:4317", "grpc"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[secret"}, "the address configured", "grpc"),
    ],
)
def test_with_a_variable_of_otlp_they_go_to_a_collector(
    environment: dict[str, str], address: str, protocol: str
) -> None:
    """What is said of it holds no secret."""
    found = find_destination(environment, DATA)
    assert (found.place, found.protocol) == (Place.COLLECTOR, protocol)
    assert found.text == f"to the collector at {address} by OTLP over {protocol}"
    assert "secret" not in found.text


@pytest.mark.parametrize(
    "environment", [{"OTEL_SDK_DISABLED": "TRUE"}, {"OTEL_TRACES_EXPORTER": "none"}]
)
def test_they_can_be_switched_off(environment: dict[str, str]) -> None:
    """Even where a collector is named, and the reason is told."""
    environment = {**environment, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"}
    found = find_destination(environment, DATA)
    assert found.place is Place.NOWHERE
    assert next(iter(environment)) in found.text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "carrier pigeon"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
    ],
)
def test_an_unknown_value_is_refused_by_name(variable: str, value: str) -> None:
    """Silently sending nothing would be worse."""
    with pytest.raises(StartupError, match=f"^{variable} = '{value}': must be ") as caught:
        find_destination({variable: value}, DATA)
    assert caught.value.exit_code is ExitCode.SETTINGS_INVALID
