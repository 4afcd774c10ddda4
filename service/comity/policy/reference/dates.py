"""Atoms on the dates of a person: birth and the creation of the account."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from comity.domain.facts import AtLeastYears, BornBetween, FactKey
from comity.policy.reference.findings import MET, NOT_MET, Finding, Sight, settled, unsettled
from comity.policy.rules import AgeBand, CreationBand
from comity.policy.schedule import instant_of

LEAP_MONTH, LEAP_DAY = 2, 29
MIDNIGHT = time(0)


def anniversary(born: date, years: int) -> date:
    """Return the day on which somebody born on `born` completes `years`; 29 February: 1 March."""
    year = born.year + years
    if (born.month, born.day) == (LEAP_MONTH, LEAP_DAY) and not _is_leap(year):
        return date(year, 3, 1)
    return born.replace(year=year)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def age_boundaries(band: AgeBand, age: BornBetween, now: datetime) -> tuple[datetime, ...]:
    """Return the local midnights after `now` at which the band's answer may change."""
    zone = ZoneInfo(band.zone)
    return tuple(
        midnight
        for born in {age.earliest, age.latest}
        for years in (band.from_years, band.below_years)
        if years is not None
        for midnight in (instant_of(anniversary(born, years), MIDNIGHT, zone, fold=0),)
        if midnight > now
    )


def age_atom(band: AgeBand, sight: Sight) -> Finding:
    """Return whether the age lies in the band on the local day of the band's zone."""
    age = sight.facts.age
    match age:
        case None:
            return unsettled(FactKey("age"))
        case AtLeastYears(years):
            below_fails = band.below_years is not None and years >= band.below_years
            from_holds = band.from_years is None or years >= band.from_years
            if below_fails:
                return NOT_MET
            known = from_holds and band.below_years is None
            return MET if known else unsettled(FactKey("age"))
        case BornBetween():
            if sight.relaxed and age_boundaries(band, age, sight.now):
                return unsettled(FactKey("age"))
            return _born_in_band(band, age, sight.now)


def _born_in_band(band: AgeBand, age: BornBetween, now: datetime) -> Finding:
    """Compare the oldest and the youngest that the person may be with the band."""
    today = now.astimezone(ZoneInfo(band.zone)).date()

    def reached(born: date, years: int | None, *, default: bool) -> bool:
        return default if years is None else anniversary(born, years) <= today

    oldest_below = not reached(age.earliest, band.below_years, default=False)
    youngest_below = not reached(age.latest, band.below_years, default=False)
    oldest_from = reached(age.earliest, band.from_years, default=True)
    youngest_from = reached(age.latest, band.from_years, default=True)
    if oldest_below and youngest_from:
        return MET
    return unsettled(FactKey("age")) if youngest_below and oldest_from else NOT_MET


def created_atom(band: CreationBand, created: datetime | None) -> Finding:
    """Return whether the account was created in the band."""
    if created is None:
        return unsettled(FactKey("account_created"))
    return settled(
        met=(band.start is None or band.start <= created)
        and (band.end is None or created < band.end)
    )
