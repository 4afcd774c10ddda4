"""Drift: names whose meaning differs between two vocabularies or geographies."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

from comity.policy.atlas import Atlas, Span
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
        names: dimension -> names that have come to mean something else; of products in every law.
        products: jurisdiction whose law sees a product in its own way -> names of products that
            have come to mean something else in it.
        dimensions: dimensions in which what is not recorded is presumed otherwise.
        factors: factors of which connections that are not recorded are presumed otherwise, or
            that an indicator opens or no longer opens.
        trust: classes of trust that come to be low, or cease to be.
        indicators: indicators that open other factors than they did.
    """

    names: Mapping[Dimension, frozenset[Hashable]]
    products: Mapping[str, frozenset[Hashable]]
    dimensions: frozenset[Dimension]
    factors: frozenset[str]
    trust: frozenset[str]
    indicators: frozenset[str]

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        presumed = self.dimensions or self.factors or self.trust
        return bool(self.names or self.products or presumed)

    @property
    def in_ties_alone(self) -> bool:
        """Whether nothing but presumed connections and their trust differs."""
        return not (self.names or self.products or self.dimensions)

    def touches(self, rule: Rule) -> bool:
        """Return whether `rule`, written alike, may be met otherwise."""
        if not self.any:
            return False
        parts = (rule.body, rule.exceptions, rule.person_exceptions, rule.person_conditions)
        own = self.products.get(rule.jurisdiction, frozenset())
        return any(self._touches_clause(clause, own) for clauses in parts for clause in clauses)

    def _touches_clause(self, clause: Clause, own: frozenset[Hashable]) -> bool:
        if clause.names_connection and (
            self.trust or (self.factors and (clause.factors or self.factors) & self.factors)
        ):
            return True
        for dimension, names in names_of(clause).items():
            plain = NEGATED.get(dimension, dimension)
            moved = self.names.get(plain, frozenset())
            if plain is Dimension.PRODUCT:
                moved |= own
            if plain in self.dimensions or names & moved:
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
    products = dict(_products(before, after))
    if products.get("", frozenset()):
        names[Dimension.PRODUCT] = products[""]
    places = _places(old.atlas, new.atlas)
    if places:
        names[Dimension.PLACE] = places
    presumed = {
        Dimension(name)
        for name in before.presumed.keys() | after.presumed.keys()
        if before.presumed.get(name) != after.presumed.get(name) and name in set(Dimension)
    }
    indicators = _moved_keys(before.indicators, after.indicators)
    opened = [
        lexicon.indicators.get(i, frozenset()) for i in indicators for lexicon in (before, after)
    ]
    return Drift(
        names,
        products,
        frozenset(presumed - set(CONNECTING[:2])),
        _moved_keys(before.factors, after.factors).union(*opened),
        before.low_trust ^ after.low_trust,
        indicators,
    )


def _moved_keys(before: Mapping[str, object], after: Mapping[str, object]) -> frozenset[str]:
    """Return the keys of which the values differ."""
    return frozenset(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))


def _product_part(lexicon: Lexicon) -> tuple[object, object]:
    return lexicon.kinds.get("product", {}), lexicon.product_kinds


Closures = Mapping[str, frozenset[Hashable]]


def _moved(before: Closures, after: Closures) -> frozenset[Hashable]:
    """Return the names below which other values lie, or the same ones among other kinds.

    All kinds of a value that moves are among them: something that is of one of them may no longer
    be of another.
    """
    if before == after:
        return frozenset()
    nothing = frozenset[Hashable]()
    moved: set[Hashable] = set()
    for value in before.keys() | after.keys():
        was, became = before.get(value, nothing), after.get(value, nothing)
        if was != became:
            moved |= {value, *was, *became}
    return frozenset(moved)


def _kinds(lexicon: Lexicon, dimension: Dimension) -> Closures:
    """Return each value of a dimension with what it is of."""
    return {v: lexicon.above(dimension, v) for v in lexicon.kinds.get(dimension, ())}


def _products(before: Lexicon, after: Lexicon) -> Iterator[tuple[str, frozenset[Hashable]]]:
    """Yield the names of products that mean something else, in all laws and in each that differs.

    A rule of a jurisdiction that sees no product in its own way sees them as all others do.
    """
    if _product_part(before) == _product_part(after):
        return
    laws = {
        kind.jurisdiction
        for lexicon in (before, after)
        for kinds in lexicon.product_kinds.values()
        for kind in kinds
    }
    for law in sorted({"", *laws}):
        was, became = (
            {value: frozenset(_in_law(lexicon, value, law)) for value in _products_of(lexicon)}
            for lexicon in (before, after)
        )
        moved: set[Hashable] = set()
        for value in was.keys() | became.keys():
            terms = was.get(value, frozenset()), became.get(value, frozenset())
            if terms[0] != terms[1]:
                moved |= {value, *(name for name, _ in terms[0] | terms[1])}
        yield law, frozenset(moved)


def _products_of(lexicon: Lexicon) -> set[str]:
    return {*lexicon.kinds.get("product", ()), *lexicon.product_kinds}


def _in_law(lexicon: Lexicon, product: str, law: str) -> set[tuple[str, frozenset[Span]]]:
    """Return each kind that a product is ever of in a law, with the spans that must hold."""
    found: set[tuple[str, frozenset[Span]]] = set()
    todo = [(kind, frozenset[Span]()) for kind in lexicon.above("product", product)]
    while todo:
        kind, spans = todo.pop()
        if (kind, spans) in found:
            continue
        found.add((kind, spans))
        for dated in lexicon.product_kinds.get(kind, ()):
            if dated.jurisdiction in ("", law):
                holding = spans | {dated.span}
                todo += [(above, holding) for above in lexicon.above("product", dated.kind)]
    return found


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
