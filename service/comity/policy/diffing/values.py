"""Values: for each dimension, enough values to stand for all that clauses tell apart."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any, Final

from comity.domain.facts import Age, AtLeastYears, BornBetween, Label, Members, UnknownReason
from comity.domain.question import Question
from comity.policy.diffing.sights import Sights
from comity.policy.lexicon import Lexicon
from comity.policy.rules import AgeBand, CreationBand

SETS: Final = ("item", "purpose", "label")
DAYS_A_YEAR: Final = 365.25
TICK: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Withheld:
    """A single value that is withheld, so that nothing is presumed in its place."""


@dataclass(frozen=True, slots=True, order=True)
class Years:
    """What is known of an age.

    Attributes:
        form: `exactly` (completed years, far from a birthday), `birthday` (completed today),
            `at_least` (attested), `about` (only the year of birth is known).
        years: completed years.
    """

    form: str
    years: int

    def age_at(self, now: datetime) -> Age:
        """Return the age as facts state it at `now`."""
        today = now.date()
        match self.form:
            case "at_least":
                return AtLeastYears(self.years)
            case "about":
                # On the last day of a year all born in one calendar year are of one age.
                last_day = (today.month, today.day) == (12, 31)
                year = today.year - self.years + last_day
                return BornBetween(date(year - last_day, 1, 1), date(year, 12, 31))
            case "birthday":
                try:
                    born = today.replace(year=today.year - self.years)
                except ValueError:
                    born = date(today.year - self.years, 2, 28)
                return BornBetween(born, born)
            case _:
                born = _before(today, self.years + 0.5)
                return BornBetween(born, born)


def _before(today: date, years: float) -> date:
    return today - timedelta(days=years * DAYS_A_YEAR)


def single_values(
    dimension: str,
    sights: Sights,
    lexicons: Sequence[Lexicon],
    *,
    zones: int = 1,
    spans: bool = False,
) -> list[Hashable]:
    """Return values of a dimension without members, the usual ones first.

    With `spans`, ages of which only some bounds are known are among them, whatever the bounds.
    """
    if not sights.is_named(dimension):
        return [_usual(dimension, lexicons)]
    match dimension:
        case "age":
            return [*_ages(sights, zones), *(_age_spans(sights, zones) if spans else ()), None]
        case "created":
            return [*_creations(sights), None]
        case _:
            listed = {v for x in lexicons for v in x.kinds.get(dimension, ())}
            values: list[Hashable] = [*sorted(listed)]
            if any(x.presumed.get(dimension, "unknown") != "unknown" for x in lexicons):
                values.append(Withheld())
            return [*values, None]


def _usual(dimension: str, lexicons: Sequence[Lexicon]) -> Hashable:
    """Return a value that stands for all of a dimension that no clause names."""
    if dimension in ("product", "action"):
        return next(iter(sorted(lexicons[1].kinds.get(dimension, {}))), None)
    return None


@dataclass(frozen=True, slots=True, order=True)
class AgeSpan:
    """An age of which only the bounds are known.

    Attributes:
        youngest: the lowest that it may be.
        oldest: the highest.
    """

    youngest: Years
    oldest: Years

    def age_at(self, now: datetime) -> Age:
        """Return the age as facts state it at `now`."""
        latest, earliest = (years.age_at(now) for years in (self.youngest, self.oldest))
        assert isinstance(latest, BornBetween)
        assert isinstance(earliest, BornBetween)
        return BornBetween(earliest.earliest, latest.latest)


def _ages(sights: Sights, zones: int) -> list[Hashable]:
    """Return ages on both sides of every edge of a band."""
    bands = [c.age for c in sights.named("age") if isinstance(c.age, AgeBand)]
    edges = sorted({y for b in bands for y in (b.from_years, b.below_years) if y is not None})
    around = sorted({y for edge in edges for y in (edge - 1, edge) if y >= 0})
    forms = ["exactly", *(["birthday"] if zones > 1 else []), "at_least", "about"]
    found: list[Hashable] = [
        Years(form, y) for form in forms for y in (around if form == "exactly" else edges)
    ]
    return [*found, Years("at_least", 0)]


def _age_spans(sights: Sights, zones: int) -> Iterator[AgeSpan]:
    """Yield ages between any two that bands tell apart.

    Bands and local days cut the days of birth into stretches; what is known of an age is how
    many neighbouring ones it may fall into.
    """
    exact = [v for v in _ages(sights, zones) if isinstance(v, Years)]
    points = sorted(
        (v for v in exact if v.form in ("exactly", "birthday")),
        key=lambda v: (v.years, v.form == "exactly"),
    )
    for youngest, oldest in combinations(points, 2):
        yield AgeSpan(youngest, oldest)


def _creations(sights: Sights) -> list[Hashable]:
    """Return instants on both sides of every edge of a band."""
    bands = [c.created for c in sights.named("created") if isinstance(c.created, CreationBand)]
    edges = sorted({e for b in bands for e in (b.start, b.end) if e is not None})
    return [instant for edge in edges for instant in (edge - TICK, edge)]


def given(dimension: str, value: Any, now: datetime) -> dict[str, Any]:  # noqa: ANN401 - of its dimension
    """Return what a question states for `value`, by attribute of `Question`."""
    match dimension, value:
        case "age", Years() | AgeSpan():
            return {"age": value.age_at(now)}
        case "created", datetime():
            return {"account_created": value}
        case (("age" | "created"), _):
            return {}
        case _, None:
            reasons = {dimension: UnknownReason.NOT_RECORDED}
            return {dimension: None, "unknown": {} if dimension == "device" else reasons}
        case _, Withheld():
            return {dimension: None, "unknown": {dimension: UnknownReason.WITHHELD}}
        case _, str():
            return {dimension: value}
        case "label", Members():
            held = frozenset(Label(name) for name in value.yes)
            opened = frozenset({"label"}) if value.open else frozenset()
            return {"labels": held, "labels_absent": value.no, "open_sets": opened}
        case _:
            opened = frozenset({dimension}) if value.open else frozenset()
            return {f"{dimension}s": value.yes, "open_sets": opened}


def ask(parts: Iterable[dict[str, Any]]) -> Question:
    """Return the question that states all of `parts`."""
    stated: dict[str, Any] = {"action": None, "product": None, "unknown": {}}
    opened: frozenset[str] = frozenset()
    for part in parts:
        unknown = {**stated["unknown"], **part.get("unknown", {})}
        opened |= part.get("open_sets", frozenset())
        stated |= {**part, "unknown": unknown}
    return Question(**{**stated, "open_sets": opened})
