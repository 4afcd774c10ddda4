"""Moments: what is in force, by stretches of time in which nothing of it changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from comity.policy.engine.ages import Ages, BirthTable, midnight_of
from comity.policy.engine.bits import mask_of, numbers_in
from comity.policy.engine.places import last_until, next_after
from comity.policy.engine.rulings import Preferences, Rulings
from comity.policy.engine.table import RuleTable
from comity.policy.timeline import Timeline

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
FLIPS_BETWEEN_CHECKPOINTS = 64
MOMENTS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of time, and what holds all through it.

    Attributes:
        start: first instant in it.
        end: first instant after it.
        recurring_end: first instant at which a window of a schedule opens or closes.
        in_force: rules in force.
        changing: rules whose state will change after this moment.
        preferences: the requirements that rulings prefer.
        births: which birthdays are reached.
        recurring_changes: number of a rule with a schedule -> when its state changes.
        changes: number of a rule -> when its state changes; filled as asked for.
    """

    start: datetime
    end: datetime
    recurring_end: datetime
    in_force: int
    changing: int
    preferences: Preferences
    births: BirthTable
    recurring_changes: dict[int, datetime | None]
    changes: dict[int, datetime | None] = field(default_factory=dict)

    def holds(self, now: datetime) -> bool:
        """Return whether `now` lies in the moment."""
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The state of the rules with one timeline that has a schedule, between two of its edges.

    Attributes:
        start: first instant known to be in.
        end: first instant out.
        in_force: whether the rules are in force.
        next_change: when that, or their outcome, changes; None if never.
    """

    start: datetime
    end: datetime
    in_force: bool
    next_change: datetime | None


class Steps:
    """A set of rules that changes at given instants, kept as checkpoints and steps between."""

    __slots__ = ("_checkpoints", "_toggles", "instants")

    def __init__(self, first: int, toggles: dict[datetime, list[int]]) -> None:
        """Start with `first`; at each instant the listed rules leave or enter."""
        self.instants = sorted(toggles)
        self._toggles = [tuple(toggles[instant]) for instant in self.instants]
        self._checkpoints = [first]
        mask = first
        for at, numbers in enumerate(self._toggles, start=1):
            mask = _toggle(mask, numbers)
            if at % FLIPS_BETWEEN_CHECKPOINTS == 0:
                self._checkpoints.append(mask)

    def at(self, now: datetime) -> int:
        """Return the rules in the set at `now`."""
        passed = bisect_right(self.instants, now)
        checkpoint = passed // FLIPS_BETWEEN_CHECKPOINTS
        mask = self._checkpoints[checkpoint]
        for numbers in self._toggles[checkpoint * FLIPS_BETWEEN_CHECKPOINTS : passed]:
            mask = _toggle(mask, numbers)
        return mask


def _toggle(mask: int, numbers: Iterable[int]) -> int:
    for number in numbers:
        mask ^= 1 << number
    return mask


class Calendar:
    """Finds the moment of an instant, for all rules of a table."""

    __slots__ = (
        "_ages",
        "_changes",
        "_changing",
        "_in_force",
        "_instants",
        "_last",
        "_recent",
        "_recurrences",
        "_recurring",
        "_rulings",
    )

    def __init__(
        self, table: RuleTable, ages: Ages, rulings: Rulings, edges: Iterable[datetime]
    ) -> None:
        """Index the timelines of `table`; `edges` are further instants that end a moment."""
        plain = {n: r.timeline for n, r in enumerate(table.rules) if r.timeline.schedule is None}
        self._changes = {n: _changes_of(timeline) for n, timeline in plain.items()}
        self._in_force = _in_force_steps(plain, len(table.rules))
        self._changing = _changing_steps(self._changes, len(table.rules))
        recurring: dict[Timeline, list[int]] = {}
        for number, rule in enumerate(table.rules):
            if rule.timeline.schedule is not None:
                recurring.setdefault(rule.timeline, []).append(number)
        self._recurring = [
            (timeline, mask_of(numbers, len(table.rules)))
            for timeline, numbers in recurring.items()
        ]
        self._recurrences: dict[int, Recurrence] = {}
        own = {instant for changes in self._changes.values() for instant in changes}
        self._instants = sorted(own.union(edges, rulings.instants))
        self._ages = ages
        self._rulings = rulings
        self._recent: tuple[Moment, ...] = ()
        self._last: Moment | None = None

    def at(self, now: datetime) -> Moment:
        """Return the moment that `now` lies in."""
        last = self._last
        if last is not None and last.holds(now):
            return last
        for moment in self._recent:
            if moment.holds(now):
                self._last = moment
                return moment
        moment = self._build(now)
        self._recent = (moment, *self._recent[: MOMENTS_KEPT - 1])
        self._last = moment
        return moment

    def next_change(self, number: int, moment: Moment) -> datetime | None:
        """Return when the state of a rule changes after `moment`, or None if never."""
        changes = moment.changes
        if number not in changes:
            known = self._changes.get(number)
            changes[number] = (
                moment.recurring_changes[number]
                if known is None
                else next_after(known, moment.start)
            )
        return changes[number]

    def first_change(self, rules: int, moment: Moment) -> datetime | None:
        """Return the first instant at which the state of one of `rules` changes."""
        coming = (self.next_change(n, moment) for n in numbers_in(rules & moment.changing))
        return min((instant for instant in coming if instant is not None), default=None)

    def recurs(self, rules: int) -> bool:
        """Return whether any of `rules` has a schedule."""
        return any(mask & rules for _, mask in self._recurring)

    def _build(self, now: datetime) -> Moment:
        """Work out the moment around `now`."""
        today = self._ages.today(now)
        starts = [last_until(self._instants, now)]
        ends = [next_after(self._instants, now), self._ages.next_midnight(today)]
        starts += [midnight_of(day, zone) for zone, day in today.items()]
        in_force, changing = self._in_force.at(now), self._changing.at(now)
        recurring_changes: dict[int, datetime | None] = {}
        recurring_end = LAST
        for position, (_, mask) in enumerate(self._recurring):
            state = self._recurrence(position, now)
            starts.append(state.start)
            recurring_end = min(recurring_end, state.end)
            if state.in_force:
                in_force |= mask
            if state.next_change is not None:
                changing |= mask
            recurring_changes.update(dict.fromkeys(numbers_in(mask), state.next_change))
        return Moment(
            start=max((s for s in starts if s is not None and s <= now), default=FIRST),
            end=min((e for e in (*ends, recurring_end) if e is not None), default=LAST),
            recurring_end=recurring_end,
            in_force=in_force,
            changing=changing,
            preferences=self._rulings.preferences_at(now),
            births=self._ages.births_on(today),
            recurring_changes=recurring_changes,
        )

    def _recurrence(self, position: int, now: datetime) -> Recurrence:
        """Return the state of a timeline with a schedule at `now`."""
        known = self._recurrences.get(position)
        if known is not None and known.start <= now < known.end:
            return known
        timeline = self._recurring[position][0]
        start, edges = now, [next_after(timeline.instants, now)]
        if timeline.states[bisect_right(timeline.instants, now)] is None:
            # No window opens between intervals, so one look at them is good for all of that time.
            start = last_until(timeline.instants, now) or FIRST
        elif timeline.schedule is not None:
            edges.append(timeline.schedule.next_flip(now))
        state = Recurrence(
            start=start,
            end=min((edge for edge in edges if edge is not None), default=LAST),
            in_force=timeline.state_at(now) is not None,
            next_change=timeline.next_change(now),
        )
        self._recurrences[position] = state
        return state


def _changes_of(timeline: Timeline) -> tuple[datetime, ...]:
    """Return the instants at which the state of a timeline without a schedule differs."""
    states = timeline.states
    return tuple(
        instant for n, instant in enumerate(timeline.instants) if states[n] != states[n + 1]
    )


def _in_force_steps(timelines: dict[int, Timeline], width: int) -> Steps:
    """Return which rules are in force over time."""
    toggles: dict[datetime, list[int]] = {}
    for number, timeline in timelines.items():
        states = timeline.states
        for at, instant in enumerate(timeline.instants):
            if (states[at] is None) != (states[at + 1] is None):
                toggles.setdefault(instant, []).append(number)
    first = mask_of((n for n, t in timelines.items() if t.states[0] is not None), width)
    return Steps(first, toggles)


def _changing_steps(changes: Mapping[int, Sequence[datetime]], width: int) -> Steps:
    """Return which rules will still change, over time."""
    toggles: dict[datetime, list[int]] = {}
    for number, instants in changes.items():
        if instants:
            toggles.setdefault(instants[-1], []).append(number)
    return Steps(mask_of((n for n, instants in changes.items() if instants), width), toggles)
