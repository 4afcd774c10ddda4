"""Recurring windows of local time: exam hours, night hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
# A window may start on the day before and end on the next; beyond a year nothing recurs that
# has not recurred already (weekdays recur within 7 days, date ranges are searched directly).
LONGEST_GAP_DAYS = 8


@dataclass(frozen=True, slots=True)
class Window:
    """A daily window of wall-clock time, half-open.

    Attributes:
        start: local start.
        end: local end; at or before `start` it lies on the next day. Midnight means 24:00.
    """

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Schedule:
    """Days and windows in one zone; a window belongs to the day on which it starts.

    Attributes:
        zone: IANA zone name.
        weekdays: days on which windows start, Monday is 0; all seven if the file names none.
        windows: windows of each such day, at least one.
        dates: inclusive day ranges outside which no window starts; empty if not limited.
        except_dates: inclusive day ranges on which no window starts.
    """

    zone: str
    weekdays: frozenset[int]
    windows: tuple[Window, ...]
    dates: tuple[tuple[date, date], ...] = ()
    except_dates: tuple[tuple[date, date], ...] = ()

    def starts_on(self, day: date) -> bool:
        """Return whether windows start on `day`."""
        if day.weekday() not in self.weekdays:
            return False
        if self.dates and not any(first <= day <= last for first, last in self.dates):
            return False
        return not any(first <= day <= last for first, last in self.except_dates)

    def windows_of(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Return the UTC windows that start on `day`, in the order of the file.

        A local time in a daylight-saving gap is the first instant after the gap; in a fold the
        window covers both passes: it starts at the first, and ends at the second.
        """
        if not self.starts_on(day):
            return ()
        zone = ZoneInfo(self.zone)
        spans = []
        for window in self.windows:
            end_day = day if window.end > window.start else day + ONE_DAY
            start = instant_of(day, window.start, zone, fold=0)
            end = instant_of(end_day, window.end, zone, fold=1)
            if start < end:
                spans.append((start, end))
        return tuple(spans)

    def is_open(self, now: datetime) -> bool:
        """Return whether a window is open at `now`."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        return any(
            start <= now < end
            for day in (today - ONE_DAY, today, today + ONE_DAY)
            for start, end in self.windows_of(day)
        )

    def next_flip(self, now: datetime) -> datetime | None:
        """Return the first window edge after `now`, or None if no window starts any more.

        An edge need not change `is_open` if windows touch; callers compare states.
        """
        day = begin = now.astimezone(ZoneInfo(self.zone)).date() - ONE_DAY
        while True:
            edges = [edge for span in self.windows_of(day) for edge in span if edge > now]
            if edges:
                following = [e for s in self.windows_of(day + ONE_DAY) for e in s if e > now]
                return min(edges + following)
            day += ONE_DAY
            if day > begin + timedelta(days=LONGEST_GAP_DAYS):
                resumed = self._resumption_after(begin)
                if resumed is None:
                    return None
                day = begin = resumed

    def _resumption_after(self, day: date) -> date | None:
        """Return the next day worth searching from: a date range's start or an exception's end."""
        starts = [first for first, _ in self.dates if first > day]
        ends = [last + ONE_DAY for first, last in self.except_dates if last >= day]
        inside = not self.dates or any(last >= day for _, last in self.dates)
        candidates = starts + (ends if inside else [])
        return min(candidates, default=None)


def instant_of(day: date, wall: time, zone: ZoneInfo, *, fold: int) -> datetime:
    """Return the UTC instant of a local wall-clock time.

    In a daylight-saving gap, the first instant after it; in a fold, the first (`fold` 0) or
    second (`fold` 1) pass.
    """
    local = datetime.combine(day, wall, zone).replace(fold=fold)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    return _end_of_gap(datetime.combine(day, wall, zone))


def _end_of_gap(local: datetime) -> datetime:
    """Return the instant at which the gap that contains `local` ends."""
    before = local.replace(fold=1).astimezone(UTC)  # offset after the gap: an earlier instant
    after = local.replace(fold=0).astimezone(UTC)  # offset before the gap: a later instant
    zone = local.tzinfo
    low, high = min(before, after), max(before, after)
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high
