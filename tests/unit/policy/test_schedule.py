"""Recurring windows of local time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from comity.policy.schedule import Schedule, Window, instant_of

WEEKDAYS = frozenset(range(5))
ALL_WEEK = frozenset(range(7))
NAIROBI = "Africa/Nairobi"
EXAMS = Schedule(
    NAIROBI,
    WEEKDAYS,
    (Window(time(7), time(10)), Window(time(13), time(16))),
    dates=((date(2024, 11, 1), date(2024, 11, 22)), (date(2025, 11, 3), date(2025, 11, 21))),
)


def local(text: str, zone: str = NAIROBI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    "at",
    [
        "2024-11-01T07:00:00",
        "2024-11-01T09:59:59",
        "2024-11-01T13:00:00",
        "2024-11-22T15:59:59",
        "2025-11-03T07:00:00",
    ],
)
def test_exam_hours_are_open(at: str) -> None:
    """Windows open on the named weekdays within the named dates, both ends included."""
    assert EXAMS.is_open(local(at))


@pytest.mark.parametrize(
    "at",
    [
        "2024-11-01T06:59:59",
        "2024-11-01T10:00:00",
        "2024-11-02T08:00:00",
        "2024-11-25T08:00:00",
        "2025-11-22T08:00:00",
    ],
)
def test_other_hours_are_not(at: str) -> None:
    """Outside the windows, on a Saturday and between the seasons nothing is open."""
    assert not EXAMS.is_open(local(at))


def test_the_next_flip_crosses_a_year_without_windows() -> None:
    """After the last window of one season comes the first of the next."""
    assert EXAMS.next_flip(local("2024-11-22T16:00:00")) == local("2025-11-03T07:00:00")


def test_no_flip_is_left_after_the_last_season() -> None:
    """A schedule limited to dates ends with them."""
    assert EXAMS.next_flip(local("2025-11-21T16:00:00")) is None


def test_a_window_past_midnight_belongs_to_the_day_it_starts_on() -> None:
    """Friday's night window reaches into Saturday, Saturday's own does not start."""
    nights = Schedule("UTC", frozenset({4}), (Window(time(22), time(6)),))
    friday = datetime(2024, 11, 1, 22, tzinfo=UTC)
    assert nights.is_open(friday)
    assert nights.is_open(friday + timedelta(hours=7, minutes=59))
    assert not nights.is_open(friday + timedelta(hours=8))
    assert not nights.is_open(friday + timedelta(days=1))


def test_a_window_from_midnight_to_midnight_is_the_whole_day() -> None:
    """The end 24:00 is the next midnight."""
    mondays = Schedule("UTC", frozenset({0}), (Window(time(0), time(0)),))
    monday = datetime(2024, 11, 4, tzinfo=UTC)
    assert mondays.is_open(monday)
    assert mondays.is_open(monday + timedelta(hours=23, minutes=59))
    assert not mondays.is_open(monday + timedelta(days=1))


def test_excepted_dates_have_no_windows() -> None:
    """A holiday range silences the windows that would start in it."""
    mornings = Schedule(
        "UTC",
        ALL_WEEK,
        (Window(time(7), time(10)),),
        except_dates=((date(2024, 12, 23), date(2025, 1, 3)),),
    )
    assert not mornings.is_open(datetime(2024, 12, 23, 8, tzinfo=UTC))
    assert mornings.next_flip(datetime(2024, 12, 22, 10, tzinfo=UTC)) == datetime(
        2025, 1, 4, 7, tzinfo=UTC
    )


def test_a_window_that_starts_in_a_gap_starts_after_it() -> None:
    """Clocks in Kyiv went from 03:00 to 04:00 on 31 March 2024."""
    schedule = Schedule("Europe/Kyiv", ALL_WEEK, (Window(time(3, 30), time(5)),))
    after_gap = datetime(2024, 3, 31, 1, tzinfo=UTC)
    assert not schedule.is_open(after_gap - timedelta(seconds=1))
    assert schedule.is_open(after_gap)


def test_a_window_in_a_fold_covers_both_passes() -> None:
    """Clocks in Kyiv went from 04:00 back to 03:00 on 27 October 2024."""
    schedule = Schedule("Europe/Kyiv", ALL_WEEK, (Window(time(3), time(3, 30)),))
    first, second = datetime(2024, 10, 27, 0, tzinfo=UTC), datetime(2024, 10, 27, 1, 29, tzinfo=UTC)
    assert schedule.is_open(first)
    assert schedule.is_open(second)
    assert not schedule.is_open(second + timedelta(minutes=1))


def test_midnight_of_a_day_that_a_zone_left_out_is_the_next_instant() -> None:
    """Samoa had no 30 December 2011."""
    zone = ZoneInfo("Pacific/Apia")
    expected = datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert instant_of(date(2011, 12, 30), time(0), zone, fold=0) == expected
