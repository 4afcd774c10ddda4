"""Member sets: enough sets of members to stand for all that clauses tell apart.

Let clauses name a dimension by the sets of names G1 ... Gn. Of a closed set S of members they see
no more than which Gi have a name that a member of S is of, and which have one of which S leaves
open whether something in it is. Both are unions over the members of S, one by one. So what is seen
of S is seen of a subset with at most one member for each Gi that is met and one for each that is in
doubt, and no other member of S is needed: the bound follows from the clauses. The unions of what
single members show, each once, are all that there is (`_unions`).

A set may also be open, with members known to be absent. Then a Gi that isn't met is in doubt unless
all its names are excluded. Let F be the Gi that are neither met nor in doubt; to exclude the names
of these leaves every other Gi as it is: a name below an excluded one is excluded itself, so a Gi of
which all names were excluded that way would be in F. So of absent members no more need be tried
than the unions of whole Gi (`_absences`). A closed set with absent members leaves nothing in doubt
that such an open set doesn't, and is seen like it.

Which fact is missing is told apart by the cells into which the Gi cut the names: names of one cell
stand in the same clauses. Sets that contradict themselves, with a member that is absent, are left
out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from comity.domain.facts import Members
from comity.domain.truth import Truth
from comity.policy.lexicon import Lexicon
from comity.policy.reference.atoms import member_atom

FEW: Final = 4
MOST_SETS: Final = 400
WITH_ABSENT: Final = ("label", "population")

Names = frozenset[str]
Hits = tuple[int, ...]
"""For each vocabulary the tested sets that are met, and those that may be, as bits."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What clauses name in a dimension of sets.

    Attributes:
        dimension: the dimension.
        groups: the sets of names, each once.
        in_cells: whether the cells into which these cut the names are told apart as well.
    """

    dimension: str
    groups: tuple[Names, ...]
    in_cells: bool = False

    @property
    def names(self) -> Names:
        """All names."""
        return frozenset[str]().union(*self.groups)

    def tested(self, lexicons: Sequence[Lexicon]) -> list[Names]:
        """Return the sets of names that are told apart."""
        moved = {n for n in self.names if len({x.above(self.dimension, n) for x in lexicons}) > 1}
        found = [*self.groups, *(frozenset({name}) for name in sorted(moved))]
        if self.in_cells:
            cells: dict[tuple[bool, ...], set[str]] = {}
            for name in self.names:
                cells.setdefault(tuple(name in group for group in self.groups), set()).add(name)
            found += [frozenset(cell) for cell in cells.values()]
        return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class MemberSets:
    """Sets of members.

    Attributes:
        sets: the sets, the usual ones first.
        is_complete: whether they stand for all that there are.
    """

    sets: tuple[Members, ...]
    is_complete: bool = True


def usual_sets(naming: Naming, lexicons: Sequence[Lexicon]) -> MemberSets:
    """Return sets that stand for all closed ones, and some others."""
    relevant, several = _relevant(naming, lexicons)
    dimension = naming.dimension
    most = 3 if len(several) <= FEW else 2
    closed = [frozenset[str](), *(frozenset({v}) for v in _with_spare(relevant, naming, lexicons))]
    closed += [frozenset(c) for n in range(2, most + 1) for c in combinations(several, n)]
    unions = _unions(several, naming, naming.groups, lexicons)
    closed += unions
    found = [Members(yes) for yes in closed]
    found += [Members(frozenset(c), open=True) for n in (0, 1) for c in combinations(several, n)]
    if dimension in WITH_ABSENT:
        found += _partly_denied(dimension, relevant, several, lexicons[1])
    return MemberSets(tuple(dict.fromkeys(found)), len(unions) < MOST_SETS)


def all_sets(naming: Naming, lexicons: Sequence[Lexicon]) -> MemberSets:
    """Return sets that stand for all, closed or open, that clauses tell apart."""
    relevant, _ = _relevant(naming, lexicons)
    tested = naming.tested(lexicons)
    single = [frozenset({v}) for v in _with_spare(relevant, naming, lexicons)]
    unions = _unions(relevant, naming, tested, lexicons)
    absences = _absences(naming, tested, relevant, lexicons)
    alike: dict[Hashable, Members] = {}
    for yes in (frozenset[str](), *single, *unions):
        for no in absences:
            if any(x.above(naming.dimension, m) & no for m in yes for x in lexicons):
                continue
            for is_open in (False, True):
                members = Members(yes, no, is_open)
                alike.setdefault(_seen(naming, tested, members, lexicons), members)
    sets = [Members(), *map(Members, single), *alike.values()]
    whole = max(len(unions), len(absences), len(alike)) < MOST_SETS
    return MemberSets(tuple(dict.fromkeys(sets)), whole)


def _relevant(naming: Naming, lexicons: Sequence[Lexicon]) -> tuple[list[str], list[str]]:
    """Return the values above or below a name, and of those that clauses see alike one each."""
    dimension, names = naming.dimension, naming.names
    kinds: dict[str, list[Names]] = {}
    below: dict[str, list[Names]] = {}
    for value in sorted(
        {*names, *(v for lexicon in lexicons for v in lexicon.kinds.get(dimension, ()))}
    ):
        kinds[value] = [lexicon.above(dimension, value) & names for lexicon in lexicons]
        below[value] = [lexicon.below(dimension, value) & names for lexicon in lexicons]
    relevant = [value for value in kinds if any((*kinds[value], *below[value]))]
    relevant += [v for v in kinds if v not in relevant and _has_kin(naming, v, lexicons)]
    alike: dict[Hashable, str] = {}
    for value in sorted(relevant):
        alike.setdefault((*kinds[value], *below[value]), value)
    return sorted(relevant), list(alike.values())


def _has_kin(naming: Naming, value: str, lexicons: Sequence[Lexicon]) -> bool:
    """Return whether something is of `value` and of a name."""
    dimension = naming.dimension
    return any(
        value in (above := lexicon.above(dimension, other)) and above & naming.names
        for lexicon in lexicons
        for other in lexicon.kinds.get(dimension, ())
    )


def _with_spare(relevant: Sequence[str], naming: Naming, lexicons: Sequence[Lexicon]) -> list[str]:
    """Return the values, and one that no clause is about."""
    others = sorted(lexicons[1].kinds.get(naming.dimension, ()))
    return [*relevant, *[v for v in others if v not in relevant][:1]]


def _unions(
    values: Iterable[str], naming: Naming, tested: Sequence[Names], lexicons: Sequence[Lexicon]
) -> list[Names]:
    """Return a smallest set of `values` for each union of what single ones show, up to a bound."""
    found: dict[Hits, Names] = {(0,) * (2 * len(lexicons)): frozenset()}
    for value in values:
        hits = _hits(naming.dimension, value, tested, lexicons)
        for known, members in list(found.items()):
            union = tuple(a | b for a, b in zip(known, hits, strict=True))
            more = members | {value}
            if union not in found or len(more) < len(found[union]):
                found[union] = more
        if len(found) >= MOST_SETS:
            break
    return list(found.values())[:MOST_SETS]


def _hits(dimension: str, value: str, tested: Sequence[Names], lexicons: Sequence[Lexicon]) -> Hits:
    """Return which of the `tested` sets a member meets, and which it may meet."""
    found: list[int] = []
    for lexicon in lexicons:
        certain = lexicon.above(dimension, value)
        values = {*lexicon.kinds.get(dimension, ()), *(n for names in tested for n in names)}
        kinds = (lexicon.above(dimension, other) for other in values)
        possible = frozenset[str]().union(*(k for k in kinds if value in k))
        found += [
            sum(1 << n for n, names in enumerate(tested) if names & seen)
            for seen in (certain, possible)
        ]
    return tuple(found)


def _absences(
    naming: Naming, tested: Sequence[Names], relevant: Sequence[str], lexicons: Sequence[Lexicon]
) -> list[Names]:
    """Return the sets of absent members to be tried, up to a bound.

    Where only one revision takes a set for open, all sets of absent members are.
    """
    found = {frozenset[str](): None}
    if naming.dimension not in WITH_ABSENT:
        return list(found)
    presumed = {lexicon.presumed.get(naming.dimension) for lexicon in lexicons}
    units = list(tested)
    if len(presumed) > 1:
        units += [frozenset({value}) for value in relevant]
    for unit in units:
        found |= {known | unit: None for known in list(found)}
        if len(found) >= MOST_SETS:
            break
    return list(found)[:MOST_SETS]


def _seen(
    naming: Naming, tested: Sequence[Names], members: Members, lexicons: Sequence[Lexicon]
) -> Hashable:
    """Return how the tested sets of names are seen in `members` by each vocabulary."""
    dimension = naming.dimension
    seen: list[Truth] = []
    for lexicon in lexicons:
        taken = members
        if lexicon.presumed.get(dimension) == "unknown":
            taken = Members(members.yes, members.no, open=True)
        seen += [member_atom(names, taken, dimension, lexicon).value for names in tested]
    # What is derived from a connection takes over whether its populations are open.
    return tuple(seen), members.open and dimension == "population"


def _partly_denied(
    dimension: str, relevant: Sequence[str], several: Sequence[str], lexicon: Lexicon
) -> Iterator[Members]:
    """Yield sets that leave few members in doubt: all others are known not to be in them."""
    for value in relevant:
        kinds, below = lexicon.above(dimension, value), lexicon.below(dimension, value)
        for spared in (kinds, kinds | below):
            denied = frozenset(v for v in relevant if not lexicon.above(dimension, v) & spared)
            yield Members(no=denied, open=True)
            for member in several:
                if not lexicon.above(dimension, member) & denied:
                    yield Members(frozenset({member}), denied, open=True)
        for finer in below:
            yield Members(frozenset({value}), frozenset({finer}))
