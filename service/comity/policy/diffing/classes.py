"""Classes: values of a dimension that leave the same clauses open."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from comity.domain.facts import Members
from comity.domain.truth import Truth
from comity.policy.diffing.clause_sets import Column
from comity.policy.diffing.companies import Company
from comity.policy.diffing.geography import Ground, place_values, stand_ins_of
from comity.policy.diffing.member_sets import all_sets, usual_sets
from comity.policy.diffing.paths import LOW, UNKNOWN_PLACE, Path, Paths
from comity.policy.diffing.scopes import Kind, Scope
from comity.policy.diffing.sights import LEVELS, REQUEST, Sights
from comity.policy.diffing.values import SETS, ask, given, single_values
from comity.policy.reference.atoms import member_atom

NOTHING: Final = frozenset[str]()
DATED: Final = ("place", "product", "age")


@dataclass(frozen=True, slots=True)
class ValueClass:
    """Values that leave the same clauses.

    Attributes:
        values: the values, the usual ones first.
        column: the clauses.
        doubt: clauses of which the value doesn't settle whether they are met.
        unsettled: names of which the value doesn't settle whether they are members.
    """

    values: tuple[Hashable, ...]
    column: Column
    doubt: int
    unsettled: frozenset[str] = frozenset()


class Classes:
    """The values of all dimensions, put into classes; keeps what it has classified.

    Attributes:
        stand_ins: place that stands for others -> the place of which it is the rest; empty for
            everywhere else.
        untried: dimensions of which there are too many sets of members to try.
    """

    def __init__(
        self, sights: Sights, paths: Paths, ground: Ground, zones: int, *, alone: bool = False
    ) -> None:
        """Classify by the clauses of `sights`, whose birthdays fall in so many `zones`.

        If they are those of one rule `alone`, all that they tell apart is tried, whatever is not
        known; else all of which everything is known.
        """
        self._sights = sights
        self._paths = paths
        self._ground = ground
        lexicons = ground.lexicons
        self._values: dict[str, list[Hashable]] = {
            d: single_values(d, sights, lexicons, zones=zones, spans=alone)
            for d in REQUEST
            if d not in SETS
        }
        self.untried = frozenset[str]()
        for dimension in (*SETS, "population"):
            found = (all_sets if alone else usual_sets)(sights.naming_of(dimension), lexicons)
            self._values[dimension] = [*found.sets]
            self.untried |= frozenset() if found.is_complete else {dimension}
        self._values["factor"] = [None, *{**lexicons[0].factors, **lexicons[1].factors}]
        self.stand_ins = stand_ins_of(sights, ground)
        self._values["place"] = [*place_values(sights, ground)]
        moved = lexicons[0].low_trust ^ lexicons[1].low_trust
        self._values["trust"] = ["", LOW, *sorted(moved)]
        self._known: dict[Hashable, list[ValueClass]] = {}
        self._narrow: dict[Hashable, list[ValueClass]] = {}
        self._any = next(iter(lexicons[1].factors), "")

    def outlook(self, now: datetime) -> Hashable:
        """Return how the dimensions are seen whose values change their meaning with time."""
        return tuple(
            tuple((kind.values, kind.column) for kind in self.of(d, (self._any,), Company(), now))
            for d in DATED
        )

    def of(self, dimension: str, path: Path, company: Company, now: datetime) -> list[ValueClass]:
        """Return the classes of a dimension, after what of `path` they depend on."""
        key = self._key(dimension, path, company, now)
        if key not in self._known:
            self._known[key] = self._classify(dimension, path, company, now)
        return self._known[key]

    def _key(self, dimension: str, path: Path, company: Company, now: datetime) -> Hashable:
        """Return all that the classes of a dimension depend on."""
        chosen: Hashable = None
        if dimension in ("place", "population", "trust"):
            chosen = (path[0] is None, path[1:2] == (UNKNOWN_PLACE,))
        among = company if dimension == "factor" else None
        return dimension, chosen, among, self._sights.dating(dimension, now)

    def narrowed(
        self,
        dimension: str,
        path: Path,
        company: Company,
        now: datetime,
        alive: int,
        *,
        known: bool,
    ) -> list[ValueClass]:
        """Return the classes, put together where clauses that are `alive` see no difference.

        If all is to be `known`, those are left out that leave any clause in doubt.
        """
        # Low trust leaves in doubt what other dimensions of the connection are named by.
        matter = alive if dimension == "trust" else alive & self._sights.naming_any(dimension)
        key = (self._key(dimension, path, company, now), matter, known)
        if key not in self._narrow:
            alike: dict[Hashable, list[ValueClass]] = {}
            for kind in self.of(dimension, path, company, now):
                if known and (kind.doubt or is_doubtful(dimension, kind.values[0])):
                    continue
                mark: Hashable = None
                if dimension not in REQUEST:
                    ghost = kind.values[0] == UNKNOWN_PLACE
                    mark = (ghost, self.mark(dimension, kind.values[0], company))
                certain, possible = kind.column
                doubt = self._sights.doubt(dimension, kind.doubt & matter, kind.unsettled)
                alike.setdefault((certain & matter, possible & matter, doubt, mark), []).append(
                    kind
                )
            self._narrow[key] = [_together(kinds, matter) for kinds in alike.values()]
        return self._narrow[key]

    def _classify(
        self, dimension: str, path: Path, company: Company, now: datetime
    ) -> list[ValueClass]:
        """Put the values of a dimension into classes."""
        values = self._values[dimension]
        if dimension != "factor" and dimension not in REQUEST:
            values = self._possible(dimension, path)
        alike: dict[tuple[Column, frozenset[str], Hashable], list[Hashable]] = {}
        for value in values:
            mark = None if dimension in REQUEST else self.mark(dimension, value, company)
            column = self.column(dimension, value, path, now)
            unsettled = self._unsettled(dimension, value) if column[0] != column[1] else NOTHING
            alike.setdefault((column, unsettled, mark), []).append(value)
        return [ValueClass(tuple(v), c, c[1] & ~c[0], u) for (c, u, _), v in alike.items()]

    def _unsettled(self, dimension: str, value: Hashable) -> frozenset[str]:
        """Return the names of which `value` doesn't settle, in a revision, whether they are met."""
        if not isinstance(value, Members):
            return NOTHING
        return frozenset(
            name
            for name in self._sights.own_names(dimension)
            for lexicon in self._ground.lexicons
            if member_atom(frozenset({name}), value, dimension, lexicon).value is Truth.U
        )

    def mark(self, dimension: str, value: Hashable, company: Company) -> Hashable:
        """Return what the person's other connections depend on."""
        if dimension == "factor":
            derives = self._paths.derives(value, company)
            alone = value if derives or not self._paths.alike else None
            return value is None, self._paths.base(value, company), derives, alone
        return self.is_open(value)

    @staticmethod
    def is_open(value: Hashable) -> bool:
        """Return whether a set may have members that are not named."""
        return isinstance(value, Members) and value.open

    def _possible(self, dimension: str, path: Path) -> list[Hashable]:
        """Return the values of a connecting dimension that a connection so far can have."""
        if path[0] is None:
            return [None]
        if dimension == "place":
            unknown = [] if self._ground.without else [UNKNOWN_PLACE]
            return [*self._values["place"], *unknown]
        if path[1] == UNKNOWN_PLACE:
            return [None]
        if dimension == "trust" and self._ground.without:
            return [""]
        return self._values[dimension]

    def column(self, dimension: str, value: Any, path: Path, now: datetime) -> Column:  # noqa: ANN401
        """Return how clauses see one value."""
        sights = self._sights
        if dimension in REQUEST:
            return sights.of_request(dimension, ask([given(dimension, value, now)]), now)
        ties = self._paths.ties((*path, value))
        column = sights.of_tie(dimension, ties, now)
        if dimension == "trust" and ties[1].factor:
            return sights.capped(column, ties)
        return column

    def scopes(self, now: datetime, own: Collection[str]) -> dict[str, Scope]:
        """Return each dimension at `now` as the rules `own` see it."""
        return {dimension: self._scope(dimension, now, own) for dimension in LEVELS}

    def _scope(self, dimension: str, now: datetime, own: Collection[str]) -> Scope:
        """Return one dimension as the rules `own` see it."""
        clauses, names = self._sights.naming(dimension, own)
        foreign = self._sights.of_others(dimension, clauses)
        path = (self._any, self._ground.neutral)
        alike: dict[Column, list[tuple[int, Hashable]]] = {}
        for kind in self.of(dimension, path, Company(), now):
            certain, possible = kind.column
            number = (possible & foreign).bit_count()
            if not kind.doubt:
                several = alike.setdefault((certain & clauses, possible & clauses), [])
                several += [(number, value) for value in kind.values]
        kinds = tuple(map(_kind, alike.values()))
        everything = frozenset[Hashable]().union(*(kind.values for kind in kinds))
        return Scope(everything, kinds, names)


def _together(kinds: Sequence[ValueClass], matter: int) -> ValueClass:
    """Return classes as one, of which the clauses that `matter` see no difference."""
    values = tuple(value for kind in kinds for value in kind.values)
    return ValueClass(values, kinds[0].column, kinds[0].doubt & matter, kinds[0].unsettled)


def _kind(values: Sequence[tuple[int, Hashable]]) -> Kind:
    """Return values as one kind, each given with the number of other clauses that name it."""
    fewest = min(number for number, _ in values)
    plain = frozenset(value for number, value in values if number == fewest)
    return Kind(frozenset(value for _, value in values), plain)


def is_doubtful(dimension: str, value: Hashable) -> bool:
    """Return whether a value of a connecting dimension leaves the connection in doubt."""
    return (dimension, value) in (("place", UNKNOWN_PLACE), ("trust", LOW))
