"""The variables of OpenTelemetry that say how the collector is reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from comity.app.startup import ExitCode, StartupError
from comity.journal.exporting import Collector, open_sender, read_collector

GRPC, HTTP = "grpc", "http/protobuf"


def read(protocol: str = GRPC, **endings: str) -> Collector:
    """Read variables, given by what comes behind `OTEL_EXPORTER_OTLP_`."""
    return read_collector(
        {f"OTEL_EXPORTER_OTLP_{ending}": text for ending, text in endings.items()}, protocol
    )


@pytest.mark.parametrize(
    ("protocol", "endings", "expected"),
    [
        (GRPC, {}, (False, "localhost:4317", "")),
        (HTTP, {}, (False, "localhost:4318", "/v1/traces")),
        (GRPC, {"ENDPOINT": "https://c.example:4317"}, (True, "c.example:4317", "")),
        (GRPC, {"ENDPOINT": "http://c.example:4317/"}, (False, "c.example:4317", "")),
        (GRPC, {"ENDPOINT": "c.example:4317"}, (True, "c.example:4317", "")),
        (GRPC, {"ENDPOINT": "c:1", "INSECURE": "true"}, (False, "c:1", "")),
        (GRPC, {"ENDPOINT": "unix:///c", "INSECURE": "TRUE"}, (False, "unix:///c", "")),
        (GRPC, {"ENDPOINT": "http://a:1", "TRACES_ENDPOINT": "http://b:2"}, (False, "b:2", "")),
        (HTTP, {"ENDPOINT": "https://c"}, (True, "c", "/v1/traces")),
        (HTTP, {"ENDPOINT": "http://c:1/in/"}, (False, "c:1", "/in/v1/traces")),
        (HTTP, {"TRACES_ENDPOINT": "http://c:1/in?x=1"}, (False, "c:1", "/in?x=1")),
        (HTTP, {"TRACES_ENDPOINT": "http://c:1"}, (False, "c:1", "/")),
        (HTTP, {"ENDPOINT": "http://user:secret@c:1"}, (False, "c:1", "/v1/traces")),
    ],
)
def test_addresses(protocol: str, endings: dict[str, str], expected: tuple[bool, str, str]) -> None:
    """The scheme says whether by TLS; the address for traces alone is taken as it is."""
    collector = read(protocol, **endings)
    assert (collector.secure, collector.host, collector.path) == expected
    assert collector.protocol == protocol


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("X-Tenant=comity", (("x-tenant", "comity"),)),
        (" a = 1 ,, b=x%20y%2Cz ", (("a", "1"), ("b", "x y,z"))),
        ("authorization=Basic%20eDp5==", (("authorization", "Basic eDp5=="),)),
    ],
)
def test_headers(text: str, expected: tuple[tuple[str, str], ...]) -> None:
    """Names in lower case, values decoded; never shown."""
    collector = read(HEADERS=text)
    assert collector.headers == expected
    assert "eDp5" not in repr(collector)


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 10), ("1", 1), ("0.5", 0.5), ("600", 600), ("10000", 10)]
)
def test_timeouts(text: str, seconds: float) -> None:
    """In seconds, as OpenTelemetry's SDK for Python has them; what can't be is in milliseconds."""
    assert read(TIMEOUT=text).timeout_seconds == seconds
    assert read(TIMEOUT="7", TRACES_TIMEOUT=text or "10").timeout_seconds == seconds


def test_compression_and_certificates(tmp_path: Path) -> None:
    """Files are named; those for traces come first."""
    ca, other = tmp_path / "ca", tmp_path / "other"
    for file in (ca, other):
        file.write_text("pem")
    collector = read(
        COMPRESSION="gzip",
        CERTIFICATE=str(other),
        TRACES_CERTIFICATE=str(ca),
        CLIENT_CERTIFICATE=str(other),
        CLIENT_KEY=str(other),
    )
    assert (collector.gzip, collector.ca, collector.key) == (True, ca, other)
    assert not read(COMPRESSION="none").gzip


@pytest.mark.parametrize(
    ("protocol", "endings", "said"),
    [
        (HTTP, {"ENDPOINT": "c:4318"}, "must begin with http:// or https://"),
        (GRPC, {"ENDPOINT": "http://c:port"}, "is no address"),
        (GRPC, {"COMPRESSION": "zstd"}, "must be gzip or none"),
        (GRPC, {"TRACES_HEADERS": "secret"}, "must be name=value"),
        (GRPC, {"HEADERS": "a=b%0Asecret"}, "must be name=value"),
        (GRPC, {"TIMEOUT": "soon"}, "must be a number"),
        (GRPC, {"TIMEOUT": "0"}, "must be a positive number"),
        (GRPC, {"TIMEOUT": "inf"}, "must be a positive number"),
        (GRPC, {"CERTIFICATE": "/nowhere"}, "can't be read"),
        (GRPC, {"CLIENT_KEY": __file__}, "is not set"),
        (GRPC, {"CLIENT_CERTIFICATE": __file__}, "is not set"),
    ],
)
def test_what_can_not_be_used_is_named(protocol: str, endings: dict[str, Any], said: str) -> None:
    """By its variable, and without its value."""
    with pytest.raises(StartupError, match=said) as caught:
        read(protocol, **endings)
    assert caught.value.exit_code == ExitCode.SETTINGS_INVALID
    assert str(caught.value).startswith("OTEL_EXPORTER_OTLP_")
    assert "secret" not in str(caught.value)


def test_files_that_hold_no_certificates_are_refused(tmp_path: Path) -> None:
    """Before anything is sent."""
    file = tmp_path / "ca"
    file.write_text("nothing")
    with pytest.raises(StartupError, match="can't be used") as caught:
        open_sender(read(HTTP, ENDPOINT="https://c", CERTIFICATE=str(file)))
    assert caught.value.exit_code == ExitCode.TLS_UNUSABLE
