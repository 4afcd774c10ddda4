"""Bases: what the rules see of the person and the request, all connections left aside."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from comity.domain.facts import Facts
from comity.policy.engine.ages import AgeCell, Ages, BirthTable
from comity.policy.engine.cache import Cache
from comity.policy.engine.columns import Column, Columns, Seen, conjoin
from comity.policy.engine.creations import Creations
from comity.policy.engine.kinds import AllKinds, SetColumns, ValueColumns
from comity.policy.engine.places import Change
from comity.policy.engine.planes import Dimension
from comity.policy.engine.products import Products
from comity.policy.engine.table import RuleTable
from comity.policy.engine.weighing import concerned_by
from comity.policy.lexicon import Lexicon

SINGLE_VALUED: Final = (Dimension.ACTION, Dimension.DEVICE, Dimension.NOT_DEVICE)
SET_VALUED: Final = (Dimension.ITEM, Dimension.NOT_ITEM, Dimension.PURPOSE, Dimension.NOT_PURPOSE)


class Base(NamedTuple):
    """What the rules see of one person and request.

    Attributes:
        general: columns of each dimension, as of now.
        now: for each plane, the rules whose clause meets person and request.
        relaxed: the same with what time can still change taken as unknown.
        concerned: the rules that `now` says anything of, as `concerned_by` tells.
        concerned_later: the same of `relaxed`.
        changes: coming changes of facts, with the rules that name them.
    """

    general: Mapping[Dimension, Columns]
    now: tuple[Column, ...]
    relaxed: tuple[Column, ...]
    concerned: int
    concerned_later: int
    changes: tuple[Change, ...]


class Bases:
    """Sees persons and requests as columns; keeps those seen lately."""

    __slots__ = (
        "_cache",
        "_kinds",
        "_labels",
        "_sets",
        "_table",
        "_values",
        "ages",
        "creations",
        "products",
    )

    def __init__(self, table: RuleTable, lexicon: Lexicon, kinds: AllKinds, limit: int) -> None:
        """Serve the dimensions that the rules of `table` name, keeping some `limit` columns."""
        planes = table.planes
        self._table = table
        self._kinds = kinds
        self.ages = Ages(table, limit)
        self.creations = Creations(table, limit)
        self.products = Products(table, lexicon, limit)
        self._values = {d: ValueColumns(planes, kinds, d, limit) for d in SINGLE_VALUED}
        self._sets = {d: SetColumns(planes, kinds, d, limit) for d in SET_VALUED}
        self._labels = SetColumns(planes, kinds, Dimension.LABEL, limit)
        # Each holds two sets of columns of its own.
        self._cache: Cache[Hashable, Base] = Cache(limit // 2)

    def of(self, facts: Facts, now: datetime, births: BirthTable) -> Base:
        """Return the person and the request of `facts` as the rules see them at `now`."""
        age = self.ages.cell(facts.age, births)
        created = self.creations.cell(facts.account_created)
        if any(label.until is not None for label in facts.labels):
            return self._see(facts, now, age, created)
        key = (
            facts.action,
            facts.product,
            bisect_right(self.products.instants, now),
            facts.device,
            facts.items,
            facts.purposes,
            facts.labels,
            facts.labels_absent,
            facts.labels_open,
            age,
            created,
        )
        return self._cache.get(key) or self._cache.put(key, self._see(facts, now, age, created))

    def _see(self, facts: Facts, now: datetime, age: AgeCell, created: int | None) -> Base:
        """Work out what `of` returns."""
        product = self.products.of(facts.product, now)
        ending = [label for label in facts.labels if label.until is not None and label.until > now]
        names = frozenset(label.name for label in ending)
        seen: dict[Dimension, Seen] = {
            Dimension.ACTION: self._values[Dimension.ACTION].of(facts.action),
            Dimension.DEVICE: self._values[Dimension.DEVICE].of(facts.device),
            Dimension.NOT_DEVICE: self._values[Dimension.NOT_DEVICE].of(facts.device),
            Dimension.PRODUCT: product.named,
            Dimension.NOT_PRODUCT: product.negated,
            Dimension.ITEM: self._sets[Dimension.ITEM].of(facts.items),
            Dimension.NOT_ITEM: self._sets[Dimension.NOT_ITEM].of(facts.items),
            Dimension.PURPOSE: self._sets[Dimension.PURPOSE].of(facts.purposes),
            Dimension.NOT_PURPOSE: self._sets[Dimension.NOT_PURPOSE].of(facts.purposes),
            Dimension.LABEL: self._labels.of(facts.label_members(now), names),
            Dimension.AGE: self.ages.of(age),
            Dimension.CREATED: self.creations.of(created),
        }
        changes = list(product.changes)
        for label in ending:
            naming = self._table.naming[Dimension.LABEL]
            kinds = self._kinds[Dimension.LABEL].around(label.name)
            if label.until is not None:
                changes += [(naming[kind], label.until) for kind in kinds if kind in naming]
        return self._conjoined(seen, tuple(changes))

    def _conjoined(self, seen: Mapping[Dimension, Seen], changes: tuple[Change, ...]) -> Base:
        """Return the base in which all dimensions are `seen`."""
        planes = self._table.planes
        now = relaxed = conjoin(planes.listed, [one.now for one in seen.values()])
        if any(one.relaxed is not one.now for one in seen.values()):
            relaxed = conjoin(planes.listed, [one.relaxed for one in seen.values()])
        return Base(
            general={dimension: one.now for dimension, one in seen.items()},
            now=now,
            relaxed=relaxed,
            concerned=concerned_by(planes, now),
            concerned_later=concerned_by(planes, relaxed),
            changes=changes,
        )
