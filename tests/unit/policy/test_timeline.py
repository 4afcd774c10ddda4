"""When a rule is in force."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from comity.domain.effect import ALLOWED, DENIED
from comity.policy.schedule import Schedule, Window
from comity.policy.timeline import Timeline

JANUARY = datetime(2024, 1, 1, tzinfo=UTC)
FEBRUARY = datetime(2024, 2, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ALL_WEEK = frozenset(range(7))


def test_an_interval_holds_its_first_instant_and_not_its_last() -> None:
    """Intervals are half-open."""
    timeline = Timeline((JANUARY, FEBRUARY), (None, DENIED, None))
    assert timeline.state_at(JANUARY - SECOND) is None
    assert timeline.state_at(JANUARY) == DENIED
    assert timeline.state_at(FEBRUARY - SECOND) == DENIED
    assert timeline.state_at(FEBRUARY) is None


def test_the_next_change_is_the_next_edge_until_none_is_left() -> None:
    """After its last edge a rule never changes."""
    timeline = Timeline((JANUARY, FEBRUARY), (None, DENIED, None))
    assert timeline.next_change(JANUARY - SECOND) == JANUARY
    assert timeline.next_change(JANUARY) == FEBRUARY
    assert timeline.next_change(FEBRUARY) is None


def test_a_rule_without_edges_never_changes() -> None:
    """A permanent rule has no next change."""
    assert Timeline((), (ALLOWED,)).next_change(JANUARY) is None


def test_a_schedule_opens_and_closes_a_rule_in_force() -> None:
    """A rule with a schedule is in force only in its windows."""
    mornings = Schedule("UTC", ALL_WEEK, (Window(time(7), time(10)),))
    timeline = Timeline((JANUARY,), (None, DENIED), mornings)
    seven = JANUARY.replace(hour=7)
    assert timeline.state_at(JANUARY) is None
    assert timeline.next_change(JANUARY) == seven
    assert timeline.state_at(seven) == DENIED
    assert timeline.next_change(seven) == JANUARY.replace(hour=10)


def test_a_window_open_when_the_interval_begins_changes_at_the_interval() -> None:
    """The interval's edge counts where it lies inside a window."""
    mornings = Schedule("UTC", ALL_WEEK, (Window(time(7), time(10)),))
    start = JANUARY.replace(hour=8)
    timeline = Timeline((start,), (None, DENIED), mornings)
    assert timeline.next_change(JANUARY.replace(hour=7)) == start


def test_windows_that_touch_are_no_change() -> None:
    """An edge at which another window opens at once is passed over."""
    touching = Schedule("UTC", ALL_WEEK, (Window(time(7), time(8)), Window(time(8), time(9))))
    timeline = Timeline((JANUARY,), (None, DENIED), touching)
    assert timeline.next_change(JANUARY.replace(hour=7)) == JANUARY.replace(hour=9)


def test_a_schedule_after_the_end_of_the_rule_changes_nothing() -> None:
    """Windows of a rule that has ended are no changes."""
    mornings = Schedule("UTC", ALL_WEEK, (Window(time(7), time(10)),))
    timeline = Timeline((JANUARY,), (DENIED, None), mornings)
    assert timeline.next_change(FEBRUARY) is None
