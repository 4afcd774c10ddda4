"""How the collector is reached, by the standard environment variables of OpenTelemetry.

Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from comity.app.startup import ExitCode, StartupError

GRPC: Final = "grpc"
HTTP: Final = "http/protobuf"
_HTTP_PATH: Final = "/v1/traces"
_DEFAULT_ENDPOINTS: Final = {GRPC: "http://localhost:4317", HTTP: "http://localhost:4318"}
_DEFAULT_SECONDS: Final = 10.0
# Nobody waits longer for one request: what is more is in milliseconds, as the specification has it.
_MOST_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Collector:
    """How the collector is reached.

    Attributes:
        protocol: `grpc` or `http/protobuf`.
        secure: whether by TLS.
        host: host and port, or what else gRPC can resolve.
        path: path and query of the address; empty for gRPC.
        headers: what is sent with every request: names in lower case, and values.
        gzip: whether requests are compressed.
        timeout_seconds: how long one request may take.
        ca: certificates to trust, PEM; None for those of the system.
        certificate: certificate chain to show, PEM; None for none.
        key: private key of the certificate, PEM; None for none.
    """

    protocol: str
    secure: bool
    host: str
    path: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    gzip: bool = False
    timeout_seconds: float = _DEFAULT_SECONDS
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def read_collector(environment: Mapping[str, str], protocol: str) -> Collector:
    """Return how the collector is reached; variables that end in `_TRACES_...` come first.

    Raises:
        StartupError: a variable can't be used; the message names it, and never a secret.
    """
    variables = _Variables(environment)
    secure, host, path = _address(variables, protocol)
    compression, variable = variables.first("COMPRESSION")
    if compression not in ("", "none", "gzip"):
        raise _unusable(variable, "must be gzip or none")
    certificate, key = _file(variables, "CLIENT_CERTIFICATE"), _file(variables, "CLIENT_KEY")
    if (certificate is None) != (key is None):
        variable = f"OTEL_EXPORTER_OTLP_CLIENT_{'CERTIFICATE' if key else 'KEY'}"
        raise _unusable(variable, "is not set, though its counterpart is")
    return Collector(
        protocol=protocol,
        secure=secure,
        host=host,
        path=path,
        headers=_headers(variables),
        gzip=compression == "gzip",
        timeout_seconds=_timeout(variables),
        ca=_file(variables, "CERTIFICATE"),
        certificate=certificate,
        key=key,
    )


class _Variables:
    """The variables of OTLP; those for traces come first."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Look into `environment`."""
        self._environment = environment

    def first(self, ending: str) -> tuple[str, str]:
        """Return the value that counts and its variable; empty if none is set."""
        for variable in (f"OTEL_EXPORTER_OTLP_TRACES_{ending}", f"OTEL_EXPORTER_OTLP_{ending}"):
            if value := self._environment.get(variable, "").strip():
                return value, variable
        return "", ""


def _address(variables: _Variables, protocol: str) -> tuple[bool, str, str]:
    """Return whether the address is secure, its host and port, and its path.

    Raises:
        StartupError: there is no such address.
    """
    endpoint, variable = variables.first("ENDPOINT")
    endpoint = endpoint or _DEFAULT_ENDPOINTS[protocol]
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError as error:
        raise _unusable(variable, "is no address") from error
    if parts.scheme in ("http", "https") and parts.netloc:
        secure, host = parts.scheme == "https", parts.netloc.rpartition("@")[2]
    elif protocol == GRPC:
        # Without a scheme it is up to gRPC: `host:port`, `dns:...`, `unix:...`.
        insecure, _ = variables.first("INSECURE")
        secure, host = insecure.lower() != "true", endpoint
    else:
        raise _unusable(variable, "must begin with http:// or https://")
    if protocol == GRPC:
        return secure, host, ""
    path = parts.path if "_TRACES_" in variable else parts.path.rstrip("/") + _HTTP_PATH
    return secure, host, (path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(variables: _Variables) -> tuple[tuple[str, str], ...]:
    """Return the headers to send.

    Raises:
        StartupError: they are no list of `name=value`.
    """
    text, variable = variables.first("HEADERS")
    headers: dict[str, str] = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        name, equals, value = pair.partition("=")
        name, value = name.strip().lower(), unquote(value.strip())
        if not equals or not name or not (name + value).isprintable():
            raise _unusable(variable, "must be name=value,name=value, values URL-encoded")
        headers[name] = value
    return tuple(headers.items())


def _timeout(variables: _Variables) -> float:
    """Return how long a request may take.

    Raises:
        StartupError: it is no positive number.
    """
    text, variable = variables.first("TIMEOUT")
    try:
        seconds = float(text or _DEFAULT_SECONDS)
    except ValueError as error:
        raise _unusable(variable, "must be a number of seconds") from error
    if not 0 < seconds < float("inf"):
        raise _unusable(variable, "must be a positive number of seconds")
    return seconds if seconds <= _MOST_SECONDS else seconds / 1000


def _file(variables: _Variables, ending: str) -> Path | None:
    """Return the file that a variable names, which can be read; None if it isn't set.

    Raises:
        StartupError: it can't be read.
    """
    text, variable = variables.first(ending)
    if not text:
        return None
    try:
        Path(text).read_bytes()
    except OSError as error:
        raise _unusable(variable, f"can't be read: {error.strerror}") from error
    return Path(text)


def _unusable(variable: str, problem: str) -> StartupError:
    """Return the error of a variable."""
    return StartupError(ExitCode.SETTINGS_INVALID, f"{variable}: {problem}")
