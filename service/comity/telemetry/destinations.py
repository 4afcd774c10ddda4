"""Where spans go, by the standard environment variables of OpenTelemetry.

Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from comity.app.startup import ExitCode, StartupError
from comity.journal.places import journal_in

_EXPORTER: Final = "OTEL_TRACES_EXPORTER"
_DEFAULT_ENDPOINTS: Final = {
    "grpc": "http://localhost:4317",
    "http/protobuf": "http://localhost:4318/v1/traces",
}
# Variables of OTLP that concern traces; those of logs and metrics say nothing of them.
_OTLP: Final = re.compile(r"OTEL_EXPORTER_OTLP_(?!LOGS_|METRICS_|PROFILES_).+")


class Place(StrEnum):
    """What kind of place spans go to."""

    COLLECTOR = "collector"
    LOCAL = "local"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where spans go.

    Attributes:
        place: what kind of place it is.
        text: where that is, a clause for people, without secrets.
        protocol: how a collector is spoken to, `grpc` or `http/protobuf`; empty for other places.
    """

    place: Place
    text: str
    protocol: str = ""


def find_destination(environment: Mapping[str, str], data_dir: Path) -> Destination:
    """Return where spans go: to a collector as soon as a variable of OTLP is set.

    Raises:
        StartupError: a variable has a value that Comity doesn't know; the message names it.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Destination(Place.NOWHERE, "nowhere: OTEL_SDK_DISABLED is set")
    exporter = environment.get(_EXPORTER, "").strip()
    if exporter not in ("", "none", "otlp"):
        raise _unknown(_EXPORTER, exporter, "otlp or none")
    if exporter == "none":
        return Destination(Place.NOWHERE, f"nowhere: {_EXPORTER} is none")
    if not exporter and not any(v.strip() and _OTLP.fullmatch(k) for k, v in environment.items()):
        return Destination(Place.LOCAL, f"kept in {journal_in(data_dir)}")
    protocol, variable = _first(environment, "PROTOCOL") or ("grpc", "")
    if protocol not in _DEFAULT_ENDPOINTS:
        raise _unknown(variable, protocol, " or ".join(_DEFAULT_ENDPOINTS))
    endpoint, _ = _first(environment, "ENDPOINT") or (_DEFAULT_ENDPOINTS[protocol], "")
    text = f"to the collector at {_public(endpoint)} by OTLP over {protocol}"
    return Destination(Place.COLLECTOR, text, protocol)


def _first(environment: Mapping[str, str], ending: str) -> tuple[str, str] | None:
    """Return the value that counts for traces and its variable; None if not set."""
    for variable in (f"OTEL_EXPORTER_OTLP_TRACES_{ending}", f"OTEL_EXPORTER_OTLP_{ending}"):
        if value := environment.get(variable, "").strip():
            return value, variable
    return None


def _public(endpoint: str) -> str:
    """Return an address without the user name, password and query that it may hold."""
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return "the address configured"
    if not parts.netloc:
        return endpoint.rpartition("@")[2].partition("?")[0]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _unknown(variable: str, given: str, allowed: str) -> StartupError:
    """Return the error of a variable with a value that is none."""
    message = f"{variable} = {given!r}: must be {allowed}"
    return StartupError(ExitCode.SETTINGS_INVALID, message)
