"""When rules are in force, when they recur, and by when something is due."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from comity.policy.documents.base import (
    DayRangeValue,
    Document,
    DurationValue,
    HoursValue,
    Line,
    MomentValue,
    Name,
    OneOrMany,
    Weekdays,
    Zone,
    choice,
)
from comity.policy.scalars import Refused

Start = Annotated[Literal["unknown"], Tag("<unknown>")] | Annotated[MomentValue, Tag("<moment>")]


def _choose_start(value: Any) -> str:
    """Return the form of the start of an interval."""
    return "<unknown>" if value == "unknown" else "<moment>"


class Interval(Document):
    """A half-open stretch of time; what is missing is open.

    Attributes:
        start: key `from`: first moment in; `unknown` counts from `recorded_at`.
        until: first moment out.
        through: last day in; not beside `until`.
    """

    start: Annotated[Start, choice("unknown", _choose_start)] | None = Field(
        default=None, alias="from"
    )
    until: MomentValue | None = None
    through: MomentValue | None = None

    def faults(self) -> Iterable[Refused]:
        """Return that both ends are given, if they are."""
        if self.until is not None and self.through is not None:
            message = "'until' (first moment out) and 'through' (last day in) exclude each other."
            yield Refused("CP208", message, key="through")


class Suspension(Interval):
    """A stretch of time in which a rule has no effect and is shown all the same.

    Attributes:
        by: who suspended it.
        kind: stayed (by a court) or deferred (by its maker).
        note: remark.
    """

    by: Line
    kind: Literal["stayed", "deferred"] = "stayed"
    note: Line | None = None


class Recurrence(Document):
    """Recurring windows of local time, key `schedule`.

    Attributes:
        days: weekdays on which windows start, Monday is 0; empty means all.
        windows: windows of each such day; empty means the whole day.
        dates: days outside which no window starts; empty means any day.
        except_dates: days on which no window starts.
    """

    days: OneOrMany[Weekdays] = ()
    windows: OneOrMany[HoursValue] = ()
    dates: OneOrMany[DayRangeValue] = ()
    except_dates: OneOrMany[DayRangeValue] = ()


class Clock(Document):
    """How a term is counted.

    Attributes:
        zone: time zone; the file's if not given.
        first_day: whether the day after the start is the first counted, or the start's own.
        ends: end of the last day, or the time of day of the start.
        roll: whether a last day that is no working day moves to the next.
        holidays: calendar of `desks.yaml`.
        on_question: what a question back to the issuer does to the clock.
        issuer_answers_within: how long the issuer has to answer.
        order_deadline: whether the earlier of both terms counts, or the order's own.
    """

    zone: Zone | None = None
    first_day: Literal["next", "same"] = "next"
    ends: Literal["24:00", "same_time"] = "24:00"
    roll: Literal["none", "next_working_day"] = "none"
    holidays: str | None = None
    on_question: Literal["runs", "pause", "restart"] = "runs"
    issuer_answers_within: DurationValue | None = None
    order_deadline: Literal["earlier", "wins"] = "earlier"


class Term(Document):
    """A term within which something is due.

    Attributes:
        within: its length.
        starts: what starts it.
        clock: name of a clock of the file; None counts plainly in the file's zone.
    """

    within: DurationValue
    starts: Literal[
        "receipt", "order_date", "clarification", "effect", "confirmation", "report_sent",
        "disclosure",
    ] = "receipt"  # fmt: skip
    clock: Name | None = None


def _choose_due(value: Any) -> str | None:
    """Return the form of a due time."""
    if isinstance(value, str):
        return "<word>" if value in ("in_order", "at_once", "none") else None
    return "<term>" if isinstance(value, dict) else None


Due = Annotated[
    Annotated[Literal["in_order", "at_once", "none"], Tag("<word>")]
    | Annotated[Term, Tag("<term>")],
    choice("in_order at_once none within", _choose_due),
]
