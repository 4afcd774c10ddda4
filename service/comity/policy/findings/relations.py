"""How two clauses relate on one connection: one holds wherever the other does, or never both."""

from __future__ import annotations

from datetime import datetime

from comity.domain.truth import Truth
from comity.policy.findings.reasoning import (
    SETS,
    SINGLE,
    Names,
    Placed,
    Reasoning,
    ages_apart,
    creations_apart,
    spans_age,
    spans_creation,
)

_T, _U = Truth.T, Truth.U


def is_empty(placed: Placed, reasoning: Reasoning, now: datetime) -> str | None:
    """Return why no known facts meet a clause at `now`, or None if some do."""
    for dimension, _, _ in SINGLE:
        if _T not in reasoning.column(dimension, placed, now):
            return f"no {dimension} is all that it asks for"
    for dimension, key, negated in SETS:
        named: Names = getattr(placed.clause, key)
        spared: Names = getattr(placed.clause, negated) if negated else None
        if named is not None and not _has_member(dimension, (named, spared), reasoning):
            return f"every {dimension} that it asks for is one that it must not be"
    places = reasoning.places(placed, now)
    if places is not None and not places:
        groups = ", ".join(sorted(placed.clause.places or ()))
        return f"no place belongs to {groups} while it is in force"
    return None


def _has_member(dimension: str, atoms: tuple[Names, Names], reasoning: Reasoning) -> bool:
    """Return whether something is of a named kind and of none that is spared."""
    named, spared = atoms
    lexicon = reasoning.lexicon
    values = frozenset(lexicon.kinds.get(dimension, ())).union(named or ())
    kinds = (lexicon.above(dimension, value) for value in values)
    return any(k & (named or frozenset()) and not k & (spared or frozenset()) for k in kinds)


def is_met_with(inner: Placed, outer: Placed, reasoning: Reasoning, now: datetime) -> bool:
    """Return whether `outer` is T on every connection on which `inner` is T."""
    for dimension, _, _ in SINGLE:
        pairs = zip(
            reasoning.column(dimension, inner, now),
            reasoning.column(dimension, outer, now),
            strict=True,
        )
        if any(one is _T and other is not _T for one, other in pairs):
            return False
    return _rest_covers(inner, outer, reasoning, now)


def is_at_most(inner: Placed, outer: Placed, reasoning: Reasoning, now: datetime) -> bool:
    """Return whether the Kleene value of `inner` is nowhere above that of `outer`."""
    for dimension, _, _ in SINGLE:
        pairs = zip(
            reasoning.column(dimension, inner, now),
            reasoning.column(dimension, outer, now),
            strict=True,
        )
        if any(one > other for one, other in pairs):
            return False
    return _rest_covers(inner, outer, reasoning, now) and _parts_cover(inner, outer, reasoning, now)


def _rest_covers(inner: Placed, outer: Placed, reasoning: Reasoning, now: datetime) -> bool:
    """Return whether every dimension but the single-valued ones holds in `outer` where it does.

    Of sets that must not be met the smaller one holds more often.
    """
    one, other = inner.clause, outer.clause
    for dimension, key, negated in SETS:
        if not reasoning.covered(dimension, getattr(one, key), getattr(other, key)):
            return False
        if negated:
            spared: Names = getattr(other, negated)
            if spared is not None and not reasoning.covered(
                dimension, spared, getattr(one, negated) or frozenset()
            ):
                return False
    return (
        spans_age(other.age, one.age)
        and spans_creation(other.created, one.created)
        and _connection_covers(inner, outer)
        and reasoning.lies_within(reasoning.places(inner, now), reasoning.places(outer, now))
    )


def _connection_covers(inner: Placed, outer: Placed) -> bool:
    """Return whether factor and trust hold in `outer` where they do in `inner`."""
    one, other = inner.clause, outer.clause
    if other.factors is not None and (one.factors is None or not one.factors <= other.factors):
        return False
    if other.low_trust and not one.low_trust:
        return False
    if other.names_connection and not one.names_connection:
        return False
    # What doesn't name low trust is capped on such a connection; what names it is not.
    return not one.low_trust or other.low_trust or not other.names_connection


def _parts_cover(inner: Placed, outer: Placed, reasoning: Reasoning, now: datetime) -> bool:
    """Return whether `outer` is in doubt wherever only the unknown part leaves `inner` so."""
    if inner.clause.places is None or not inner.rule.part_unknown or outer.clause.places is None:
        return True
    named, known = reasoning.places(inner, now), reasoning.places(outer, now)
    return outer.rule.part_unknown and (named or frozenset()) <= (known or frozenset())


def is_apart(
    one: Placed, other: Placed, reasoning: Reasoning, now: datetime, *, same_connection: bool
) -> bool:
    """Return whether each clause is F wherever the other is T, and never is one T, the other U.

    Then neither has a say where the other does. Without `same_connection` they may be met on
    different connections of a person.
    """
    for dimension, _, _ in SINGLE:
        pairs = zip(
            reasoning.column(dimension, one, now),
            reasoning.column(dimension, other, now),
            strict=True,
        )
        if not any((a is _T and b >= _U) or (b is _T and a >= _U) for a, b in pairs):
            return True
    a, b = one.clause, other.clause
    if ages_apart(a.age, b.age) or creations_apart(a.created, b.created):
        return True
    for dimension, key, negated in SETS:
        if negated and any(
            _is_spared(dimension, getattr(x, key), getattr(y, negated), reasoning)
            for x, y in ((a, b), (b, a))
        ):
            return True
    return same_connection and _connections_apart(one, other, reasoning, now)


def _is_spared(dimension: str, named: Names, negated: Names, reasoning: Reasoning) -> bool:
    """Return whether everything that is `named` is among what must not be met."""
    return (
        named is not None and negated is not None and reasoning.covered(dimension, named, negated)
    )


def _connections_apart(one: Placed, other: Placed, reasoning: Reasoning, now: datetime) -> bool:
    """Return whether no connection, known or not, is one of both clauses."""
    a, b = one.clause, other.clause
    if a.factors is not None and b.factors is not None and not a.factors & b.factors:
        return True
    here, there = reasoning.places(one, now), reasoning.places(other, now)
    if here is None or there is None or one.rule.part_unknown or other.rule.part_unknown:
        return False
    atlas = reasoning.atlas
    known = {*atlas.parents, *here, *there}
    return not any(around & here and around & there for around in (atlas.lies_in(p) for p in known))
