"""Ages and dates of creation, as coarse as the rules look at them: enough to ask them again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from comity.domain.facts import Age, AtLeastYears, BornBetween
from comity.domain.question import Question
from comity.policy.engine.ages import latest_birth
from comity.policy.engine.cache import Cache
from comity.policy.presumptions import known_age, known_creation
from comity.policy.rules import AgeBand, Clause, CreationBand, Ruleset

# The earliest and the latest local day anywhere.
_WEST: Final = timedelta(hours=-12)
_EAST: Final = timedelta(hours=14)
# Far from every birthday, so that zones don't matter.
_HALF_A_YEAR: Final = timedelta(days=183)
_ONE_SECOND: Final = timedelta(seconds=1)
_RULESETS_KEPT: Final = 4


@dataclass(frozen=True, slots=True)
class CoarseDates:
    """What the rules can tell of an age and of an account's creation at one instant.

    Attributes:
        oldest: the greatest age that a rule names and that the oldest whom the person may be has
            completed, 0 if none; None if no birth date is known.
        youngest: the same of the youngest.
        attested: completed years of an attestation; None without one.
        created: last instant that a rule names and at which the account existed or was created;
            None if none is, or the creation is not known.
        created_known: whether the creation is known.
        exact: whether rules can't tell them from what they were made of. They can on a birthday
            that has begun in one zone of the rules and not in another: to say so would tell the
            date of birth.
    """

    oldest: int | None = None
    youngest: int | None = None
    attested: int | None = None
    created: datetime | None = None
    created_known: bool = False
    exact: bool = True

    def apply(self, now: datetime, steps: DateSteps) -> tuple[Age | None, datetime | None]:
        """Return an age and a creation that the rules of `steps` can't tell from those recorded."""
        age: Age | None = None
        if self.attested is not None:
            age = AtLeastYears(self.attested)
        elif self.oldest is not None and self.youngest is not None:
            age = BornBetween(_born(self.oldest, now), _born(self.youngest, now))
        if not self.created_known:
            return age, None
        return age, self.created or steps.before_all(now)


NO_DATES: Final = CoarseDates()


class DateSteps:
    """The ages and instants of creation that rules name."""

    def __init__(self, ruleset: Ruleset) -> None:
        """Collect them from every clause."""
        zones: dict[int, set[str]] = {}
        instants: set[datetime] = set()
        for band in _bands(ruleset):
            if isinstance(band, CreationBand):
                instants |= {edge for edge in (band.start, band.end) if edge is not None}
                continue
            for years in (band.from_years, band.below_years):
                if years is not None:
                    zones.setdefault(years, set()).add(band.zone)
        self._zones = {years: tuple(map(ZoneInfo, sorted(names))) for years, names in zones.items()}
        self._years = sorted({0, *zones})
        self._instants = sorted(instants)

    def coarse(self, question: Question, now: datetime) -> CoarseDates:
        """Return what the rules can tell of the dates of `question` at `now`."""
        return self.of(known_age(question), known_creation(question), now)

    def of(self, age: Age | None, created: datetime | None, now: datetime) -> CoarseDates:
        """Return what the rules can tell of an age and an account's creation at `now`."""
        if age is None and created is None:
            return NO_DATES
        before = bisect_right(self._instants, created) if created is not None else 0
        step = self._instants[before - 1] if before else None
        known = created is not None
        match age:
            case None:
                return CoarseDates(created=step, created_known=known)
            case AtLeastYears(years):
                return CoarseDates(attested=years, created=step, created_known=known)
            case BornBetween(earliest, latest):
                oldest, youngest = self._step(earliest, now), self._step(latest, now)
                if oldest is None or youngest is None:
                    return CoarseDates(created=step, created_known=known, exact=False)
                return CoarseDates(oldest, youngest, created=step, created_known=known)

    def before_all(self, now: datetime) -> datetime:
        """Return an instant before all that rules name."""
        return (self._instants[0] if self._instants else now) - _ONE_SECOND

    def _step(self, born: date, now: datetime) -> int | None:
        """Return the greatest age named that is completed at `now`; None if zones disagree."""
        least = self._floor(_completed(born, (now + _WEST).date()))
        most = self._floor(_completed(born, (now + _EAST).date()))
        if least == most:
            return least
        reached = {
            born <= latest_birth(now.astimezone(zone).date(), most) for zone in self._zones[most]
        }
        if len(reached) > 1:
            return None
        return most if True in reached else least

    def _floor(self, years: int) -> int:
        """Return the greatest age named up to `years`, 0 if there is none."""
        return self._years[max(0, bisect_right(self._years, years) - 1)]


class DateCoarsener:
    """Coarsens dates by the rules that answer; shared by threads."""

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._known: Cache[Hashable, tuple[Ruleset, DateSteps]] = Cache(_RULESETS_KEPT)

    def coarse(self, question: Question, ruleset: Ruleset, now: datetime) -> CoarseDates:
        """Return what `ruleset` can tell of the dates of `question` at `now`."""
        if question.age is None and question.account_created is None:
            return NO_DATES
        return self.steps(ruleset).coarse(question, now)

    def steps(self, ruleset: Ruleset) -> DateSteps:
        """Return the dates that `ruleset` names."""
        known = self._known.get(id(ruleset))
        if known is None:
            # The rules are held, so that no others get their identity.
            known = self._known.put(id(ruleset), (ruleset, DateSteps(ruleset)))
        return known[1]


def _bands(ruleset: Ruleset) -> Iterator[AgeBand | CreationBand]:
    """Yield every band that a clause names."""
    for rule in ruleset.rules:
        clauses: tuple[Clause, ...] = (
            *rule.body,
            *rule.exceptions,
            *rule.person_exceptions,
            *rule.person_conditions,
        )
        for clause in clauses:
            yield from (band for band in (clause.age, clause.created) if band is not None)


def _completed(born: date, today: date) -> int:
    """Return the years of age completed on `today`; -1 for who is not born yet."""
    years = today.year - born.year
    return years if years >= 0 and born <= latest_birth(today, years) else years - 1


def _born(years: int, now: datetime) -> date:
    """Return a day of birth of somebody who has completed `years` at `now`, and has for long."""
    return latest_birth(now.date(), years) - _HALF_A_YEAR
