"""From `in_force`, `suspended` and `schedule` to when a rule has which outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from comity.domain.effect import Outcome
from comity.policy.atlas import Span
from comity.policy.compiling.moments import FileClock
from comity.policy.compiling.reporting import FileReport
from comity.policy.compiling.spans import build_timeline, intersect, subtract
from comity.policy.documents.norms import EffectInterval, Norm
from comity.policy.documents.times import Recurrence
from comity.policy.schedule import Schedule, Window, instant_of
from comity.policy.timeline import Timeline
from comity.policy.yaml_nodes import Loc

EVERY_DAY: Final = frozenset(range(7))
WHOLE_DAY: Final = Window(time(0), time(0))
# Days looked at for hours that don't exist: the first year after the rule begins.
_DAYS_LOOKED_AT: Final = 366

Piece = tuple[Span, Outcome]


def in_force_spans(
    norm: Norm, loc: Loc, clock: FileClock
) -> list[tuple[Span, EffectInterval, Loc]]:
    """Return the intervals in force with their spans; overlapping ones are reported."""
    found: list[tuple[Span, EffectInterval, Loc]] = []
    for index, interval in enumerate(norm.in_force):
        place = (*loc, "in_force", index)
        span = clock.span_of(interval, place, norm.recorded_at)
        if span is None:
            continue
        if any(intersect([span], [other]) for other, _, _ in found):
            message = "The interval overlaps another one of `in_force`."
            clock.report.say("CP413", place, message)
        found.append((span, interval, place))
    return found


@dataclass(frozen=True, slots=True)
class Pace:
    """When a rule has effect within its intervals; the same for every member of a group.

    Attributes:
        suspended: when it has none.
        schedule: recurring windows outside which it has none; None if it has no windows.
    """

    suspended: tuple[Span, ...]
    schedule: Schedule | None


def pace_of(norm: Norm, loc: Loc, clock: FileClock) -> Pace:
    """Return the suspensions and the schedule of a rule; what is wrong with them is reported."""
    suspended = clock.spans_of(norm.suspended, (*loc, "suspended"), norm.recorded_at)
    schedule = None
    if norm.schedule is not None:
        schedule = schedule_of(norm.schedule, (*loc, "schedule"), clock)
    return Pace(tuple(suspended), schedule)


def timeline_of(
    pieces: Sequence[Piece], pace: Pace, *, within: Sequence[Span] | None = None
) -> Timeline:
    """Return the timeline of `pieces`, less suspensions, on the schedule; `within` limits it."""
    left: list[Piece] = []
    for span, outcome in pieces:
        spans = subtract([span], pace.suspended) if pace.suspended else (span,)
        if within is not None:
            spans = intersect(spans, within)
        left.extend((part, outcome) for part in spans)
    return build_timeline(left, pace.schedule)


def schedule_of(recurrence: Recurrence, loc: Loc, clock: FileClock) -> Schedule:
    """Return the schedule; hours that some day does not have are reported."""
    zone = clock.zone or "UTC"
    windows = tuple(Window(hours.start, hours.end) for hours in recurrence.windows)
    schedule = Schedule(
        zone=zone,
        weekdays=frozenset(day for days in recurrence.days for day in days) or EVERY_DAY,
        windows=windows or (WHOLE_DAY,),
        dates=tuple((days.first, days.last) for days in recurrence.dates),
        except_dates=tuple((days.first, days.last) for days in recurrence.except_dates),
    )
    _warn_of_gaps(schedule, loc, clock.report)
    return schedule


def _warn_of_gaps(schedule: Schedule, loc: Loc, report: FileReport) -> None:
    """Report the first day on which a window's start or end does not exist."""
    zone = ZoneInfo(schedule.zone)
    for first, last in schedule.dates:
        day = first
        while day <= min(last, first + timedelta(days=_DAYS_LOOKED_AT)):
            if schedule.starts_on(day) and _has_gap(schedule, day, zone):
                message = f"An hour of the schedule does not exist on {day} in {schedule.zone}."
                report.say("CP321", (*loc, "windows"), message, of_key=True)
                return
            day += timedelta(days=1)


def _has_gap(schedule: Schedule, day: date, zone: ZoneInfo) -> bool:
    """Return whether a window of `day` starts or ends at an hour that the day does not have."""
    for window in schedule.windows:
        end_day = day if window.end > window.start else day + timedelta(days=1)
        for on, wall in ((day, window.start), (end_day, window.end)):
            instant = instant_of(on, wall, zone, fold=0)
            if instant.astimezone(zone).time() != wall:
                return True
    return False
