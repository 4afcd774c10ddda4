"""Values with kinds above and below them: actions, devices, and the members of sets."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from comity.domain.facts import Members
from comity.policy.engine.cache import Cache
from comity.policy.engine.columns import NOTHING, Match, Seen, seen_as, unknown_columns
from comity.policy.engine.planes import NEGATED, Dimension, Planes
from comity.policy.lexicon import Lexicon

UNNAMED_SUFFIX = "~"  # `official~`: of the kind `official`, of none that is named below it


class Kinds:
    """What lies above and below the values of one dimension, as far as rules name it."""

    __slots__ = ("_above", "_below", "_dimension", "_lexicon", "_values", "named")

    def __init__(self, dimension: str, named: Iterable[Hashable], lexicon: Lexicon) -> None:
        """Index the kinds of `dimension`; `named` are the names that rules use."""
        self._dimension = dimension
        self._lexicon = lexicon
        self.named: frozenset[str] = frozenset(str(name) for name in named)
        self._above = {name: lexicon.above(dimension, name) for name in self.named}
        self._values = self.named.union(lexicon.kinds.get(dimension, ()))
        below: dict[str, set[str]] = {}
        for value in self._values:
            kinds = lexicon.above(dimension, value)
            for kind in kinds - {value}:
                below.setdefault(kind, set()).update(kinds & self.named)
        self._below = {kind: frozenset(names) for kind, names in below.items()}

    def above(self, value: str) -> frozenset[str]:
        """Return `value` and every kind that it is of."""
        known = self._above.get(value)
        if known is not None:
            return known
        plain = value.removesuffix(UNNAMED_SUFFIX)
        kinds = self._lexicon.above(self._dimension, plain)
        return kinds if plain == value else kinds | {value}

    def below(self, value: str) -> frozenset[str]:
        """Return the names of which a value below `value` may be: it may be that, or none."""
        return self._below.get(value, NOTHING)

    def around(self, value: str) -> frozenset[str]:
        """Return the names to which it matters whether `value` is in a set."""
        return self.above(value) | self.below(value)

    def match_value(self, value: str) -> Match:
        """Return what a single value meets."""
        return Match(self.above(value), self.below(value))

    def match_members(self, members: Members) -> Match:
        """Return what a set meets."""
        met: set[str] = set()
        for member in members.yes:
            met |= self.above(member)
        return Match(frozenset(met), self.doubtful(members))

    def doubtful(self, members: Members) -> frozenset[str]:
        """Return the names that a further member of the set may meet."""
        if members.open:
            return frozenset(name for name in self.named if not self.above(name) & members.no)
        if not members.no:
            return NOTHING.union(*map(self.below, members.yes))
        finer = (kinds for value in self._values if (kinds := self.above(value)) & members.yes)
        return self.named.intersection(NOTHING.union(*(k for k in finer if not k & members.no)))


AllKinds = Mapping[Dimension, Kinds]


class ValueColumns:
    """Columns of a single value, such as the device."""

    __slots__ = ("_cache", "_dimension", "_kinds", "_planes", "_unknown")

    def __init__(self, planes: Planes, kinds: AllKinds, dimension: Dimension, limit: int) -> None:
        """Serve `dimension` of `planes`, keeping at least `limit` values."""
        self._planes = planes.listed
        self._kinds = kinds[NEGATED.get(dimension, dimension)]
        self._dimension = dimension
        self._cache: Cache[str, Seen] = Cache(limit)
        unknown = unknown_columns(self._planes, dimension)
        self._unknown = Seen(unknown, unknown)

    def of(self, value: str | None) -> Seen:
        """Return the columns of `value`; None is a value that is not known."""
        if value is None:
            return self._unknown
        known = self._cache.get(value)
        if known is not None:
            return known
        match = self._kinds.match_value(value)
        return self._cache.put(value, seen_as(self._planes, self._dimension, match))


class SetColumns:
    """Columns of a set of members, such as the purposes."""

    __slots__ = ("_cache", "_dimension", "_kinds", "_planes")

    def __init__(self, planes: Planes, kinds: AllKinds, dimension: Dimension, limit: int) -> None:
        """Serve `dimension` of `planes`, keeping at least `limit` sets."""
        self._planes = planes.listed
        self._kinds = kinds[NEGATED.get(dimension, dimension)]
        self._dimension = dimension
        self._cache: Cache[tuple[Members, frozenset[str]], Seen] = Cache(limit)

    def of(self, members: Members, ending: frozenset[str] = NOTHING) -> Seen:
        """Return the columns of `members`, those in `ending` to leave after the instant asked."""
        key = (members, ending)
        known = self._cache.get(key)
        if known is not None:
            return known
        match = self._kinds.match_members(members)
        if ending:
            pending = frozenset[str]().union(*map(self._kinds.around, ending))
            match = Match(match.met, match.doubtful, pending)
        return self._cache.put(key, seen_as(self._planes, self._dimension, match))


def kinds_by_dimension(
    naming: Mapping[Dimension, Mapping[Hashable, int]], lexicon: Lexicon
) -> AllKinds:
    """Return the kinds of every dimension that has them, but for products, which are dated."""
    with_kinds = (
        Dimension.ACTION,
        Dimension.DEVICE,
        Dimension.ITEM,
        Dimension.PURPOSE,
        Dimension.POPULATION,
        Dimension.LABEL,
    )
    return {d: Kinds(d.value, naming[d], lexicon) for d in with_kinds}
