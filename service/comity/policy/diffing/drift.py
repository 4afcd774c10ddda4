"""Drift: names whose meaning differs between two vocabularies or geographies."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from comity.policy.atlas import Atlas
from comity.policy.engine.planes import CONNECTING, NEGATED, Dimension, names_of
from comity.policy.lexicon import Lexicon
from comity.policy.rules import Clause, Rule, Ruleset

WITH_KINDS = (
    Dimension.ACTION,
    Dimension.DEVICE,
    Dimension.ITEM,
    Dimension.PURPOSE,
    Dimension.POPULATION,
    Dimension.LABEL,
)


@dataclass(frozen=True, slots=True)
class Drift:
    """What rules may mean otherwise although they are written alike.

    Attributes:
        names: dimension -> names that have come to mean something else.
        dimensions: dimensions in which what is not recorded is presumed otherwise.
        ties: whether ties that are not recorded, or their trust, are presumed otherwise.
    """

    names: Mapping[Dimension, frozenset[Hashable]]
    dimensions: frozenset[Dimension]
    ties: bool

    @property
    def presumes_otherwise(self) -> bool:
        """Whether any presumption differs."""
        return self.ties or bool(self.dimensions)

    def touches(self, rule: Rule) -> bool:
        """Return whether `rule`, written alike, may be met otherwise."""
        if not (self.names or self.presumes_otherwise):
            return False
        parts = (rule.body, rule.exceptions, rule.person_exceptions, rule.person_conditions)
        return any(self._touches_clause(clause) for clauses in parts for clause in clauses)

    def _touches_clause(self, clause: Clause) -> bool:
        if self.ties and clause.names_connection:
            return True
        for dimension, names in names_of(clause).items():
            plain = NEGATED.get(dimension, dimension)
            if plain in self.dimensions or names & self.names.get(plain, frozenset()):
                return True
        return False


def find_drift(old: Ruleset, new: Ruleset) -> Drift:
    """Return the names of `old` and `new` that differ in meaning, and changed presumptions."""
    before, after = old.lexicon, new.lexicon
    names: dict[Dimension, frozenset[Hashable]] = {}
    for dimension in WITH_KINDS:
        moved = _moved(_kinds(before, dimension), _kinds(after, dimension))
        if moved:
            names[dimension] = moved
    if _product_part(before) != _product_part(after):
        names[Dimension.PRODUCT] = _moved(_product_kinds(before), _product_kinds(after))
    places = _places(old.atlas, new.atlas)
    if places:
        names[Dimension.PLACE] = places
    presumed = {
        Dimension(name)
        for name in before.presumed.keys() | after.presumed.keys()
        if before.presumed.get(name) != after.presumed.get(name) and name in set(Dimension)
    }
    ties = _ties_part(before) != _ties_part(after)
    return Drift(names, frozenset(presumed - set(CONNECTING[:2])), ties)


def _ties_part(lexicon: Lexicon) -> tuple[object, ...]:
    return lexicon.factors, lexicon.low_trust, lexicon.ordinary_trust


def _product_part(lexicon: Lexicon) -> tuple[object, object]:
    return lexicon.kinds.get("product", {}), lexicon.product_kinds


Closures = Mapping[str, frozenset[Hashable]]


def _moved(before: Closures, after: Closures) -> frozenset[Hashable]:
    """Return the names below which other values lie, or the same ones among other kinds."""
    if before == after:
        return frozenset()
    differing = {v for v in before.keys() | after.keys() if before.get(v) != after.get(v)}
    return frozenset[Hashable](differing).union(
        *(closures.get(v, frozenset()) for v in differing for closures in (before, after))
    )


def _kinds(lexicon: Lexicon, dimension: Dimension) -> Closures:
    """Return each value of a dimension with what it is of."""
    return {v: lexicon.above(dimension, v) for v in lexicon.kinds.get(dimension, ())}


def _product_kinds(lexicon: Lexicon) -> Closures:
    """Return each product with what it is, or ever is in some law, of; and with those terms."""
    closures = {}
    for product in lexicon.kinds.get("product", {}).keys() | lexicon.product_kinds.keys():
        found: set[Hashable] = set()
        todo = list(lexicon.above("product", product))
        while todo:
            value = todo.pop()
            if value not in found:
                found.add(value)
                dated = lexicon.product_kinds.get(value, ())
                found.update((value, *_terms(kind)) for kind in dated)
                todo += [above for kind in dated for above in lexicon.above("product", kind.kind)]
        closures[product] = frozenset(found)
    return closures


def _terms(kind: object) -> Iterable[Hashable]:
    yield repr(kind)


def _places(before: Atlas, after: Atlas) -> frozenset[Hashable]:
    """Return the places and groups that hold other places, or for some other time."""
    if before == after:
        return frozenset()
    codes = {*before.parents, *after.parents, *before.aliases, *after.aliases}
    if (before.parents, before.aliases) == (after.parents, after.aliases):
        codes = set()
    moved: set[Hashable] = set()
    for code in codes:
        was, became = (atlas.lies_in(atlas.canonical(code)) for atlas in (before, after))
        if was != became:
            moved |= {code, *was, *became}
    for group in before.groups.keys() | after.groups.keys():
        was_members, members = before.groups.get(group), after.groups.get(group)
        if was_members != members or moved & (members or {}).keys():
            moved.add(group)
    return frozenset(moved)
