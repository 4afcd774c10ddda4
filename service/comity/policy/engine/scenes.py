"""Scenes: the facts of a question as columns, now and relaxed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.domain.facts import NULL_TIE, Facts, tie_order
from comity.policy.engine.ages import Ages, BirthTable
from comity.policy.engine.columns import Column, Columns, Seen, conjoin
from comity.policy.engine.creations import Creations
from comity.policy.engine.kinds import SetColumns, ValueColumns, kinds_by_dimension
from comity.policy.engine.places import Change, Places
from comity.policy.engine.planes import Dimension
from comity.policy.engine.products import Products
from comity.policy.engine.table import RuleTable
from comity.policy.engine.ties import SeenTie, Ties
from comity.policy.engine.weighing import Sighting
from comity.policy.rules import Ruleset

MASKS_BYTES_KEPT = 4_000_000  # what one cache of columns may hold, about
LEAST_KEPT, MOST_KEPT = 64, 4096
SINGLE_VALUED = (Dimension.ACTION, Dimension.DEVICE, Dimension.NOT_DEVICE)
SET_VALUED = (Dimension.ITEM, Dimension.NOT_ITEM, Dimension.PURPOSE, Dimension.NOT_PURPOSE)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the rules see at one instant.

    Attributes:
        facts: the facts.
        now: the instant.
        general: columns of each dimension of person and request, as of now.
        base: for each plane, the rules whose clause meets person and request.
        relaxed_base: the same with what time can still change taken as unknown.
        ties: what the rules see of each connection by itself.
        sightings: each connection combined with `base`; in the order of `ties`.
        relaxed_sightings: connections that exist or will, combined with `relaxed_base`.
        changes: coming changes of facts, with the rules that name them.
    """

    facts: Facts
    now: datetime
    general: Mapping[Dimension, Columns]
    base: tuple[Column, ...]
    relaxed_base: tuple[Column, ...]
    ties: Sequence[SeenTie]
    sightings: Sequence[Sighting]
    relaxed_sightings: Sequence[Sighting]
    changes: Sequence[Change]


def entries_kept(table: RuleTable) -> int:
    """Return how many columns a cache may keep, by their size."""
    octets = sum(plane.members.bit_length() for plane in table.planes.listed) // 4 + 1
    return max(LEAST_KEPT, min(MOST_KEPT, MASKS_BYTES_KEPT // octets))


class Scenery:
    """Sees facts as columns; keeps the columns of values seen lately."""

    __slots__ = (
        "_labels",
        "_planes",
        "_sets",
        "_table",
        "_ties",
        "_values",
        "ages",
        "creations",
        "kinds",
        "places",
        "products",
    )

    def __init__(self, ruleset: Ruleset, table: RuleTable) -> None:
        """Serve the dimensions that the rules of `table` name."""
        limit = entries_kept(table)
        planes = table.planes
        self._table = table
        self._planes = planes.listed
        self.kinds = kinds_by_dimension(table.naming, ruleset.lexicon)
        self.ages = Ages(table, limit)
        self.creations = Creations(table, limit)
        self.places = Places(table, ruleset.atlas, limit)
        self.products = Products(table, ruleset.lexicon, limit)
        self._values = {d: ValueColumns(planes, self.kinds, d, limit) for d in SINGLE_VALUED}
        self._sets = {d: SetColumns(planes, self.kinds, d, limit) for d in SET_VALUED}
        self._labels = SetColumns(planes, self.kinds, Dimension.LABEL, limit)
        populations = SetColumns(planes, self.kinds, Dimension.POPULATION, limit)
        self._ties = Ties(table, self.places, populations, limit)

    def see(self, facts: Facts, now: datetime, births: BirthTable) -> Scene:
        """Return `facts` as the rules see them at `now`."""
        general, changes = self._see_general(facts, now, births)
        base = conjoin(self._planes, [seen.now for seen in general.values()])
        relaxed_base = base
        if any(seen.relaxed is not seen.now for seen in general.values()):
            relaxed_base = conjoin(self._planes, [seen.relaxed for seen in general.values()])
        listed = sorted((NULL_TIE, *facts.ties), key=tie_order)
        ties: list[SeenTie] = []
        sightings: list[Sighting] = []
        relaxed: list[Sighting] = []
        for tie in listed:
            if tie.until is not None and tie.until <= now:
                continue
            seen = self._ties.of(tie, now)
            changes += seen.changes
            edges = (tie.since, tie.until)
            changes += [(self._table.connecting, edge) for edge in edges if edge and edge > now]
            sighting = Sighting(tie, _both(base, seen.now))
            if tie.since is None or tie.since <= now:
                ties.append(seen)
                sightings.append(sighting)
            if seen.relaxed is not seen.now or relaxed_base is not base:
                sighting = Sighting(tie, _both(relaxed_base, seen.relaxed))
            relaxed.append(sighting)
        plain = {dimension: seen.now for dimension, seen in general.items()}
        return Scene(facts, now, plain, base, relaxed_base, ties, sightings, relaxed, changes)

    def _see_general(
        self, facts: Facts, now: datetime, births: BirthTable
    ) -> tuple[dict[Dimension, Seen], list[Change]]:
        """Return the columns of person and request, and their coming changes."""
        product = self.products.of(facts.product, now)
        ending = [label for label in facts.labels if label.until is not None and label.until > now]
        names = frozenset(label.name for label in ending)
        general = {
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
            Dimension.AGE: self.ages.of(self.ages.cell(facts.age, births)),
            Dimension.CREATED: self.creations.of(self.creations.cell(facts.account_created)),
        }
        changes = list(product.changes)
        for label in ending:
            naming = self._table.naming[Dimension.LABEL]
            kinds = self.kinds[Dimension.LABEL].around(label.name)
            if label.until is not None:
                changes += [(naming[kind], label.until) for kind in kinds if kind in naming]
        return general, changes


def _both(base: Sequence[Column], tie: Sequence[Column]) -> list[Column]:
    """Return what meets both person and request, and a connection."""
    return [
        (certain & tie_certain, possible & tie_possible)
        for (certain, possible), (tie_certain, tie_possible) in zip(base, tie, strict=True)
    ]
