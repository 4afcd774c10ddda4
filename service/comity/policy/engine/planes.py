"""Planes: one clause of each rule, indexed by what it names in each dimension."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from comity.policy.engine.bits import mask_of
from comity.policy.rules import Clause, Rule


class Dimension(StrEnum):
    """What a clause can name; a negated dimension is one of its own."""

    FACTOR = "factor"
    PLACE = "place"
    POPULATION = "population"
    TRUST = "trust"
    ACTION = "action"
    PRODUCT = "product"
    DEVICE = "device"
    ITEM = "item"
    PURPOSE = "purpose"
    NOT_PRODUCT = "not_product"
    NOT_DEVICE = "not_device"
    NOT_ITEM = "not_item"
    NOT_PURPOSE = "not_purpose"
    LABEL = "label"
    AGE = "age"
    CREATED = "created"


CONNECTING = (Dimension.FACTOR, Dimension.PLACE, Dimension.POPULATION, Dimension.TRUST)
# A dimension none of whose names may be met -> the dimension whose kinds its names are.
NEGATED = {
    Dimension.NOT_PRODUCT: Dimension.PRODUCT,
    Dimension.NOT_DEVICE: Dimension.DEVICE,
    Dimension.NOT_ITEM: Dimension.ITEM,
    Dimension.NOT_PURPOSE: Dimension.PURPOSE,
}
LOW = "low"


def names_of(clause: Clause) -> dict[Dimension, frozenset[Hashable]]:
    """Return what `clause` names, by dimension; dimensions that it doesn't name are left out."""
    named: dict[Dimension, Iterable[Hashable] | None] = {
        Dimension.FACTOR: clause.factors,
        Dimension.PLACE: clause.places,
        Dimension.POPULATION: clause.populations,
        Dimension.TRUST: (LOW,) if clause.low_trust else None,
        Dimension.ACTION: clause.actions,
        Dimension.PRODUCT: clause.products,
        Dimension.DEVICE: clause.devices,
        Dimension.ITEM: clause.items,
        Dimension.PURPOSE: clause.purposes,
        Dimension.NOT_PRODUCT: clause.not_products,
        Dimension.NOT_DEVICE: clause.not_devices,
        Dimension.NOT_ITEM: clause.not_items,
        Dimension.NOT_PURPOSE: clause.not_purposes,
        Dimension.LABEL: clause.labels,
        Dimension.AGE: (clause.age,) if clause.age is not None else None,
        Dimension.CREATED: (clause.created,) if clause.created is not None else None,
    }
    return {key: frozenset(names) for key, names in named.items() if names is not None}


@dataclass(frozen=True, slots=True)
class Index:
    """Who names what in one dimension of one plane.

    Attributes:
        named: rules whose clause names the dimension.
        free: rules whose clause doesn't: the dimension can't fail them.
        postings: name -> the rules whose clause names it.
    """

    named: int
    free: int
    postings: Mapping[Hashable, int]

    def naming(self, names: Iterable[Hashable]) -> int:
        """Return the rules whose clause names any of `names`."""
        postings = self.postings
        found = 0
        for name in names:
            posted = postings.get(name)
            if posted is not None:
                found |= posted
        return found


@dataclass(frozen=True, slots=True)
class Plane:
    """The n-th clause of one part of each rule that has so many.

    Attributes:
        members: rules that have the clause.
        clauses: rule number -> its clause.
        indexes: dimension -> who names what; a dimension that no clause names is left out.
        connecting: rules whose clause names a connecting dimension.
        doubtful_at_low_trust: those of them whose clause doesn't name low trust.
    """

    members: int
    clauses: Mapping[int, Clause]
    indexes: Mapping[Dimension, Index]
    connecting: int
    doubtful_at_low_trust: int


@dataclass(frozen=True, slots=True)
class Planes:
    """All planes, numbered; the parts of a rule are runs of plane numbers.

    Attributes:
        listed: the planes.
        body: numbers of the planes of `applies_to`.
        exceptions: those of `except`.
        person_exceptions: those of `except_person`.
        person_conditions: those of `only_if_person`.
        unconditional: rules without `only_if_person`.
    """

    listed: tuple[Plane, ...]
    body: range
    exceptions: range
    person_exceptions: range
    person_conditions: range
    unconditional: int


def build_planes(rules: Sequence[Rule]) -> Planes:
    """Lay out the clauses of `rules`, whose positions are their numbers."""
    listed: list[Plane] = []
    runs = []
    for part in (
        [rule.body for rule in rules],
        [rule.exceptions for rule in rules],
        [rule.person_exceptions for rule in rules],
        [rule.person_conditions for rule in rules],
    ):
        start = len(listed)
        for ordinal in range(max(map(len, part), default=0)):
            clauses = {n: cs[ordinal] for n, cs in enumerate(part) if len(cs) > ordinal}
            listed.append(_build_plane(clauses, len(rules)))
        runs.append(range(start, len(listed)))
    unconditional = (n for n, rule in enumerate(rules) if not rule.person_conditions)
    body, exceptions, person_exceptions, person_conditions = runs
    return Planes(
        listed=tuple(listed),
        body=body,
        exceptions=exceptions,
        person_exceptions=person_exceptions,
        person_conditions=person_conditions,
        unconditional=mask_of(unconditional, len(rules)),
    )


def _build_plane(clauses: Mapping[int, Clause], width: int) -> Plane:
    """Index one clause of each rule."""
    members = mask_of(clauses, width)
    alike: dict[Dimension, dict[frozenset[Hashable], list[int]]] = {}
    for number, clause in clauses.items():
        for dimension, names in names_of(clause).items():
            alike.setdefault(dimension, {}).setdefault(names, []).append(number)
    connecting = (n for n, clause in clauses.items() if clause.names_connection)
    doubtful = (n for n, c in clauses.items() if c.names_connection and not c.low_trust)
    return Plane(
        members=members,
        clauses=clauses,
        indexes={d: _build_index(groups, members, width) for d, groups in alike.items()},
        connecting=mask_of(connecting, width),
        doubtful_at_low_trust=mask_of(doubtful, width),
    )


def _build_index(
    groups: Mapping[frozenset[Hashable], Sequence[int]], members: int, width: int
) -> Index:
    """Index rules grouped by the set of names that their clauses give for one dimension."""
    postings: dict[Hashable, int] = {}
    named = 0
    for names, numbers in groups.items():
        mask = mask_of(numbers, width)
        named |= mask
        for name in names:
            postings[name] = postings.get(name, 0) | mask
    return Index(named, members & ~named, postings)
