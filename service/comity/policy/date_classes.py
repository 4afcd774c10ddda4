"""Ages and dates of creation, sorted into classes that no rule and no record tells apart."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from comity.domain.facts import Age
from comity.policy.coarse_dates import CoarseDates, DateSteps
from comity.policy.engine.ages import AgeCell


class DateTelling(Protocol):
    """Knows what rules can tell of dates."""

    def moment(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the stretch of time around `now` in which equal ages keep equal cells."""
        ...

    def age_cell(self, age: Age | None, now: datetime) -> AgeCell:
        """Return what the rules can tell of `age` at `now`."""
        ...

    def creation_cell(self, created: datetime | None) -> int | None:
        """Return what the rules can tell of an account's creation."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AgeClass:
    """Ages of one class; there is one such object for each class.

    Attributes:
        cell: what the rules can tell of them.
        dates: what a record keeps of them.
    """

    cell: AgeCell
    dates: CoarseDates


class DateClasses:
    """The classes of one set of rules; shared by threads."""

    def __init__(self, telling: DateTelling, steps: DateSteps) -> None:
        """Begin with no class; `telling` and `steps` are of the same rules."""
        self._telling = telling
        self._steps = steps
        # As many as there are steps of ages, not as there are ages.
        self._classes: dict[tuple[AgeCell, CoarseDates], AgeClass] = {}

    def moment(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the stretch of time around `now` in which ages keep their classes."""
        return self._telling.moment(now)

    def of_age(self, age: Age | None, now: datetime) -> AgeClass:
        """Return the class of `age` at `now`."""
        cell = self._telling.age_cell(age, now)
        dates = self._steps.of(age, None, now)
        return self._classes.setdefault((cell, dates), AgeClass(cell, dates))

    def of_creation(self, created: datetime | None, now: datetime) -> Hashable:
        """Return what names the class of an account's creation."""
        if created is None:
            return None
        return self._telling.creation_cell(created), self._steps.of(None, created, now).created
