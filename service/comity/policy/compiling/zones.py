"""Which time zone data instants are resolved with."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from zoneinfo import TZPATH

import tzdata

UNKNOWN = "unknown"


@cache
def tzdata_version() -> str:
    """Return the version of the time zone data in use, such as `2025b`.

    The system's data come first, as in `zoneinfo`; where it has none, the package `tzdata` is used.
    Source: the first line of `tzdata.zi`, `# version 2025b`, as the IANA distribution writes it.
    """
    for directory in map(Path, TZPATH):
        if (directory / "UTC").is_file():
            try:
                with (directory / "tzdata.zi").open() as file:
                    return file.readline().removeprefix("# version").strip() or UNKNOWN
            except OSError:
                return UNKNOWN
    return str(tzdata.IANA_VERSION)
