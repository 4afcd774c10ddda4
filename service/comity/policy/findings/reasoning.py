"""What holds of clauses whatever the facts, by trying every value of the closed vocabulary.

A clause is the minimum of its atoms on one connection, and each atom reads one dimension. So two
clauses are compared dimension by dimension: over all values of a single-valued one, over the names
of a set, over the bounds of an interval.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from comity.domain.truth import Truth
from comity.policy.atlas import Atlas
from comity.policy.lexicon import Lexicon
from comity.policy.rules import AgeBand, Clause, CreationBand, Rule

UNNAMED: Final = "~"  # `official~`: of the kind `official` and of none that is named below it
# Dimension, key of a clause, key of what must not be met.
SINGLE: Final = (
    ("action", "actions", ""),
    ("product", "products", "not_products"),
    ("device", "devices", "not_devices"),
)
SETS: Final = (
    ("item", "items", "not_items"),
    ("purpose", "purposes", "not_purposes"),
    ("label", "labels", ""),
    ("population", "populations", ""),
)
Names = frozenset[str] | None
Kinds = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Placed:
    """A clause of a rule, whose jurisdiction says what it sees of products.

    Attributes:
        clause: the clause.
        rule: the rule that it is of.
    """

    clause: Clause
    rule: Rule


@dataclass(frozen=True)
class Reasoning:
    """Compares clauses over a closed vocabulary.

    Attributes:
        lexicon: compiled vocabulary.
        atlas: compiled geography.
    """

    lexicon: Lexicon
    atlas: Atlas
    _columns: dict[tuple[object, ...], tuple[Truth, ...]] = field(default_factory=dict, repr=False)
    _kinds: dict[tuple[object, ...], tuple[Kinds, Kinds]] = field(default_factory=dict, repr=False)

    @cached_property
    def _edges(self) -> list[datetime]:
        """The instants at which the kinds of products change."""
        spans = [dated.span for kinds in self.lexicon.product_kinds.values() for dated in kinds]
        return sorted({e for span in spans for e in (span.start, span.end) if e is not None})

    @cached_property
    def _lawgivers(self) -> frozenset[str]:
        """The jurisdictions with kinds of products of their own."""
        listed = self.lexicon.product_kinds.values()
        return frozenset(dated.jurisdiction for kinds in listed for dated in kinds)

    def values(self, dimension: str) -> tuple[str | None, ...]:
        """Return every value that a fact may have, and None for a fact that is not known."""
        named = sorted(self.lexicon.kinds.get(dimension, ()))
        return (*named, *(f"{name}{UNNAMED}" for name in named), None)

    def column(self, dimension: str, placed: Placed, now: datetime) -> tuple[Truth, ...]:
        """Return the Kleene value of a single-valued dimension for each of its `values`."""
        names = next((n, x) for d, n, x in SINGLE if d == dimension)
        named: Names = getattr(placed.clause, names[0])
        negated: Names = getattr(placed.clause, names[1]) if names[1] else None
        whose, segment = "", 0
        if dimension == "product" and (named is not None or negated is not None):
            own = placed.rule.jurisdiction in self._lawgivers
            whose = placed.rule.jurisdiction if own else ""
            segment = bisect_right(self._edges, now)
        key = (dimension, named, negated, whose, segment)
        known = self._columns.get(key)
        if known is None:
            known = self._columns[key] = self._column(dimension, (named, negated), whose, now)
        return known

    def _column(
        self, dimension: str, atoms: tuple[Names, Names], whose: str, now: datetime
    ) -> tuple[Truth, ...]:
        """Return the minimum of an atom and a negated one, for each value."""
        above, below = self._kinds_of(dimension, whose, now)
        named, negated = atoms

        def atom(names: frozenset[str], value: str | None) -> Truth:
            if value is None:
                return Truth.U
            plain = value.removesuffix(UNNAMED)
            if above[plain] & names:
                return Truth.T
            doubtful = value == plain and below[plain] & names
            return Truth.U if doubtful else Truth.F

        column = []
        for value in self.values(dimension):
            met = Truth.T if named is None else atom(named, value)
            spared = Truth.T if negated is None else atom(negated, value).negated()
            column.append(min(met, spared))
        return tuple(column)

    def _kinds_of(self, dimension: str, whose: str, now: datetime) -> tuple[Kinds, Kinds]:
        """Return value -> what it is of, and value -> what something of it may be of."""
        segment = bisect_right(self._edges, now) if dimension == "product" else 0
        key = (dimension, whose, segment)
        known = self._kinds.get(key)
        if known is not None:
            return known
        lexicon = self.lexicon
        above = {
            value: lexicon.product_above(value, whose, now)
            if dimension == "product"
            else lexicon.above(dimension, value)
            for value in lexicon.kinds.get(dimension, ())
        }
        below: dict[str, frozenset[str]] = dict.fromkeys(above, frozenset())
        for kinds in above.values():
            for kind in kinds:
                below[kind] = below.get(kind, frozenset()) | kinds
        self._kinds[key] = (above, below)
        return above, below

    def covered(self, dimension: str, inner: Names, outer: Names) -> bool:
        """Return whether whatever is of one of `inner` is of one of `outer`; None names nothing."""
        if outer is None:
            return True
        return inner is not None and all(
            self.lexicon.above(dimension, name) & outer for name in inner
        )

    def places(self, placed: Placed, now: datetime) -> Names:
        """Return the places that a clause names at `now`, groups resolved."""
        named = placed.clause.places
        return None if named is None else self.atlas.expand(named, now)

    def lies_within(self, inner: Names, outer: Names) -> bool:
        """Return whether every place of `inner` lies in one of `outer`; None is anywhere."""
        if outer is None:
            return True
        return inner is not None and all(self.atlas.lies_in(place) & outer for place in inner)


def spans_age(outer: AgeBand | None, inner: AgeBand | None) -> bool:
    """Return whether `outer` holds every age of `inner`, counted in the same zone."""
    if outer is None:
        return True
    if inner is None or inner.zone != outer.zone:
        return False
    from_fits = outer.from_years is None or (
        inner.from_years is not None and inner.from_years >= outer.from_years
    )
    below_fits = outer.below_years is None or (
        inner.below_years is not None and inner.below_years <= outer.below_years
    )
    return from_fits and below_fits


def spans_creation(outer: CreationBand | None, inner: CreationBand | None) -> bool:
    """Return whether `outer` holds every instant of `inner`."""
    if outer is None:
        return True
    if inner is None:
        return False
    start_fits = outer.start is None or (inner.start is not None and inner.start >= outer.start)
    end_fits = outer.end is None or (inner.end is not None and inner.end <= outer.end)
    return start_fits and end_fits


def ages_apart(one: AgeBand | None, other: AgeBand | None) -> bool:
    """Return whether no age lies in both bands, counted in the same zone."""
    if one is None or other is None or one.zone != other.zone:
        return False
    return any(
        a.below_years is not None and b.from_years is not None and a.below_years <= b.from_years
        for a, b in ((one, other), (other, one))
    )


def creations_apart(one: CreationBand | None, other: CreationBand | None) -> bool:
    """Return whether no instant lies in both bands."""
    if one is None or other is None:
        return False
    return any(
        a.end is not None and b.start is not None and a.end <= b.start
        for a, b in ((one, other), (other, one))
    )
