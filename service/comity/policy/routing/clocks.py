"""When a term ends.

Minutes and hours are elapsed time from the minute of the start and never roll. Longer terms are
counted in calendar days of the clock's zone.
Source: Regulation (EEC, Euratom) No 1182/71, article 3, for days that roll to the next working one.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from comity.policy.routing.provisions import CountingClock
from comity.policy.scalars import Duration, Unit
from comity.policy.schedule import instant_of

# Calendars end; instants beyond these count as these, and terms end with the calendar.
EARLIEST: Final = datetime(2, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 1, 1, tzinfo=UTC)
LAST_DAY: Final = date(9998, 12, 31)
FIRST_DAY: Final = date(2, 1, 1)
ONE_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_MONTHS_A_YEAR: Final = 12
_DAYS_A_WEEK: Final = 7
_MINUTES_A: Final = {Unit.MINUTES: 1, Unit.HOURS: 60}


def end_of_term(start: datetime, length: Duration, clock: CountingClock) -> datetime:
    """Return the first instant after a term of `length` from `start`."""
    begun = _within_calendar(start)
    if length.unit in _MINUTES_A:
        minutes = timedelta(minutes=length.amount * _MINUTES_A[length.unit])
        return begun.astimezone(UTC).replace(second=0, microsecond=0) + minutes
    zone = ZoneInfo(clock.zone)
    local = begun.astimezone(zone)
    last = last_day(local.date(), length, clock)
    if clock.ends_at_start_time:
        return instant_of(last, local.time(), zone, fold=local.fold)
    return end_of_day(last, clock)


def last_day(start: date, length: Duration, clock: CountingClock) -> date:
    """Return the last day of a term of days or more that starts on the day `start`."""
    last = shifted(start, length)
    if clock.counts_first_day:
        last -= ONE_DAY
    while clock.rolls and (last.weekday() >= _SATURDAY or last in clock.holidays):
        last += ONE_DAY
    return last


def end_of_day(day: date, clock: CountingClock) -> datetime:
    """Return the first instant after `day` in the clock's zone."""
    return instant_of(day + ONE_DAY, time(0), ZoneInfo(clock.zone), fold=0)


def day_of(instant: datetime, clock: CountingClock) -> date:
    """Return the day of `instant` in the clock's zone."""
    return _within_calendar(instant).astimezone(ZoneInfo(clock.zone)).date()


def shifted(day: date, length: Duration, sign: int = 1) -> date:
    """Return the day `length` after `day`, or before it with `sign` -1.

    Months keep the day of the month, or take the month's last one.
    """
    amount = sign * length.amount
    if length.unit in (Unit.DAYS, Unit.WEEKS):
        days = amount * (_DAYS_A_WEEK if length.unit is Unit.WEEKS else 1)
        return FIRST_DAY + timedelta(
            days=min(max((day - FIRST_DAY).days + days, 0), (LAST_DAY - FIRST_DAY).days)
        )
    months = amount * (_MONTHS_A_YEAR if length.unit is Unit.YEARS else 1)
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + months, _MONTHS_A_YEAR)
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        return LAST_DAY if sign > 0 else FIRST_DAY
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _within_calendar(instant: datetime) -> datetime:
    """Return `instant`, or the nearest one at which every zone has a calendar day."""
    return min(max(instant, EARLIEST), LATEST)
