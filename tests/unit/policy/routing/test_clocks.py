"""When terms end: over weekends, holidays, changes of the clocks, ends of months."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from comity.policy.routing.clocks import end_of_term, shifted
from comity.policy.routing.provisions import CountingClock
from comity.policy.scalars import parse_duration

HOLIDAYS = frozenset({date(2026, 12, 25), date(2027, 1, 1)})
EU_DAYS = CountingClock("Europe/Brussels", rolls=True, holidays=HOLIDAYS)
PLAIN = CountingClock("UTC")


def end(start: str, length: str, clock: CountingClock) -> str:
    """Return the end of a term, in the zone of the clock's days where it is given there."""
    began = datetime.fromisoformat(start)
    return end_of_term(began, parse_duration(length), clock).astimezone(began.tzinfo).isoformat()


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        # Day 10 is Sunday 20 September.
        ("2026-09-10T09:00:00+02:00", "2026-09-22T00:00:00+02:00"),
        # Day 10 is Christmas, a Friday.
        ("2026-12-15T09:00:00+01:00", "2026-12-29T00:00:00+01:00"),
        # Day 10 is New Year's Day, a Friday.
        ("2026-12-22T23:59:59+01:00", "2027-01-05T00:00:00+01:00"),
        # Day 10 is an ordinary Thursday; the first second of the day of receipt counts no more.
        ("2026-11-02T00:00:00+01:00", "2026-11-13T00:00:00+01:00"),
        # The clocks change on 25 October, within the term.
        ("2026-10-20T09:00:00+02:00", "2026-10-30T23:00:00+00:00"),
    ],
)
def test_ten_days_of_the_union_roll_to_the_next_working_day(start: str, expected: str) -> None:
    found = end_of_term(datetime.fromisoformat(start), parse_duration("10 days"), EU_DAYS)
    assert found == datetime.fromisoformat(expected)


def test_hours_are_elapsed_time_and_never_roll() -> None:
    """Eight hours from Saturday night end on Sunday, over the change of the clocks."""
    found = end_of_term(
        datetime.fromisoformat("2026-10-24T22:40:00+02:00"), parse_duration("8 hours"), EU_DAYS
    )
    assert found == datetime.fromisoformat("2026-10-25T05:40:00+01:00")


def test_hours_count_from_the_minute_of_the_start() -> None:
    """Seconds already gone shorten the term rather than lengthen it."""
    assert end("2026-10-24T22:40:59+00:00", "8 hours", PLAIN) == "2026-10-25T06:40:00+00:00"


def test_an_indian_deadline_of_72_hours() -> None:
    """From 10 February 11:15 in India to 13 February 05:45 in UTC."""
    start = datetime.fromisoformat("2026-02-10T11:15:00+05:30")
    found = end_of_term(start, parse_duration("72 hours"), CountingClock("Asia/Kolkata"))
    assert found == datetime(2026, 2, 13, 5, 45, tzinfo=UTC)


def test_thirty_days_end_at_midnight_after_the_thirtieth() -> None:
    """The day of receipt is not counted."""
    assert end("2026-06-01T00:00:00+00:00", "30 days", PLAIN) == "2026-07-02T00:00:00+00:00"
    assert end("2026-06-01T23:59:59+00:00", "30 days", PLAIN) == "2026-07-02T00:00:00+00:00"


def test_a_british_term_begins_with_the_day_of_receipt() -> None:
    """Seven days beginning with 1 June end with 7 June."""
    clock = CountingClock("Europe/London", counts_first_day=True)
    assert end("2026-06-01T09:00:00+01:00", "7 days", clock) == "2026-06-08T00:00:00+01:00"


def test_a_term_may_end_at_the_time_of_day_of_its_start() -> None:
    """The wall clock counts, so a change of the clocks makes the term an hour longer."""
    clock = CountingClock("Europe/Paris", ends_at_start_time=True)
    assert end("2026-10-24T09:30:00+02:00", "2 days", clock) == "2026-10-26T10:30:00+02:00"


@pytest.mark.parametrize(
    ("day", "length", "expected"),
    [
        ("2024-01-31", "1 month", "2024-02-29"),
        ("2023-12-31", "2 months", "2024-02-29"),
        ("2024-02-29", "1 year", "2025-02-28"),
        ("2024-09-25", "2 months", "2024-11-25"),
        ("2024-12-01", "2 weeks", "2024-12-15"),
    ],
)
def test_months_keep_the_day_or_take_the_last_one(day: str, length: str, expected: str) -> None:
    assert shifted(date.fromisoformat(day), parse_duration(length)).isoformat() == expected


def test_a_term_may_count_backwards() -> None:
    assert shifted(date(2026, 3, 31), parse_duration("1 month"), -1) == date(2026, 2, 28)


def test_a_day_without_midnight_ends_at_its_first_instant() -> None:
    """In Beirut the clocks go forward at midnight of 29 March 2026."""
    clock = CountingClock("Asia/Beirut")
    start = datetime.fromisoformat("2026-03-27T12:00:00+02:00")
    found = end_of_term(start, parse_duration("1 day"), clock)
    assert found == datetime(2026, 3, 28, 22, tzinfo=UTC)


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
@pytest.mark.parametrize("length", ["1 minute", "10 days", "999999 weeks", "999999 years"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "UTC"])
def test_terms_end_with_the_calendar(start: str, length: str, zone: str) -> None:
    """No instant and no length makes the count fail."""
    found = end_of_term(
        datetime.fromisoformat(start), parse_duration(length), CountingClock(zone, rolls=True)
    )
    assert found.tzinfo is not None


def test_the_time_of_day_never_makes_a_term_of_days_longer() -> None:
    """All starts of one day end at one instant."""
    starts = [datetime(2026, 9, 10, hour, tzinfo=UTC) for hour in range(22)]
    assert len({end_of_term(s, parse_duration("10 days"), EU_DAYS) for s in starts}) == 1
