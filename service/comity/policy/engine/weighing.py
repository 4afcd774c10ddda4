"""Weighing: the three answers of every rule on every connection."""

from __future__ import annotations

from collections.abc import Sequence
from operator import or_
from typing import Final, NamedTuple

from comity.domain.facts import Tie
from comity.policy.engine.bits import numbers_in
from comity.policy.engine.columns import Column
from comity.policy.engine.planes import Planes
from comity.policy.engine.rulings import NO_PREFERENCES, Preferences
from comity.policy.engine.table import RuleTable


class Sighting(NamedTuple):
    """One connection as the rules see it, combined with the person and the request.

    Attributes:
        tie: the connection.
        columns: for each plane, the rules whose clause is met on it; empty if no answer can
            change by them.
    """

    tie: Tie
    columns: Sequence[Column]


class Verdicts(NamedTuple):
    """The rules that answer on one connection, or on any.

    Attributes:
        certain: rules whose value is T.
        held: rules whose body is met and no exception to which is proven.
        possible: rules whose value is not F.
        clashing: rules that are held, rulings on clashing duties left aside.
        alone: rules that meet the connection for certain, derogations left aside.
        alone_possibly: those that possibly do.
    """

    certain: int
    held: int
    possible: int
    clashing: int
    alone: int
    alone_possibly: int


NONE_ANSWERS: Final = Verdicts(0, 0, 0, 0, 0, 0)


class Weighing(NamedTuple):
    """The answers of all rules.

    Attributes:
        total: over all connections.
        by_tie: for each connection.
        preferences: the requirements that rulings prefer.
    """

    total: Verdicts
    by_tie: tuple[Verdicts, ...]
    preferences: Preferences


class Person(NamedTuple):
    """What holds of the person, over all connections.

    Attributes:
        certain: rules whose condition on the person is met and no exception to which is possible.
        held: rules whose condition on the person is met and no exception to which is proven.
        possible: rules whose condition on the person is possible and no exception proven.
    """

    certain: int
    held: int
    possible: int


def concerned_by(planes: Planes, columns: Sequence[Column]) -> int:
    """Return the rules that `columns` say anything of which can change an answer.

    An exception by itself changes none: it takes effect where the body may be met.
    """
    concerned = 0
    for part in (planes.body, planes.person_exceptions, planes.person_conditions):
        concerned |= disjoin(part, columns)[1]
    return concerned


def disjoin(planes: range, columns: Sequence[Column]) -> Column:
    """Return the rules any of whose clauses in `planes` is met, for certain and possibly."""
    certain = possible = 0
    for number in planes:
        column = columns[number]
        certain |= column[0]
        possible |= column[1]
    return certain, possible


class InForce(NamedTuple):
    """The rules that can act.

    Attributes:
        certain: rules in force.
        possible: rules that are in force or may come to be.
        preferences: the requirements that rulings prefer.
    """

    certain: int
    possible: int
    preferences: Preferences = NO_PREFERENCES


def weigh(table: RuleTable, sightings: Sequence[Sighting], in_force: InForce) -> Weighing:
    """Answer for every rule on every connection: AND inside, subtract, then OR across."""
    person = weigh_person(table, sightings)
    by_tie = tuple(
        [
            weigh_tie(table, sighting, person, in_force) if sighting.columns else NONE_ANSWERS
            for sighting in sightings
        ]
    )
    total = NONE_ANSWERS
    for verdicts in by_tie:
        if verdicts is not NONE_ANSWERS:
            total = Verdicts(*map(or_, total, verdicts))
    return Weighing(total, by_tie, in_force.preferences)


def weigh_person(table: RuleTable, sightings: Sequence[Sighting]) -> Person:
    """Answer what is asked of the person rather than of one connection."""
    planes = table.planes
    excepted = excepted_possibly = 0
    met = met_possibly = planes.unconditional
    for sighting in sightings:
        if not sighting.columns:
            continue
        certain, possible = disjoin(planes.person_exceptions, sighting.columns)
        excepted |= certain
        excepted_possibly |= possible
        certain, possible = disjoin(planes.person_conditions, sighting.columns)
        met |= certain
        met_possibly |= possible
    return Person(
        certain=met & ~excepted_possibly, held=met & ~excepted, possible=met_possibly & ~excepted
    )


def weigh_tie(table: RuleTable, sighting: Sighting, person: Person, in_force: InForce) -> Verdicts:
    """Answer for every rule on one connection."""
    body, body_possibly = disjoin(table.planes.body, sighting.columns)
    if not in_force.possible & person.possible & body_possibly:
        return NONE_ANSWERS
    excepted, excepted_possibly = disjoin(table.planes.exceptions, sighting.columns)
    certain = alone = in_force.certain & person.certain & body & ~excepted_possibly
    held = in_force.certain & person.held & body & ~excepted
    possible = alone_possibly = in_force.possible & person.possible & body_possibly & ~excepted
    special_possibly = alone_possibly & table.derogating
    if special_possibly:
        removed = table.derogated_by(numbers_in(alone & table.derogating))
        certain &= ~table.derogated_by(numbers_in(special_possibly))
        held &= ~removed
        possible &= ~removed
    clashing = held
    preferences = in_force.preferences
    preferred_possibly = alone_possibly & preferences.preferred
    if preferred_possibly:
        removed = preferences.derogated_by(numbers_in(alone & preferences.preferred))
        certain &= ~preferences.derogated_by(numbers_in(preferred_possibly))
        held &= ~removed
        possible &= ~removed
    if sighting.tie.ghost:  # only now: what derogates whatever the connection does so here too
        certain = held = clashing = 0
    return Verdicts(certain, held, possible, clashing, alone, alone_possibly)
