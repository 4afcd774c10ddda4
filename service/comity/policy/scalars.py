"""Days, instants, months, durations, hours: single values as policy files write them.

They keep what is written; what it means in a time zone is settled when rules are compiled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final


class Refused(ValueError):  # noqa: N818 - a verdict on a value, not a failure
    """A value can't be read; says why, with the code of the problem."""

    def __init__(
        self, code: str, message: str, suggestion: str | None = None, key: str | None = None
    ) -> None:
        """Keep what the problem will say, and the key of the mapping that it is about, if any."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.suggestion = suggestion
        self.key = key


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day; its midnight in the zone of the file, where an instant is asked.

    Attributes:
        text: as written, `2024-09-20`.
        date: the day.
    """

    text: str
    date: date


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment with seconds and offset.

    Attributes:
        text: as written, `2024-09-20T00:00:00+03:00` or with `Z`.
        at: the moment, aware, with the offset as written.
    """

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Month:
    """A month of which the day is not known.

    As a start it counts from its last day, as an end to its first.

    Attributes:
        text: as written, `2022-12`.
        first: its first day.
        last: its last day.
    """

    text: str
    first: date
    last: date


Moment = Day | Instant | Month


class Unit(StrEnum):
    """Units of durations, in the plural."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time.

    Attributes:
        text: as written, `30 days`.
        amount: how many, at least 1.
        unit: of what.
    """

    text: str
    amount: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Hours:
    """A daily window of wall-clock time; it belongs to the day on which it starts.

    Attributes:
        text: as written, `07:00-10:00`.
        start: local start.
        end: local end; at or before the start it lies on the next day. `24:00` is midnight.
    """

    text: str
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class DayRange:
    """Calendar days, both ends included.

    Attributes:
        text: as written, `2024-11-01/2024-11-22`, or a single day.
        first: first day.
        last: last day.
    """

    text: str
    first: date
    last: date


# Years that files may name. Further off, arithmetic with zones would leave the years 1 to 9999.
EARLIEST_YEAR: Final = 1800
LATEST_YEAR: Final = 2199

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH: Final = re.compile(r"\d{4}-\d{2}")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})")
_DURATION: Final = re.compile(r"([1-9]\d{0,5}) (minute|hour|day|week|month|year)s?")
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)")
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# The offsets that zones have had since 1972 lie between these.
# Source: IANA time zone database (Pacific/Niue and others -11/-12, Pacific/Kiritimati +14).
_LOWEST_OFFSET: Final = timedelta(hours=-12)
_HIGHEST_OFFSET: Final = timedelta(hours=14)


def parse_day(value: object) -> Day:
    """Return the day that `value` writes.

    Raises:
        Refused: CP301.
    """
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise Refused("CP301", f"There is no day {value}.") from None
        _check_year("CP301", value, day.year)
        return Day(value, day)
    raise Refused("CP301", f"{_shown(value)} is no day; write it as 2024-09-20.")


def parse_instant(value: object) -> Instant:
    """Return the instant that `value` writes.

    Raises:
        Refused: CP302, CP310.
    """
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        message = f"{_shown(value)} is no instant; write it with seconds and offset"
        raise Refused("CP302", f"{message}, as 2024-09-20T00:00:00+03:00 or 2024-09-19T21:00:00Z.")
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise Refused("CP302", f"There is no instant {value}.") from None
    offset = at.utcoffset()
    if offset is None or not _LOWEST_OFFSET <= offset <= _HIGHEST_OFFSET:
        raise Refused("CP310", f"No time zone has the offset of {value}.")
    _check_year("CP302", value, at.year)
    return Instant(value, at)


def parse_month(value: object) -> Month:
    """Return the month that `value` writes.

    Raises:
        Refused: CP303.
    """
    if isinstance(value, str) and _MONTH.fullmatch(value):
        try:
            first = date.fromisoformat(f"{value}-01")
        except ValueError:
            raise Refused("CP303", f"There is no month {value}.") from None
        _check_year("CP303", value, first.year)
        following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        return Month(value, first, following - timedelta(days=1))
    raise Refused("CP303", f"{_shown(value)} is no month; write it as 2022-12.")


def parse_moment(value: object) -> Moment:
    """Return the day, instant or month that `value` writes.

    Raises:
        Refused: CP301, CP302, CP303, CP310.
    """
    if isinstance(value, str):
        if _MONTH.fullmatch(value):
            return parse_month(value)
        if "T" in value:
            return parse_instant(value)
    return parse_day(value)


def parse_duration(value: object) -> Duration:
    """Return the duration that `value` writes.

    Raises:
        Refused: CP304.
    """
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        message = f"{_shown(value)} is no duration; write a number and minutes, hours, days"
        raise Refused("CP304", f"{message}, weeks, months or years, as in `30 days`.")
    return Duration(found[0], int(found[1]), Unit(f"{found[2]}s"))


def parse_hours(value: object) -> Hours:
    """Return the daily window that `value` writes.

    Raises:
        Refused: CP308.
    """
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if found is None or (found[3] == "24" and found[4] != "00"):
        raise Refused("CP308", f"{_shown(value)} are no hours; write them as 07:00-10:00.")
    end = time(int(found[3]) % 24, int(found[4]))
    return Hours(found[0], time(int(found[1]), int(found[2])), end)


def parse_weekdays(value: object) -> tuple[int, ...]:
    """Return the weekdays that `value` names, Monday as 0: `mon`, `mon-fri`, `sat-mon`.

    Raises:
        Refused: CP308.
    """
    first, dash, last = value.partition("-") if isinstance(value, str) else ("", "", "")
    if first in _WEEKDAYS and (not dash or last in _WEEKDAYS):
        start = _WEEKDAYS.index(first)
        count = (_WEEKDAYS.index(last) - start) % 7 + 1 if dash else 1
        return tuple((start + index) % 7 for index in range(count))
    raise Refused("CP308", f"{_shown(value)} are no weekdays; write them as mon or mon-fri.")


def parse_day_range(value: object) -> DayRange:
    """Return the days that `value` writes: a day, or first and last with `/` between them.

    Raises:
        Refused: CP301, CP309.
    """
    first_text, slash, last_text = value.partition("/") if isinstance(value, str) else ("", "", "")
    if not slash:
        day = parse_day(value)
        return DayRange(day.text, day.date, day.date)
    first, last = parse_day(first_text).date, parse_day(last_text).date
    if last < first:
        raise Refused("CP309", f"The days {first_text}/{last_text} end before they begin.")
    return DayRange(f"{first_text}/{last_text}", first, last)


def _check_year(code: str, text: str, year: int) -> None:
    """Refuse a year that no file may name.

    Raises:
        Refused: with `code`.
    """
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        message = f"{text} is not in the years {EARLIEST_YEAR} to {LATEST_YEAR}."
        raise Refused(code, message)


def _shown(value: object) -> str:
    """Return `value` as a message shows it."""
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, dict | tuple):
        return "A mapping" if isinstance(value, dict) else "A list"
    return str(value).lower()
