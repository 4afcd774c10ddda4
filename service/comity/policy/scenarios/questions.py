"""From what a scenario gives to the question that it asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from comity.domain.facts import Age, BornBetween, Label, UnknownReason
from comity.domain.question import Connection, Question
from comity.policy.documents.base import Document
from comity.policy.documents.facts_given import AGE_KEYS, ConnectionGiven, FactsGiven
from comity.policy.presumptions import SET_DIMENSIONS
from comity.policy.scenarios.names import Names

FACTORS: Final = (
    "presence",
    "phone_country",
    "residence",
    "nationality",
    "works_for",
    "store_country",
    "network",
)
NEEDED: Final = {"eligibility": ("action", "product"), "content": ("action", "item")}
# Farther from a birthday than any two time zones are from each other.
MARGIN: Final = timedelta(days=2)

G = TypeVar("G", bound=Document)


def take_over(shared: Document, own: G) -> G:
    """Return what `own` gives, and of what is `shared` the keys that it knows and leaves out.

    A key given as null takes the shared value away; an age in one form takes its other forms away.
    """
    said = set(own.model_fields_set)
    if said.intersection(AGE_KEYS):
        said.update(AGE_KEYS)
    inherited = {
        name: getattr(shared, name)
        for name in type(own).model_fields
        if name in shared.model_fields_set and name not in said
    }
    return own.model_copy(update=inherited)


def question_faults(given: FactsGiven, kind: str, names: Names) -> Iterator[str]:
    """Yield in words why no question of `kind` can be made of `given`."""
    unknown = given.unknown or {}
    for key in NEEDED[kind]:
        if getattr(given, key) is None and key not in unknown:
            yield f"'{key}' is missing; where it is not known, say so under `unknown`"
    yield from names.of("action", (given.action,))
    yield from names.of("product", (given.product,))
    yield from names.of("device", (given.device,))
    yield from names.of("item", given.item or ())
    yield from names.of("purpose", given.purpose or ())
    yield from names.of("label", (label.name for label in given.label or ()))
    for _, connection in _connections(given):
        yield from names.place((connection.place,))
        yield from names.of("population", connection.population)
        yield from names.trust((connection.via,))


def build_question(given: FactsGiven, at: datetime) -> Question:
    """Return the question that `given`, free of faults, asks at `at`."""
    opened = frozenset(given.open or ())
    return Question(
        action=given.action,
        product=given.product,
        device=given.device,
        purposes=frozenset(given.purpose or ()),
        items=frozenset(given.item or ()),
        connections=tuple(_connection(factor, c) for factor, c in _connections(given)),
        open_factors=opened.intersection(FACTORS),
        open_sets=opened.intersection(SET_DIMENSIONS),
        labels=frozenset(
            Label(label.name, label.until.at if label.until is not None else None)
            for label in given.label or ()
        ),
        unknown={name: UnknownReason(why) for name, why in (given.unknown or {}).items()},
        age=_age(given, at),
        account_created=given.account_created.at if given.account_created is not None else None,
    )


def _connections(given: FactsGiven) -> Iterator[tuple[str, ConnectionGiven]]:
    """Yield the connections given, each with its factor."""
    for factor in FACTORS:
        for connection in getattr(given, factor) or ():
            yield factor, connection


def _connection(factor: str, given: ConnectionGiven) -> Connection:
    """Return one connection."""
    return Connection(
        factor=factor,
        place=given.place,
        populations=frozenset(given.population),
        trust=given.via or "",
        since=given.start.at if given.start is not None else None,
        until=given.until.at if given.until is not None else None,
    )


def _age(given: FactsGiven, at: datetime) -> Age | None:
    """Return what is given of the age, at `at`."""
    if given.born is not None:
        return BornBetween(given.born.date, given.born.date)
    if given.birth_year is not None:
        return BornBetween(date(given.birth_year, 1, 1), date(given.birth_year, 12, 31))
    if given.age is None:
        return None
    return BornBetween(
        earliest=_years_before(at.date(), given.age + 1) + MARGIN,
        latest=_years_before(at.date(), given.age) - MARGIN,
    )


def _years_before(day: date, years: int) -> date:
    """Return the same day `years` earlier; 28 February if there is no 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
