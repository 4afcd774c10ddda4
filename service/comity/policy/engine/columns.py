"""Columns: for one value of one dimension, which rules it meets for certain and which possibly."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from comity.policy.engine.planes import NEGATED, Dimension, Index, Plane

# The rules of a plane that a value meets for certain, and those that it possibly meets. Rules
# whose clause doesn't name the dimension are in both.
Column = tuple[int, int]
# One column a plane; None where no clause of the plane names the dimension.
Columns = tuple[Column | None, ...]
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """Which names a value meets.

    Attributes:
        met: names that it meets for certain.
        doubtful: names that it meets perhaps, unless it meets another.
        pending: names for which that can still change after the instant asked.
    """

    met: frozenset[Hashable] = NOTHING
    doubtful: frozenset[Hashable] = NOTHING
    pending: frozenset[Hashable] = NOTHING


class Seen(NamedTuple):
    """The columns of one value of one dimension.

    Attributes:
        now: as of the instant asked.
        relaxed: with what time can still change taken as unknown; the same object if nothing can.
    """

    now: Columns
    relaxed: Columns


def fold(index: Index, met: int, doubtful: int, pending: int = 0) -> Column:
    """Return the column of rules that name one of several things, any of which will do."""
    return index.free | (met & ~pending), index.free | met | doubtful | pending


def fold_negated(index: Index, met: int, doubtful: int, pending: int = 0) -> Column:
    """Return the column of rules that name several things none of which may be met."""
    settled = index.named & ~pending
    return (
        index.free | (settled & ~(met | doubtful)),
        index.free | (settled & ~met) | (index.named & pending),
    )


def columns_for(planes: Sequence[Plane], dimension: Dimension, match: Match) -> Columns:
    """Return the columns of a value that meets what `match` says, in every plane."""
    combine = fold_negated if dimension in NEGATED else fold
    columns: list[Column | None] = []
    for plane in planes:
        index = plane.indexes.get(dimension)
        if index is None:
            columns.append(None)
            continue
        naming = index.naming
        met, doubtful = naming(match.met), naming(match.doubtful)
        columns.append(combine(index, met, doubtful, naming(match.pending)))
    return tuple(columns)


def unknown_columns(planes: Sequence[Plane], dimension: Dimension) -> Columns:
    """Return the columns of a value that is not known: every rule that names it is in doubt."""
    return tuple(
        (index.free, plane.members) if (index := plane.indexes.get(dimension)) else None
        for plane in planes
    )


def seen_as(planes: Sequence[Plane], dimension: Dimension, match: Match) -> Seen:
    """Return the columns of `match` now and relaxed."""
    now = columns_for(planes, dimension, Match(match.met, match.doubtful))
    return Seen(now, columns_for(planes, dimension, match) if match.pending else now)


def conjoin(planes: Sequence[Plane], sights: Sequence[Columns]) -> tuple[Column, ...]:
    """Return, for every plane, the rules whose clause meets all of `sights`."""
    combined = []
    for number, plane in enumerate(planes):
        certain = possible = plane.members
        for columns in sights:
            column = columns[number]
            if column is not None:
                certain &= column[0]
                possible &= column[1]
        combined.append((certain, possible))
    return tuple(combined)
