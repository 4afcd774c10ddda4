"""Products: kinds that are dated, and that may differ from one jurisdiction's law to another's."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from comity.policy.engine.cache import Cache
from comity.policy.engine.columns import (
    NOTHING,
    Column,
    Match,
    Seen,
    fold,
    fold_negated,
    unknown_columns,
)
from comity.policy.engine.kinds import UNNAMED_SUFFIX
from comity.policy.engine.places import Change
from comity.policy.engine.planes import NEGATED, Dimension, Index
from comity.policy.engine.table import RuleTable
from comity.policy.lexicon import Lexicon

FEW_SEGMENTS = 16


@dataclass(frozen=True, slots=True)
class SeenProduct:
    """What rules see of one product in one segment of time.

    Attributes:
        named: columns of `product`.
        negated: columns of `not: {product}`.
        changes: rules that name a product whose kinds are to change, with the instant.
    """

    named: Seen
    negated: Seen
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """How the law of one jurisdiction, or of all without kinds of their own, sees products.

    Attributes:
        jurisdiction: the jurisdiction; empty for what all share.
        rules: the rules of that jurisdiction; all rules for what all share.
        below: kind -> the names that rules use for what is of that kind.
        pending: name -> the first instant at which its kinds change.
    """

    jurisdiction: str
    rules: int
    below: Mapping[str, frozenset[str]]
    pending: Mapping[str, datetime]


class Products:
    """The products and kinds of products that rules name.

    A segment is a stretch of time in which no kind of a product begins or ends.
    """

    __slots__ = (
        "_cache",
        "_kinds",
        "_lexicon",
        "_names",
        "_scopes",
        "_table",
        "_unknown",
        "instants",
    )

    def __init__(self, table: RuleTable, lexicon: Lexicon, limit: int) -> None:
        """Serve the names that `table` uses."""
        self._table = table
        self._lexicon = lexicon
        parents = lexicon.kinds.get("product", {}).values()
        self._kinds = {kind for kinds in parents for kind in kinds}.union(
            dated.kind for kinds in lexicon.product_kinds.values() for dated in kinds
        )
        self._names = [str(name) for name in table.naming[Dimension.PRODUCT]]
        self.instants: list[datetime] = sorted(
            {
                edge
                for kinds in lexicon.product_kinds.values()
                for dated in kinds
                for edge in (dated.span.start, dated.span.end)
                if edge is not None
            }
        )
        self._scopes: Cache[int, tuple[Scope, ...]] = Cache(FEW_SEGMENTS)
        self._cache: Cache[tuple[str, int], SeenProduct] = Cache(limit)
        listed = table.planes.listed
        named = unknown_columns(listed, Dimension.PRODUCT)
        negated = unknown_columns(listed, Dimension.NOT_PRODUCT)
        self._unknown = SeenProduct(Seen(named, named), Seen(negated, negated), ())

    def of(self, product: str | None, now: datetime) -> SeenProduct:
        """Return what rules see of `product` at `now`; None is a product that is not known."""
        if product is None:
            return self._unknown
        key = (product, bisect_right(self.instants, now))
        return self._cache.get(key) or self._cache.put(key, self._see(product, now))

    def _see(self, product: str, now: datetime) -> SeenProduct:
        """Fold the matches of `product` in every scope into columns."""
        matches: list[tuple[int, Match]] = []
        changes: list[Change] = []
        everybody = self._naming(self._names)
        for scope in self._scopes_at(now):
            match, own_change = self._match(product, scope, now)
            matches.append((scope.rules, match))
            if own_change is not None:
                changes.append((everybody & scope.rules, own_change))
            changes += [
                (self._naming([name]) & scope.rules, edge) for name, edge in scope.pending.items()
            ]
        return SeenProduct(
            self._columns(Dimension.PRODUCT, matches),
            self._columns(Dimension.NOT_PRODUCT, matches),
            tuple(changes),
        )

    def _naming(self, names: list[str]) -> int:
        """Return the rules that use any of `names`."""
        found = 0
        for name in names:
            found |= self._table.naming[Dimension.PRODUCT][name]
        return found

    def _match(self, product: str, scope: Scope, now: datetime) -> tuple[Match, datetime | None]:
        """Return which names `product` meets in `scope`, and when its own kinds change."""
        plain = product.removesuffix(UNNAMED_SUFFIX)
        kinds = self._lexicon.product_above(plain, scope.jurisdiction, now) | {product}
        below = scope.below.get(product, NOTHING)
        around = [plain]
        if product in self._kinds:  # any product may come to be of this kind
            around += self._lexicon.product_kinds
        edges = [
            edge
            for value in around
            for edge in self._lexicon.product_boundaries(value, scope.jurisdiction, now)
        ]
        pending = self._names if edges else scope.pending
        return Match(kinds, below, frozenset(pending)), min(edges, default=None)

    def _columns(self, dimension: Dimension, matches: list[tuple[int, Match]]) -> Seen:
        """Return the columns of a product by what it meets in each scope."""
        combine = fold_negated if dimension in NEGATED else fold
        now: list[Column | None] = []
        relaxed: list[Column | None] = []
        for plane in self._table.planes.listed:
            index = plane.indexes.get(dimension)
            if index is None:
                now.append(None)
                relaxed.append(None)
                continue
            met, doubtful, pending = _marks(index, matches)
            now.append(combine(index, met, doubtful))
            relaxed.append(combine(index, met, doubtful, pending))
        return Seen(
            tuple(now), tuple(relaxed) if any(m.pending for _, m in matches) else tuple(now)
        )

    def _scopes_at(self, now: datetime) -> tuple[Scope, ...]:
        """Return how each law sees products at `now`."""
        segment = bisect_right(self.instants, now)
        known = self._scopes.get(segment)
        if known is not None:
            return known
        everybody = self._naming(self._names)
        laws = [("", everybody), *self._table.by_jurisdiction.items()]
        return self._scopes.put(segment, tuple(self._scope(*law, now) for law in laws))

    def _scope(self, jurisdiction: str, rules: int, now: datetime) -> Scope:
        """Return how the law of `jurisdiction` sees products at `now`."""
        below: dict[str, set[str]] = {}
        pending = {}
        names = frozenset(self._names)
        for product in names.union(self._lexicon.kinds.get("product", ())):
            kinds = self._lexicon.product_above(product, jurisdiction, now)
            for kind in kinds - {product}:
                below.setdefault(kind, set()).update(kinds & names)
        for name in self._names:
            edges = self._lexicon.product_boundaries(name, jurisdiction, now)
            if edges:
                pending[name] = min(edges)
        frozen = {kind: frozenset(names) for kind, names in below.items()}
        return Scope(jurisdiction, rules, frozen, pending)


def _marks(index: Index, matches: list[tuple[int, Match]]) -> tuple[int, int, int]:
    """Return the rules of a plane whose names are met, doubtful and pending, over all scopes."""
    met = doubtful = pending = 0
    for rules, match in matches:
        met |= index.naming(match.met) & rules
        doubtful |= index.naming(match.doubtful) & rules
        pending |= index.naming(match.pending) & rules
    return met, doubtful, pending
