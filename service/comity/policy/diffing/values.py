"""Values: for each dimension, enough values to stand for all that clauses tell apart."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any, Final

from comity.domain.facts import Age, AtLeastYears, BornBetween, Label, Members, UnknownReason
from comity.domain.question import Question
from comity.policy.diffing.sights import Sights
from comity.policy.lexicon import Lexicon
from comity.policy.rules import AgeBand, CreationBand

SINGLE: Final = ("product", "action", "device")
SETS: Final = ("item", "purpose", "label")
FEW: Final = 4
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


def request_values(
    dimension: str, sights: Sights, lexicons: Sequence[Lexicon], *, zones: int = 1
) -> list[Hashable]:
    """Return values of a dimension of the request or the person, the usual ones first."""
    if not sights.is_named(dimension):
        return [_usual(dimension, lexicons)]
    match dimension:
        case "age":
            return [*_ages(sights, zones), None]
        case "created":
            return [*_creations(sights), None]
        case _ if dimension in SINGLE:
            listed = {v for x in lexicons for v in x.kinds.get(dimension, ())}
            values: list[Hashable] = [*sorted(listed)]
            if any(x.presumed.get(dimension, "unknown") != "unknown" for x in lexicons):
                values.append(Withheld())
            return [*values, None]
        case _:
            return [*member_sets(dimension, sights, lexicons)]


def _usual(dimension: str, lexicons: Sequence[Lexicon]) -> Hashable:
    """Return a value that stands for all of a dimension that no clause names."""
    if dimension in ("product", "action"):
        return next(iter(sorted(lexicons[1].kinds.get(dimension, {}))), None)
    return Members() if dimension in SETS else None


def member_sets(dimension: str, sights: Sights, lexicons: Sequence[Lexicon]) -> list[Members]:
    """Return sets of members: closed, open, and with members known not to be in them."""
    if not sights.is_named(dimension):
        return [Members()]
    named = _names(dimension, sights)
    relevant = sorted(
        {
            value
            for lexicon in lexicons
            for value in {*lexicon.kinds.get(dimension, ()), *named}
            if lexicon.above(dimension, value) & named or lexicon.below(dimension, value) & named
        }
    )
    spare = [v for v in sorted(lexicons[1].kinds.get(dimension, ())) if v not in relevant][:1]
    alike: dict[Hashable, str] = {}
    for value in relevant:
        kinds = tuple(frozenset(lexicon.above(dimension, value) & named) for lexicon in lexicons)
        below = tuple(frozenset(lexicon.below(dimension, value) & named) for lexicon in lexicons)
        alike.setdefault((kinds, below), value)
    several = list(alike.values())
    most = 3 if len(several) <= FEW else 2
    closed = [frozenset[str](), *(frozenset({v}) for v in (*relevant, *spare))]
    closed += [frozenset(c) for n in range(2, most + 1) for c in combinations(several, n)]
    found = [Members(yes) for yes in closed]
    found += [Members(frozenset(c), open=True) for n in (0, 1) for c in combinations(several, n)]
    if dimension in ("label", "population"):
        found += _partly_denied(dimension, relevant, several, lexicons[1])
    return list(dict.fromkeys(found))


def _names(dimension: str, sights: Sights) -> frozenset[str]:
    """Return all names that clauses give for a dimension."""
    found: set[str] = set()
    for clause in sights.named(dimension):
        for field in (f"{dimension}s", f"not_{dimension}s"):
            found |= getattr(clause, field, None) or set()
    return frozenset(found)


def _partly_denied(
    dimension: str, relevant: Sequence[str], several: Sequence[str], lexicon: Lexicon
) -> Iterable[Members]:
    """Yield sets that leave few members in doubt: all others are known not to be in them."""
    for value in relevant:
        kinds, below = lexicon.above(dimension, value), lexicon.below(dimension, value)
        for spared in (kinds, kinds | below):
            denied = frozenset(v for v in relevant if not lexicon.above(dimension, v) & spared)
            yield Members(no=denied, open=True)
            for member in several:
                if not lexicon.above(dimension, member) & denied:
                    yield Members(frozenset({member}), denied, open=True)
        for finer in below:
            yield Members(frozenset({value}), frozenset({finer}))


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


def _creations(sights: Sights) -> list[Hashable]:
    """Return instants on both sides of every edge of a band."""
    bands = [c.created for c in sights.named("created") if isinstance(c.created, CreationBand)]
    edges = sorted({e for b in bands for e in (b.start, b.end) if e is not None})
    return [instant for edge in edges for instant in (edge - TICK, edge)]


def given(dimension: str, value: Any, now: datetime) -> dict[str, Any]:  # noqa: ANN401 - of its dimension
    """Return what a question states for `value`, by attribute of `Question`."""
    match dimension, value:
        case "age", Years():
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
