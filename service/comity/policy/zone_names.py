"""Names of time zones as policy files write them."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from comity.policy.problems import closest
from comity.policy.scalars import Refused


def parse_zone(value: object) -> str:
    """Return the IANA time zone that `value` names.

    Raises:
        Refused: CP305.
    """
    if isinstance(value, str) and value in _zones():
        return value
    suggestion = closest(value, _zones()) if isinstance(value, str) else None
    shown = f"'{value}'" if isinstance(value, str) else "The value"
    message = f"{shown} is no time zone of the IANA database, such as Europe/Kyiv."
    raise Refused("CP305", message, suggestion)


@cache
def _zones() -> frozenset[str]:
    """Return the names of all time zones; abbreviations and the machine's own are none."""
    return frozenset(z for z in available_timezones() if "/" in z or z == "UTC")
