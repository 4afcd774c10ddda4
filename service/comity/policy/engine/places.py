"""Places: which named places and groups a connection's place meets, by segment of time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.policy.atlas import Atlas, Span
from comity.policy.engine.cache import Cache
from comity.policy.engine.columns import Column, Columns, Match, Seen, fold
from comity.policy.engine.planes import Dimension
from comity.policy.engine.table import RuleTable

# Rules to which something happens at an instant, if they are in force.
Change = tuple[int, datetime]


@dataclass(frozen=True, slots=True)
class SeenPlace:
    """What rules see of one place in one segment of time.

    Attributes:
        seen: its columns.
        changes: rules that name a group whose membership is to change there, with the instant.
    """

    seen: Seen
    changes: tuple[Change, ...]


class Places:
    """The places and groups that rules name.

    A segment is a stretch of time in which no membership changes.
    """

    __slots__ = ("_atlas", "_below", "_cache", "_member_of", "_table", "instants")

    def __init__(self, table: RuleTable, atlas: Atlas, limit: int) -> None:
        """Index what `table` names by the places that lie in it and those it lies in."""
        self._table = table
        self._atlas = atlas
        named = [str(name) for name in table.naming[Dimension.PLACE]]
        groups = [name for name in named if atlas.is_group(name)]
        self._member_of: dict[str, list[tuple[str, tuple[Span, ...]]]] = {}
        for group in groups:
            for member, spans in atlas.groups[group].items():
                self._member_of.setdefault(member, []).append((group, spans))
        self._below: dict[str, set[str]] = {}
        for place in {*named, *self._member_of}.difference(groups):
            for container in atlas.lies_in(place) - {place}:
                self._below.setdefault(container, set()).add(place)
        self.instants: list[datetime] = sorted(
            {
                edge
                for memberships in self._member_of.values()
                for _, spans in memberships
                for span in spans
                for edge in (span.start, span.end)
                if edge is not None
            }
        )
        self._cache: Cache[tuple[str, int], SeenPlace] = Cache(limit)

    def of(self, place: str, now: datetime) -> SeenPlace:
        """Return what rules see of `place` at `now`."""
        key = (place, bisect_right(self.instants, now))
        return self._cache.get(key) or self._cache.put(key, self._see(place, now))

    def _see(self, place: str, now: datetime) -> SeenPlace:
        """Fold the match of `place` into columns."""
        match, changes = self._match(place, now) if place else (Match(), ())
        settled = self._columns(Match(match.met, match.doubtful))
        relaxed = self._columns(match) if match.pending else settled
        return SeenPlace(Seen(settled, relaxed), changes)

    def _match(self, place: str, now: datetime) -> tuple[Match, tuple[Change, ...]]:
        """Return which names `place` meets at `now`, and the coming changes of groups around it."""
        around = self._atlas.lies_in(place)
        below = self._below.get(place, set())
        pending: dict[str, datetime] = {}
        for member in around | below:
            for group, spans in self._member_of.get(member, ()):
                for span in spans:
                    for edge in span.boundaries_after(now):
                        pending[group] = min(edge, pending.get(group, edge))
        naming = self._table.naming[Dimension.PLACE]
        return (
            Match(
                met=around | self._groups_of(around, now),
                doubtful=frozenset(below) | self._groups_of(below, now),
                pending=frozenset(pending),
            ),
            tuple((naming[group], edge) for group, edge in pending.items()),
        )

    def _groups_of(self, places: frozenset[str] | set[str], now: datetime) -> frozenset[str]:
        """Return the groups that have one of `places` as a member at `now`."""
        return frozenset(
            group
            for place in places
            for group, spans in self._member_of.get(place, ())
            if any(span.holds(now) for span in spans)
        )

    def _columns(self, match: Match) -> Columns:
        """Return the columns of `match`; only some rules leave a part of a country in doubt."""
        columns: list[Column | None] = []
        for plane in self._table.planes.listed:
            index = plane.indexes.get(Dimension.PLACE)
            if index is None:
                columns.append(None)
                continue
            doubtful = index.naming(match.doubtful) & self._table.part_unknown
            columns.append(
                fold(index, index.naming(match.met), doubtful, index.naming(match.pending))
            )
        return tuple(columns)


def next_after(instants: Sequence[datetime], now: datetime) -> datetime | None:
    """Return the first of the ascending `instants` after `now`, or None."""
    at = bisect_right(instants, now)
    return instants[at] if at < len(instants) else None


def last_until(instants: Sequence[datetime], now: datetime) -> datetime | None:
    """Return the last of the ascending `instants` that is not after `now`, or None."""
    at = bisect_right(instants, now)
    return instants[at - 1] if at else None
