"""What figures were measured on."""

from __future__ import annotations

import os
import platform
import resource
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
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
    }


@dataclass(frozen=True, slots=True)
class Processors:
    """What the processors of the machine have done so far, in seconds.

    Attributes:
        passed: of all of them, busy or not.
        busy: of all of them, busy.
        own: for this process and those that it started, once these have ended.
    """

    passed: float
    busy: float
    own: float

    def others_since(self, before: Processors) -> float:
        """Return which share of the processors' time others took since then."""
        busy, own = self.busy - before.busy, self.own - before.own
        return max(0.0, busy - own) / (self.passed - before.passed)


def read_processors() -> Processors:
    """Return what the processors have done so far."""
    times = psutil.cpu_times()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Processors(
        passed=sum(times) - times.guest - times.guest_nice,
        busy=times.user + times.nice + times.system + times.irq + times.softirq + times.steal,
        own=sum(one.ru_utime + one.ru_stime for one in used),
    )


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
