"""Account creation: which of the bands that rules name an instant lies in."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime

from comity.policy.engine.cache import Cache
from comity.policy.engine.columns import Match, Seen, seen_as, unknown_columns
from comity.policy.engine.planes import Dimension
from comity.policy.engine.table import RuleTable
from comity.policy.rules import CreationBand


class Creations:
    """The creation bands that rules name."""

    __slots__ = ("_bands", "_cache", "_edges", "_planes", "_unknown")

    def __init__(self, table: RuleTable, limit: int) -> None:
        """Index the edges of the bands of `table`."""
        named = table.naming[Dimension.CREATED]
        self._bands = [band for band in named if isinstance(band, CreationBand)]
        self._edges = sorted(
            {edge for band in self._bands for edge in (band.start, band.end) if edge is not None}
        )
        self._planes = table.planes.listed
        self._cache: Cache[int, Seen] = Cache(limit)
        unknown = unknown_columns(self._planes, Dimension.CREATED)
        self._unknown = Seen(unknown, unknown)

    def cell(self, created: datetime | None) -> int | None:
        """Return what the rules can tell of `created`: equal cells answer every band alike."""
        return None if created is None else bisect_right(self._edges, created)

    def of(self, cell: int | None) -> Seen:
        """Return the columns of a cell."""
        if cell is None:
            return self._unknown
        known = self._cache.get(cell)
        if known is not None:
            return known
        met = frozenset(band for band in self._bands if self._holds(band, cell))
        return self._cache.put(cell, seen_as(self._planes, Dimension.CREATED, Match(met)))

    def _holds(self, band: CreationBand, cell: int) -> bool:
        """Return whether the instants of `cell` lie in `band`, which is half-open."""
        passed = self._edges[:cell]
        return (band.start is None or band.start in passed) and band.end not in passed
