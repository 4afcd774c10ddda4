"""Scenes: the facts of a question as columns, now and relaxed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from comity.domain.facts import NULL_TIE, Facts
from comity.policy.engine.ages import BirthTable
from comity.policy.engine.bases import Base, Bases
from comity.policy.engine.columns import Column
from comity.policy.engine.kinds import SetColumns, kinds_by_dimension
from comity.policy.engine.places import Change, Places
from comity.policy.engine.planes import Dimension
from comity.policy.engine.table import RuleTable
from comity.policy.engine.ties import Met, SeenTie, Ties
from comity.policy.engine.weighing import Sighting
from comity.policy.rules import Ruleset

MASKS_BYTES_KEPT = 4_000_000  # what one cache of columns may hold, about
LEAST_KEPT, MOST_KEPT = 64, 4096


class Sight(NamedTuple):
    """Facts at one instant, before connections are combined with the rest.

    Attributes:
        facts: the facts.
        base: what the rules see of person and request.
        met: the connections that exist or will, with what the rules see of each, in order.
        concerned: whether any answer can depend on them, now or later.
    """

    facts: Facts
    base: Base
    met: Sequence[Met]
    concerned: bool


class Scene(NamedTuple):
    """Everything that the rules see at one instant.

    Attributes:
        facts: the facts.
        now: the instant.
        base: what they see of person and request.
        ties: what the rules see of each connection by itself.
        sightings: each connection combined with `base`, in the order of `ties`.
        relaxed_sightings: connections that exist or will, combined with what `base` may become.
        changes: coming changes of facts, with the rules that name them.
    """

    facts: Facts
    now: datetime
    base: Base
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

    __slots__ = ("_table", "_ties", "bases", "kinds", "places")

    def __init__(self, ruleset: Ruleset, table: RuleTable) -> None:
        """Serve the dimensions that the rules of `table` name."""
        limit = entries_kept(table)
        planes = table.planes
        self._table = table
        self.kinds = kinds_by_dimension(table.naming, ruleset.lexicon)
        self.bases = Bases(table, ruleset.lexicon, self.kinds, limit)
        self.places = Places(table, ruleset.atlas, limit)
        populations = SetColumns(planes, self.kinds, Dimension.POPULATION, limit)
        self._ties = Ties(table, self.places, populations, limit)

    def look(self, facts: Facts, now: datetime, births: BirthTable) -> Sight:
        """Return `facts` as the rules see them part by part at `now`."""
        base = self.bases.of(facts, now, births)
        met = self._ties.meet((NULL_TIE, *facts.ties), now)
        at_once, later = base.concerned, base.concerned_later
        for _, _, seen in met:
            if at_once & seen.concerned or later & seen.concerned_later:
                return Sight(facts, base, met, concerned=True)
        return Sight(facts, base, met, concerned=False)

    def see(self, sight: Sight, now: datetime) -> Scene:
        """Return `sight`, that of `now`, with connections combined with person and request."""
        facts, base, met, _ = sight
        changes = list(base.changes)
        ties: list[SeenTie] = []
        sightings: list[Sighting] = []
        relaxed: list[Sighting] = []
        for _, tie, seen in met:
            changes += seen.changes
            if tie.since is not None or tie.until is not None:
                edges = (tie.since, tie.until)
                changes += [(self._table.connecting, edge) for edge in edges if edge and edge > now]
            both = base.concerned & seen.concerned
            sighting = Sighting(tie, _both(base.now, seen.now) if both else ())
            if tie.since is None or tie.since <= now:
                ties.append(seen)
                sightings.append(sighting)
            if seen.relaxed is not seen.now or base.relaxed is not base.now:
                both = base.concerned_later & seen.concerned_later
                sighting = Sighting(tie, _both(base.relaxed, seen.relaxed) if both else ())
            relaxed.append(sighting)
        return Scene(facts, now, base, ties, sightings, relaxed, changes)


def _both(base: Sequence[Column], tie: Sequence[Column]) -> list[Column]:
    """Return what meets both person and request, and a connection."""
    return [
        (certain & tie_certain, possible & tie_possible)
        for (certain, possible), (tie_certain, tie_possible) in zip(base, tie, strict=True)
    ]
