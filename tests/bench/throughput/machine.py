"""What figures were measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.throughput.servers import Cores

PACKAGES = ("grpcio", "protobuf", "cedarpy", "pycasbin")


def describe(cores: Cores) -> dict[str, str]:
    """Return what a reader of figures must know of the machine and its programs."""
    apart = "one for the server, one for the load"
    return {
        "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": processor(),
        "cores": f"{os.cpu_count()}: {apart if cores.apart else 'server and load share them'}",
        "versions": ", ".join(versions()),
        "load average before": f"{os.getloadavg()[0]:.1f}",
    }


def versions() -> list[str]:
    """Return names and versions of what matters and is installed."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """Return the model of the processor."""
    with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return models[0] if models else platform.machine()
