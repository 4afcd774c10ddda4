"""What the platform keeps, and for how long."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from comity.policy.routing.clocks import day_of, shifted
from comity.policy.routing.matter import Matter
from comity.policy.scalars import Duration
from comity.policy.schedule import instant_of

NEVER: Final = "never"


def is_kept(category: str, matter: Matter) -> bool:
    """Return whether data of `category` are ever kept."""
    return matter.law.held[category] != NEVER


def horizon(category: str, matter: Matter) -> datetime | None:
    """Return the first instant of which data of `category` were still held at receipt.

    None if they are kept as long as the account lives, or for a time that is not known. What was
    held at receipt stays preserved.
    """
    kept = matter.law.held[category]
    if not isinstance(kept, Duration):
        return None
    clock = matter.law.clock
    first = shifted(day_of(matter.request.received_at, clock), kept, -1)
    return instant_of(first, time(0), ZoneInfo(clock.zone), fold=0)
