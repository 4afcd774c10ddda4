"""Surroundings: the other connections that one rule alone can tell apart.

What a rule adds to an answer is the union of what it adds on each connection, where exceptions and
conditions of the person count by the greatest value of each clause on any connection. Let two
revisions differ in what a rule adds. Then one of them adds something on a connection c that the
other adds on none. Of the person's other connections keep one for each clause about the person, on
which that clause has its greatest value. All clauses about the person keep their value, so the same
is added on c; and the other revision, which has fewer connections now, adds it on none. So a person
has to have no more connections than c and one for each clause about the person: the bound follows
from the rule and what acts on it. Each of them need only be one that those clauses meet, or may
meet, and of connections that the rule's own clauses see alike one is enough.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Any, Final

from comity.domain.facts import Members
from comity.domain.question import Connection
from comity.policy.diffing.classes import Classes
from comity.policy.diffing.clause_sets import conjoin, union
from comity.policy.diffing.companies import NEUTRAL, Company
from comity.policy.diffing.drift import Drift
from comity.policy.diffing.geography import Ground
from comity.policy.diffing.paths import UNKNOWN_PLACE, Path
from comity.policy.diffing.sights import CONNECTING, Sights

MOST_COMPANIES: Final = 400
MOST_OMITTED: Final = 3


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The companies in which a rule has to be looked at.

    Attributes:
        companies: the companies, the neutral one first.
        is_complete: whether they stand for all that there are.
    """

    companies: tuple[Company, ...]
    is_complete: bool = True


def surroundings_of(
    sights: Sights, classes: Classes, ground: Ground, drift: Drift, instants: Sequence[datetime]
) -> Surroundings:
    """Return the companies that the clauses of `sights`, of one rule alone, tell apart."""
    clauses = {
        clause
        for position in sights.positions
        for clause in (*position.rule.person_exceptions, *position.rule.person_conditions)
        if clause.names_connection
    }
    person = union(p.person_exceptions | p.person_conditions for p in sights.positions)
    single: dict[Company, None] = {}
    if clauses:
        for now in instants:
            single |= dict.fromkeys(_single(person, classes, ground, now))
    found = [NEUTRAL, *single]
    for count in range(2, len(clauses) + 1):
        for several in combinations(single, count):
            found.append(_together(several))
            if len(found) > MOST_COMPANIES:
                break
    presumed = list(_presumed(sights, ground, drift))
    combined = [_together((c, other)) for other in presumed for c in found[1:]]
    found = [NEUTRAL, *presumed, *found[1:], *combined]
    unpresumed = sum(a != b for a, b in _terms(ground)) > MOST_OMITTED
    whole = len(found) <= MOST_COMPANIES and not unpresumed
    return Surroundings(tuple(dict.fromkeys(found[:MOST_COMPANIES])), whole)


def _terms(ground: Ground) -> list[tuple[object, object]]:
    """Return how each revision presumes each factor."""
    before, after = (lexicon.factors for lexicon in ground.lexicons)
    return [(before.get(f), after.get(f)) for f in {**before, **after}]


def _together(companies: Sequence[Company]) -> Company:
    """Return several companies as one."""
    return Company(
        tuple(dict.fromkeys(c for company in companies for c in company.connections)),
        frozenset[str]().union(*(c.opened for c in companies)),
        frozenset[str]().union(*(c.omitted for c in companies)),
        frozenset[str]().union(*(c.ended for c in companies)),
        frozenset[str]().union(*(c.indicators for c in companies)),
    )


def _presumed(sights: Sights, ground: Ground, drift: Drift) -> Iterator[Company]:
    """Yield companies of which nothing is recorded by factors that are presumed otherwise."""
    before, after = (lexicon.factors for lexicon in ground.lexicons)
    moved = sorted(f for f in {**before, **after} if before.get(f) != after.get(f))
    for count in range(1, min(len(moved), MOST_OMITTED) + 1):
        for omitted in combinations(moved, count):
            yield Company(omitted=frozenset(omitted))
    for indicator in sorted(drift.indicators):
        yield Company(indicators=frozenset({indicator}))
    bodies = [clause for p in sights.positions for clause in p.rule.body]
    if any(clause.names_connection and clause.places is None for clause in bodies):
        yield Company(ended=frozenset({**before, **after}))


def _single(person: int, classes: Classes, ground: Ground, now: datetime) -> Iterator[Company]:
    """Yield one company for each way in which clauses about the person see a connection."""
    alike: set[Hashable] = set()
    for path in _paths(person, classes, ground, now):
        company = _company(path)
        column = conjoin(
            classes.column(dimension, path[number], path[:number], now)
            for number, dimension in enumerate(CONNECTING)
        )
        key = (column, bool(company.opened))
        if column[1] & person and key not in alike:
            alike.add(key)
            yield company


def _paths(person: int, classes: Classes, ground: Ground, now: datetime) -> Iterator[Path]:
    """Yield connections, one of each class of a dimension, that clauses of `person` may meet."""
    level: list[tuple[Path, int]] = [((), -1)]
    for dimension in CONNECTING:
        following: list[tuple[Path, int]] = []
        for path, alive in level:
            for kind in classes.narrowed(dimension, path, NEUTRAL, now, alive, known=False):
                left = alive & kind.column[1]
                if left & person and not (dimension == "factor" and kind.values[0] is None):
                    values = kind.values if dimension == "factor" else kind.values[:1]
                    following += [((*path, value), left) for value in values]
        level = following
    for path, _ in level:
        if not ground.is_out(str(path[1])):
            yield path


def _company(path: tuple[Any, ...]) -> Company:
    """Return the company of a connection."""
    factor, place, population, trust = path
    if place == UNKNOWN_PLACE:
        return Company(opened=frozenset({factor}))
    members = population if isinstance(population, Members) else Members()
    connection = Connection(factor, place, members.yes, members.no)
    return Company((replace(connection, trust=trust or ""),))
