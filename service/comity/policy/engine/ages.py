"""Ages: which completed years a birth date has reached, and the columns of that."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from comity.domain.facts import Age, AtLeastYears, BornBetween
from comity.policy.engine.cache import Cache
from comity.policy.engine.columns import Match, Seen, seen_as, unknown_columns
from comity.policy.engine.planes import Dimension
from comity.policy.engine.table import RuleTable
from comity.policy.rules import AgeBand
from comity.policy.schedule import instant_of

MIDNIGHT = time(0)
Birthday = tuple[str, int]  # zone and completed years

# What the rules can tell of an age: for a birth date, the sets of birthdays reached by the oldest
# and the youngest that the person may be; for an attestation, the years; None if unknown.
AgeCell = tuple[int, int] | int | None


@dataclass(frozen=True, slots=True)
class BirthTable:
    """Which birthdays are reached at one instant, by birth date.

    Attributes:
        days: latest birth dates that have reached some birthday, ascending.
        reached: for each position in `days`, the birthdays reached by births from the day before
            it (exclusive) to it; one more for later births: none.
    """

    days: tuple[date, ...]
    reached: tuple[int, ...]

    def reached_by(self, born: date) -> int:
        """Return the birthdays that somebody born on `born` has reached."""
        return self.reached[bisect_left(self.days, born)]


def latest_birth(today: date, years: int) -> date:
    """Return the latest day of birth of those who have completed `years` on `today`."""
    year = today.year - years
    if year < 1:
        return date.min
    try:
        return today.replace(year=year)
    except ValueError:  # 29 February: those born on 1 March come of age tomorrow
        return date(year, 2, 28)


def birthday_of(born: date, years: int) -> date:
    """Return the day on which somebody born on `born` completes `years`."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:  # born on 29 February
        return date(born.year + years, 3, 1)


@lru_cache(maxsize=4096)
def midnight_of(day: date, zone: str) -> datetime:
    """Return the first instant of a local day."""
    return instant_of(day, MIDNIGHT, ZoneInfo(zone), fold=0)


class Ages:
    """The age bands that rules name."""

    __slots__ = ("_birthdays", "_cache", "_naming", "_planes", "_unknown", "bands", "zones")

    def __init__(self, table: RuleTable, limit: int) -> None:
        """Number the birthdays that decide the bands of `table`."""
        self.bands = [band for band in table.naming[Dimension.AGE] if isinstance(band, AgeBand)]
        edges = {
            (band.zone, years)
            for band in self.bands
            for years in (band.from_years, band.below_years)
            if years is not None
        }
        self._birthdays: tuple[Birthday, ...] = tuple(sorted(edges))
        # Kept, since `ZoneInfo` itself keeps but eight zones and reads others from disk anew.
        self.zones = {zone: ZoneInfo(zone) for zone in sorted({zone for zone, _ in edges})}
        self._planes = table.planes.listed
        self._naming: Mapping[Birthday, int] = _rules_by_birthday(table, self.bands)
        self._cache: Cache[tuple[int, int] | int, Seen] = Cache(limit)
        unknown = unknown_columns(self._planes, Dimension.AGE)
        self._unknown = Seen(unknown, unknown)

    def today(self, now: datetime) -> dict[str, date]:
        """Return the local day of every zone that a band names."""
        return {name: now.astimezone(zone).date() for name, zone in self.zones.items()}

    def births_on(self, today: Mapping[str, date]) -> BirthTable:
        """Return which birthdays are reached when it is `today`, the local day of every zone."""
        by_day: dict[date, int] = {}
        for number, (zone, years) in enumerate(self._birthdays):
            day = latest_birth(today[zone], years)
            by_day[day] = by_day.get(day, 0) | 1 << number
        days = sorted(by_day)
        reached = [0]
        for day in reversed(days):
            reached.append(reached[-1] | by_day[day])
        return BirthTable(tuple(days), tuple(reversed(reached)))

    def next_midnight(self, today: Mapping[str, date]) -> datetime | None:
        """Return the first local midnight that ends one of the local days of `today`."""
        midnights = (midnight_of(day + timedelta(days=1), zone) for zone, day in today.items())
        return min(midnights, default=None)

    def cell(self, age: Age | None, births: BirthTable) -> AgeCell:
        """Return what the rules can tell of `age`: equal cells answer every band alike."""
        match age:
            case None:
                return None
            case AtLeastYears(years):
                return years
            case BornBetween(earliest, latest):
                return births.reached_by(earliest), births.reached_by(latest)

    def of(self, cell: AgeCell) -> Seen:
        """Return the columns of an age cell."""
        if cell is None:
            return self._unknown
        known = self._cache.get(cell)
        if known is not None:
            return known
        seen = seen_as(self._planes, Dimension.AGE, self._match(cell))
        return self._cache.put(cell, seen)

    def _match(self, cell: tuple[int, int] | int) -> Match:
        """Return which bands a cell meets."""
        met, doubtful, pending = set(), set(), set()
        for band in self.bands:
            inside, outside = (
                _attested(band, cell) if isinstance(cell, int) else self._born(band, *cell)
            )
            if inside:
                met.add(band)
            elif not outside:
                doubtful.add(band)
            if not isinstance(cell, int) and self._edges(band) & ~cell[1]:
                pending.add(band)
        return Match(frozenset(met), frozenset(doubtful), frozenset(pending))

    def _born(self, band: AgeBand, oldest: int, youngest: int) -> tuple[bool, bool]:
        """Return whether everybody, and whether nobody, in the range of births is in the band."""
        least = self._edge(band.zone, band.from_years)
        limit = self._edge(band.zone, band.below_years)
        inside = least & ~youngest == 0 and limit & oldest == 0
        outside = least & ~oldest != 0 or limit & youngest != 0
        return inside, outside

    def _edge(self, zone: str, years: int | None) -> int:
        return 0 if years is None else 1 << self._birthdays.index((zone, years))

    def _edges(self, band: AgeBand) -> int:
        return self._edge(band.zone, band.from_years) | self._edge(band.zone, band.below_years)

    def named_by(self, rules: int) -> tuple[Birthday, ...]:
        """Return the birthdays that decide a band of any of `rules`."""
        return tuple(birthday for birthday, mask in self._naming.items() if mask & rules)


def _rules_by_birthday(table: RuleTable, bands: list[AgeBand]) -> dict[Birthday, int]:
    """Return the rules that each birthday matters to."""
    found: dict[Birthday, int] = {}
    for band in bands:
        for years in (band.from_years, band.below_years):
            if years is not None:
                key = (band.zone, years)
                found[key] = found.get(key, 0) | table.naming[Dimension.AGE][band]
    return found


def _attested(band: AgeBand, years: int) -> tuple[bool, bool]:
    """Return whether all, and whether no ages from `years` up lie in the band."""
    inside = band.below_years is None and (band.from_years is None or band.from_years <= years)
    outside = band.below_years is not None and years >= band.below_years
    return inside, outside


def next_birthday(
    age: BornBetween, birthdays: tuple[Birthday, ...], now: datetime
) -> datetime | None:
    """Return the first of `birthdays` that the oldest or youngest reaches after `now`."""
    return min(_midnights_after(age, birthdays, now), default=None)


def _midnights_after(
    age: BornBetween, birthdays: tuple[Birthday, ...], now: datetime
) -> Iterator[datetime]:
    yesterday = now.astimezone(UTC).date() - timedelta(days=1)
    for zone, years in birthdays:
        for born in {age.earliest, age.latest}:
            day = birthday_of(born, years)
            if day >= yesterday:
                midnight = midnight_of(day, zone)
                if midnight > now:
                    yield midnight
