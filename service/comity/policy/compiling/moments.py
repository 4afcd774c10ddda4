"""Days, months and instants of a file, resolved to UTC in the file's zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from comity.policy.atlas import Span
from comity.policy.compiling.reporting import FileReport
from comity.policy.documents.times import Interval
from comity.policy.scalars import Day, Instant, Moment, Month
from comity.policy.schedule import instant_of
from comity.policy.yaml_nodes import Loc

ONE_DAY = timedelta(days=1)
NOON = time(12)


@dataclass(frozen=True, slots=True)
class FileClock:
    """Resolves the moments of one file.

    Attributes:
        zone: IANA zone of the file; None if the file has none, and only instants can stand in it.
        report: where problems go.
    """

    zone: str | None
    report: FileReport

    def start_of(self, moment: Moment, loc: Loc) -> datetime | None:
        """Return the first moment in; a month counts from its last day."""
        if isinstance(moment, Month):
            return self._midnight(moment.last, loc)
        return self._first_of(moment, loc)

    def end_of(self, moment: Moment, loc: Loc) -> datetime | None:
        """Return the first moment out; a month counts to its first day."""
        if isinstance(moment, Month):
            return self._midnight(moment.first, loc)
        return self._first_of(moment, loc)

    def _first_of(self, moment: Day | Instant, loc: Loc) -> datetime | None:
        """Return an instant, or the first one of a day."""
        match moment:
            case Instant():
                return moment.at.astimezone(UTC)
            case Day():
                return self._midnight(moment.date, loc)
            case _:
                assert_never(moment)

    def end_through(self, moment: Moment, loc: Loc) -> datetime | None:
        """Return the first moment after the last day in; of a month, after its first day."""
        match moment:
            case Instant():
                self.report.say("CP301", loc, "'through' names the last day in; write a day.")
                return None
            case Day():
                return self._midnight(moment.date + ONE_DAY, loc)
            case Month():
                return self._midnight(moment.first + ONE_DAY, loc)
            case _:
                assert_never(moment)

    def span_of(self, interval: Interval, loc: Loc, unknown_start: Moment | None) -> Span | None:
        """Return the interval as a span; None if it can't be, which is reported.

        `unknown_start` stands for `from: unknown`.
        """
        said = len(self.report.problems)
        start = self._start(interval, loc, unknown_start)
        end = None
        if interval.until is not None:
            end = self.end_of(interval.until, (*loc, "until"))
        elif interval.through is not None:
            end = self.end_through(interval.through, (*loc, "through"))
        if any(problem.code != "CP320" for problem in self.report.problems[said:]):
            return None
        key = "until" if interval.until is not None else "through"
        return self._ordered(start, end, (*loc, key))

    def span_between(self, start: Moment | None, until: Moment | None, loc: Loc) -> Span | None:
        """Return the span from `start` to `until`; None if it can't be, which is reported."""
        said = len(self.report.problems)
        first = None if start is None else self.start_of(start, (*loc, "from"))
        end = None if until is None else self.end_of(until, (*loc, "until"))
        if any(problem.code != "CP320" for problem in self.report.problems[said:]):
            return None
        return self._ordered(first, end, (*loc, "until"))

    def _ordered(self, start: datetime | None, end: datetime | None, loc: Loc) -> Span | None:
        """Return the span if it holds any time."""
        if start is not None and end is not None and end <= start:
            message = "The interval ends before it begins."
            if end == start:
                message = "The interval ends as it begins and holds no time."
            self.report.say("CP309", loc, message)
            return None
        return Span(start, end)

    def spans_of(
        self, intervals: Iterable[Interval], loc: Loc, unknown_start: Moment | None = None
    ) -> tuple[Span, ...]:
        """Return the intervals as spans, those that can't be left out."""
        spans = (
            self.span_of(interval, (*loc, index), unknown_start)
            for index, interval in enumerate(intervals)
        )
        return tuple(span for span in spans if span is not None)

    def _start(self, interval: Interval, loc: Loc, unknown_start: Moment | None) -> datetime | None:
        """Return the first moment of an interval; None if it is open."""
        given: Moment | None
        if interval.start == "unknown":
            given = unknown_start
            if given is None:
                message = "'from: unknown' stands only in a rule, whose `recorded_at` it means."
                self.report.say("CP207", (*loc, "from"), message)
        else:
            given = interval.start
        return None if given is None else self.start_of(given, (*loc, "from"))

    def _midnight(self, day: date, loc: Loc) -> datetime | None:
        """Return the first instant of `day` in the file's zone."""
        if self.zone is None:
            message = f"The file has no time zone, so {day} has no beginning"
            self.report.say("CP311", loc, f"{message}; write an instant with its offset.")
            return None
        zone = ZoneInfo(self.zone)
        noon = datetime.combine(day, NOON, zone)
        if noon.astimezone(UTC).astimezone(zone).date() != day:
            self.report.say("CP306", loc, f"There was no {day} in {self.zone}.")
            return None
        first = instant_of(day, time(0), zone, fold=0)
        begins = first.astimezone(zone)
        if begins.time() != time(0):
            message = f"Midnight of {day} does not exist in {self.zone}; the day begins at"
            self.report.say("CP320", loc, f"{message} {begins:%H:%M}.")
        return first
