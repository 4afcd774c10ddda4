"""Connections: the columns of one tie, with the caps of ties that are in doubt."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from comity.domain.facts import Members, Tie, tie_order
from comity.policy.engine.cache import Cache
from comity.policy.engine.columns import (
    Column,
    Columns,
    Match,
    columns_for,
    conjoin,
    unknown_columns,
)
from comity.policy.engine.kinds import SetColumns
from comity.policy.engine.places import Change, Places
from comity.policy.engine.planes import CONNECTING, LOW, Dimension, Plane
from comity.policy.engine.table import RuleTable
from comity.policy.engine.weighing import concerned_by

TieKey = tuple[str, str, Members, bool, bool, bool, int]
TieOrder = tuple[str, str, bool, bool, list[str], list[str], bool, str]


class SeenTie(NamedTuple):
    """What rules see of one connection.

    Attributes:
        now: for each plane, the rules whose clause meets the connection, caps applied.
        relaxed: the same with what time can still change taken as unknown.
        parts: the columns of each connecting dimension by itself, as of now, caps left out.
        ghost: whether the connection stands for those that are not known.
        changes: rules that name a group to which the place is to come or which it is to leave.
        concerned: the rules that `now` says anything of, as `concerned_by` tells.
        concerned_later: the same of `relaxed`.
    """

    now: tuple[Column, ...]
    relaxed: tuple[Column, ...]
    parts: Mapping[Dimension, Columns]
    ghost: bool
    changes: tuple[Change, ...]
    concerned: int
    concerned_later: int


class Met(NamedTuple):
    """A connection, with what rules see of it.

    Attributes:
        order: sorts connections.
        tie: the connection.
        seen: what rules see of it.
    """

    order: TieOrder
    tie: Tie
    seen: SeenTie


class Ties:
    """The columns of connections."""

    __slots__ = (
        "_cache",
        "_factors",
        "_met",
        "_places",
        "_planes",
        "_populations",
        "_table_planes",
        "_trust",
        "_unknown",
    )

    def __init__(
        self, table: RuleTable, places: Places, populations: SetColumns, limit: int
    ) -> None:
        """Combine `places` and `populations` with factors and trust."""
        self._table_planes = table.planes
        self._planes = table.planes.listed
        self._places = places
        self._populations = populations
        self._cache: Cache[TieKey, SeenTie] = Cache(limit)
        # By identity: a connection that is given again is most often the very same.
        self._met: Cache[tuple[int, int], Met] = Cache(limit)
        self._factors: Cache[str, Columns] = Cache(limit)
        self._trust = (
            columns_for(self._planes, Dimension.TRUST, Match()),
            columns_for(self._planes, Dimension.TRUST, Match(met=frozenset({LOW}))),
        )
        self._unknown = {d: unknown_columns(self._planes, d) for d in CONNECTING}

    def meet(self, ties: Iterable[Tie], now: datetime) -> list[Met]:
        """Return what rules see of those of `ties` that exist at `now` or will, in their order."""
        segment = bisect_right(self._places.instants, now)
        met = []
        for tie in ties:
            if tie.until is not None and tie.until <= now:
                continue
            known = self._met.get((id(tie), segment))
            if known is None or known.tie is not tie:
                known = Met(tie_order(tie), tie, self._of(tie, now, segment))
                if tie.until is None and tie.since is None:  # nothing else changes with time
                    self._met.put((id(tie), segment), known)
            met.append(known)
        met.sort(key=_order)
        return met

    def _of(self, tie: Tie, now: datetime, segment: int) -> SeenTie:
        """Return what rules see of `tie`, which exists at `now` or will."""
        moving = tie.until is not None or (tie.since is not None and tie.since > now)
        key = (
            tie.factor,
            tie.place,
            tie.populations,
            tie.low_trust,
            tie.ghost,
            moving,
            segment,
        )
        return self._cache.get(key) or self._cache.put(key, self._see(tie, now, moving=moving))

    def _factor(self, factor: str) -> Columns:
        """Return the columns of a connecting factor."""
        known = self._factors.get(factor)
        if known is not None:
            return known
        match = Match(met=frozenset({factor}))
        return self._factors.put(factor, columns_for(self._planes, Dimension.FACTOR, match))

    def _see(self, tie: Tie, now: datetime, *, moving: bool) -> SeenTie:
        """Combine the dimensions of `tie`."""
        factor = self._factor(tie.factor)
        changes: tuple[Change, ...] = ()
        if tie.ghost:
            parts = {**self._unknown, Dimension.FACTOR: factor}
            relaxed = parts
        else:
            place = self._places.of(tie.place, now)
            populations = self._populations.of(tie.populations)
            parts = {
                Dimension.FACTOR: factor,
                Dimension.PLACE: place.seen.now,
                Dimension.POPULATION: populations.now,
                Dimension.TRUST: self._trust[tie.low_trust],
            }
            relaxed = {**parts, Dimension.PLACE: place.seen.relaxed}
            changes = place.changes
        settled = self._capped(conjoin(self._planes, list(parts.values())), tie)
        still = relaxed[Dimension.PLACE] is parts[Dimension.PLACE]
        loose = settled
        if not still:
            loose = self._capped(conjoin(self._planes, list(relaxed.values())), tie)
        if moving:
            loose = _cap(self._planes, loose)
        concerned = concerned_by(self._table_planes, settled)
        later = concerned if loose is settled else concerned_by(self._table_planes, loose)
        return SeenTie(settled, loose, parts, tie.ghost, changes, concerned, later)

    def _capped(self, columns: tuple[Column, ...], tie: Tie) -> tuple[Column, ...]:
        """Leave in doubt the clauses that name a connecting dimension of a doubtful tie."""
        if tie.ghost:
            return _cap(self._planes, columns)
        if tie.low_trust:
            return tuple(
                (certain & ~plane.doubtful_at_low_trust, possible)
                for plane, (certain, possible) in zip(self._planes, columns, strict=True)
            )
        return columns


def _order(met: Met) -> TieOrder:
    return met.order


def _cap(planes: tuple[Plane, ...], columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Leave in doubt every clause that names a connecting dimension."""
    return tuple(
        (certain & ~plane.connecting, possible)
        for plane, (certain, possible) in zip(planes, columns, strict=True)
    )
