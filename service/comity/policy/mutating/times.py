"""Mutants of time: boundaries moved by a day, windows by a minute, days of a schedule left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from comity.policy.mutating.mutants import Mutant, Site
from comity.policy.rules import Rule
from comity.policy.schedule import Schedule, Window
from comity.policy.timeline import Timeline
from comity.policy.yaml_nodes import Loc

ONE_DAY: Final = timedelta(days=1)
ONE_MINUTE: Final = timedelta(minutes=1)
WAYS: Final = ((-1, "earlier"), (1, "later"))
DAY_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ANY_DAY: Final = date(2000, 1, 1)

DayRange = tuple[date, date]
T = TypeVar("T")


def mutate_times(site: Site) -> Iterator[Mutant]:
    """Yield every boundary of the rule a day earlier and later, and its schedule altered."""
    zone = ZoneInfo(site.zone)
    for instant in sorted({i for rule in site.rules for i in rule.timeline.instants}):
        for sign, way in WAYS:
            words = f"{instant.astimezone(zone).isoformat()} moved a day {way}."

            def moved(rule: Rule, at: datetime = instant, by: timedelta = sign * ONE_DAY) -> Rule:
                return _retimed(rule, move_boundary(rule.timeline, at, by))

            yield from site.change(words, ("in_force",), moved)
    if site.norm.schedule is not None:
        yield from _mutate_schedule(site)


def move_boundary(timeline: Timeline, instant: datetime, by: timedelta) -> Timeline:
    """Return `timeline` with one boundary moved; states that it passes over vanish."""
    if instant not in timeline.instants:
        return timeline
    number, target = timeline.instants.index(instant), instant + by
    before = tuple(i for i in timeline.instants[:number] if i < target)
    after = tuple(i for i in timeline.instants[number + 1 :] if i > target)
    states = (
        *timeline.states[: len(before) + 1],
        *timeline.states[len(timeline.states) - len(after) - 1 :],
    )
    return replace(timeline, instants=(*before, target, *after), states=states)


def _retimed(rule: Rule, timeline: Timeline) -> Rule:
    """Return `rule` on another timeline; the same rule if that tells nothing different.

    Where a schedule leaves the rule out of force on both sides of a boundary, no answer depends
    on it.
    """
    instants = {*rule.timeline.instants} ^ {*timeline.instants}
    if instants and same_between(rule.timeline, timeline, min(instants), max(instants)):
        return rule
    return replace(rule, timeline=timeline)


def same_between(one: Timeline, other: Timeline, start: datetime, end: datetime) -> bool:
    """Return whether two timelines have the same state at every instant from `start` to `end`."""
    at: datetime | None = start
    while at is not None and at <= end:
        if one.state_at(at) != other.state_at(at):
            return False
        at = min(filter(None, (_next_edge(one, at), _next_edge(other, at))), default=None)
    return True


def _next_edge(timeline: Timeline, at: datetime) -> datetime | None:
    """Return the first instant after `at` at which the state may change; None if there is none."""
    flip = timeline.schedule.next_flip(at) if timeline.schedule is not None else None
    steps = [i for i in timeline.instants if i > at]
    return min(filter(None, (*steps[:1], flip)), default=None)


def _mutate_schedule(site: Site) -> Iterator[Mutant]:
    """Yield the schedule with each edge of a window moved, each day left out, each date moved."""
    schedule = next(rule.timeline.schedule for rule in site.rules)
    if schedule is None or site.norm.schedule is None:
        return
    for number, window in enumerate(schedule.windows if site.norm.schedule.windows else ()):
        for words, other in _moved_windows(window):
            windows = _exchanged(schedule.windows, number, other)
            place: Loc = ("schedule", "windows", number)
            yield from _rescheduled(site, words, place, replace(schedule, windows=windows))
    for day in sorted(schedule.weekdays if site.norm.schedule.days else ()):
        rest = replace(schedule, weekdays=schedule.weekdays - {day})
        yield from _rescheduled(site, f"`{DAY_NAMES[day]}` left out.", ("schedule", "days"), rest)
    for name in ("dates", "except_dates"):
        ranges: tuple[DayRange, ...] = getattr(schedule, name)
        for number, days in enumerate(ranges):
            for words, moved in _moved_days(days):
                said: dict[str, Any] = {name: _exchanged(ranges, number, moved)}
                other_days = replace(schedule, **said)
                yield from _redated(site, words, ("schedule", name, number), other_days, days)


def _moved_windows(window: Window) -> Iterator[tuple[str, Window]]:
    """Yield a window with either edge a minute earlier and later."""
    for edge, word in (("start", "starts"), ("end", "ends")):
        for sign, way in WAYS:
            wall: time = getattr(window, edge)
            moved = (datetime.combine(ANY_DAY, wall) + sign * ONE_MINUTE).time()
            words = f"the window {window.start:%H:%M}-{window.end:%H:%M} {word} a minute {way}."
            yield words, replace(window, **{edge: moved})


def _moved_days(days: DayRange) -> Iterator[tuple[str, DayRange]]:
    """Yield a range of days with its first or last day moved by one."""
    first, last = days
    for sign, way in WAYS:
        yield f"{first}, a first day, moved a day {way}.", (first + sign * ONE_DAY, last)
        yield f"{last}, a last day, moved a day {way}.", (first, last + sign * ONE_DAY)


def _exchanged(values: Sequence[T], number: int, value: T) -> tuple[T, ...]:
    """Return `values` with another one at a position."""
    return (*values[:number], value, *values[number + 1 :])


def _rescheduled(site: Site, words: str, place: Loc, schedule: Schedule) -> Iterator[Mutant]:
    """Yield the mutant with another schedule."""

    def altered(rule: Rule) -> Rule:
        return replace(rule, timeline=replace(rule.timeline, schedule=schedule))

    yield from site.change(words, place, altered)


def _redated(
    site: Site, words: str, place: Loc, schedule: Schedule, days: DayRange
) -> Iterator[Mutant]:
    """Yield the mutant whose schedule differs about the ends of `days`, unless nothing changes."""
    starts = [datetime.combine(day, time(0), UTC) for day in days]
    around = [(start - 3 * ONE_DAY, start + 4 * ONE_DAY) for start in starts]

    def altered(rule: Rule) -> Rule:
        timeline = replace(rule.timeline, schedule=schedule)
        same = all(same_between(rule.timeline, timeline, *span) for span in around)
        return rule if same else replace(rule, timeline=timeline)

    yield from site.change(words, place, altered)
