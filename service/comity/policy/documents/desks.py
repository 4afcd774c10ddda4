"""File `desks.yaml`: who answers, when, in which languages; queues; holidays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from pydantic import AfterValidator

from comity.policy.documents.base import (
    Code,
    Count,
    DayValue,
    Document,
    Line,
    Many,
    Name,
    OneOrMany,
    Zone,
)
from comity.policy.scalars import Refused, parse_hours, parse_weekdays

ALWAYS: Final = "always"
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


def _check_hours(value: str) -> str:
    """Return `value` if it is `always` or weekdays and hours."""
    if value != ALWAYS:
        days, _, hours = value.partition(" ")
        parse_weekdays(days)
        parse_hours(hours)
    return value


def _check_language(value: str) -> str:
    """Return `value` if it is a language."""
    if not _LANGUAGE.fullmatch(value):
        message = f"'{value}' is no language; write a code such as en or uk."
        raise Refused("CP204", message)
    return value


class DeskValue(Document):
    """A desk.

    Attributes:
        languages: languages that it answers in.
        zone: time zone of its hours.
        hours: such as `mon-fri 09:00-17:00`, or `always`.
        out_of_hours: desk that answers outside its hours.
        state: the state in which it is; None if that does not matter.
    """

    languages: OneOrMany[Annotated[str, AfterValidator(_check_language)]]
    zone: Zone
    hours: Annotated[Line, AfterValidator(_check_hours)]
    out_of_hours: Name | None = None
    state: Code | None = None


class QueueValue(Document):
    """A queue of a human desk.

    Attributes:
        rank: which queue goes first; 1 is the most urgent.
        desk: desk that works it.
    """

    rank: Count
    desk: Name


class DesksFile(Document):
    """Desks, queues and holidays.

    Attributes:
        desks: name -> desk.
        queues: name -> queue.
        holidays: calendar -> days on which nobody works.
    """

    desks: Mapping[Name, DeskValue]
    queues: Mapping[Name, QueueValue] = {}
    holidays: Mapping[Code, Many[DayValue]] = {}

    def faults(self) -> Iterable[Refused]:
        """Return that two queues have one rank, so that neither goes first."""
        first: dict[int, str] = {}
        for name, queue in self.queues.items():
            other = first.setdefault(queue.rank, name)
            if other != name:
                message = f"The queues {other} and {name} both have the rank {queue.rank}."
                yield Refused("CP204", message, key="queues")
