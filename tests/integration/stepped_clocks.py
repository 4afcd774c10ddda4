"""A clock that a test steps back, for the processes that it starts and for no others."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

_NS = 1_000_000_000
# Stands in front of the C library's own function, by which Python and gRPC read the clock.
_PROGRAM = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *seconds_back;

__attribute__((constructor)) static void begin(void) {
    int file = open(getenv("STEPPED_CLOCK"), O_RDONLY | O_CLOEXEC);
    seconds_back = mmap(NULL, sizeof *seconds_back, PROT_READ, MAP_SHARED, file, 0);
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME && seconds_back != NULL && seconds_back != MAP_FAILED)
        now->tv_sec -= *seconds_back;
    return result;
}
"""


class SteppedClock:
    """The clock of the day as some processes see it."""

    def __init__(self, folder: Path) -> None:
        """Make what steps the clock, in `folder`; skip the test where no compiler can."""
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("a clock can't be stepped back here: that takes a C compiler")
        source, self._library = folder / "stepped_clock.c", folder / "stepped_clock.so"
        source.write_text(_PROGRAM)
        command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(self._library), str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        self._back = folder / "stepped_clock"
        self._back.write_bytes(bytes(8))

    def environment(self) -> Mapping[str, str]:
        """Return the variables of a process that goes by this clock."""
        return {"LD_PRELOAD": str(self._library), "STEPPED_CLOCK": str(self._back)}

    def step_back(self, hours: int) -> None:
        """Let the clock show so many hours less from now on."""
        with self._back.open("r+b", buffering=0) as file:
            file.write((hours * 3600).to_bytes(8, "little"))

    @staticmethod
    def instants_of(spans: list[bytes]) -> list[float]:
        """Return when serialised spans ended, seconds since 1970."""
        return [Span.FromString(span).end_time_unix_nano / _NS for span in spans]
