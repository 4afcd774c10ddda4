"""Which facts of a question a rule names and is met by: the "why" beside each reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from comity.domain.facts import NULL_TIE, AtLeastYears, BornBetween, FactKey, Facts, Members, Tie
from comity.policy.atlas import Atlas
from comity.policy.engine.ages import latest_birth
from comity.policy.lexicon import Lexicon
from comity.policy.rules import AgeBand, Clause, Rule


@dataclass(frozen=True, slots=True)
class Ground:
    """What a rule is held against.

    Attributes:
        facts: the facts of the question, presumptions applied.
        lexicon: compiled vocabulary.
        atlas: compiled geography.
        now: the instant asked.
    """

    facts: Facts
    lexicon: Lexicon
    atlas: Atlas
    now: datetime


def match_facts(rule: Rule, ties: Iterable[Tie], ground: Ground) -> tuple[FactKey, ...]:
    """Return the facts by which `rule` meets the question on `ties`, sorted, one a value.

    A clause that a known fact rules out gives nothing; an unknown fact is passed over.
    """
    found: set[FactKey] = set()
    for clause in rule.body:
        for tie in tuple(ties) or (NULL_TIE,):
            found |= _met(clause, rule, tie, ground)
    return tuple(sorted(found))


def _met(clause: Clause, rule: Rule, tie: Tie, ground: Ground) -> set[FactKey]:
    """Return the facts by which `clause` is met on `tie`; none if a known fact rules it out."""
    found: set[FactKey] = set()
    for atom in _atoms(clause, rule, tie, ground):
        if atom is None:
            return set()
        found |= atom
    return found


Atom = frozenset[FactKey] | None
"""The facts by which an atom is met, none if it is in doubt; None if a known fact rules it out."""

IN_DOUBT: Atom = frozenset()


def _atoms(clause: Clause, rule: Rule, tie: Tie, ground: Ground) -> Iterator[Atom]:
    """Yield every atom that `clause` names."""
    facts, now = ground.facts, ground.now
    yield from _connection_atoms(clause, rule, tie, ground)
    for dimension, named, value in (
        ("action", clause.actions, facts.action),
        ("device", clause.devices, facts.device),
    ):
        if named is not None:
            yield _value(dimension, named, value, ground)
    if clause.products is not None:
        yield _product(clause.products, rule, ground)
    for dimension, named, members in (
        ("item", clause.items, facts.items),
        ("purpose", clause.purposes, facts.purposes),
    ):
        if named is not None:
            yield _members(dimension, named, members, ground)
    if clause.labels is not None:
        yield _members("label", clause.labels, facts.label_members(now), ground)
    yield from _negated_atoms(clause, rule, ground)
    if clause.age is not None:
        yield _age(clause.age, ground)
    if clause.created is not None and facts.account_created is not None:
        start, end, created = clause.created.start, clause.created.end, facts.account_created
        inside = (start is None or start <= created) and (end is None or created < end)
        yield frozenset({FactKey("account_created")}) if inside else None


def _negated_atoms(clause: Clause, rule: Rule, ground: Ground) -> Iterator[Atom]:
    """Yield the atoms that name what may not be met: nothing of a fact, unless it rules out."""
    facts = ground.facts
    met = []
    if clause.not_products is not None:
        met.append(_product(clause.not_products, rule, ground))
    if clause.not_devices is not None:
        met.append(_value("device", clause.not_devices, facts.device, ground))
    if clause.not_items is not None:
        met.append(_members("item", clause.not_items, facts.items, ground))
    if clause.not_purposes is not None:
        met.append(_members("purpose", clause.not_purposes, facts.purposes, ground))
    yield from (None if atom else IN_DOUBT for atom in met)


def _connection_atoms(clause: Clause, rule: Rule, tie: Tie, ground: Ground) -> Iterator[Atom]:
    """Yield the atoms on the connection itself; factor and place are told by the tie."""
    if clause.factors is not None and tie.factor not in clause.factors:
        yield None
    if tie.ghost:
        return
    if clause.places is not None:
        places = ground.atlas.expand(clause.places, ground.now)
        met = bool(ground.atlas.lies_in(tie.place) & places)
        part = rule.part_unknown and any(tie.place in ground.atlas.lies_in(p) for p in places)
        yield IN_DOUBT if met or part else None
    if clause.populations is not None:
        yield _members("population", clause.populations, tie.populations, ground, tie)
    if clause.low_trust:
        key = FactKey("trust", "low", tie.factor, tie.place)
        yield frozenset({key}) if tie.low_trust else None


def _value(dimension: str, named: frozenset[str], value: str | None, ground: Ground) -> Atom:
    """Return by what a single value meets `named`."""
    if value is None:
        return IN_DOUBT
    if ground.lexicon.above(dimension, value) & named:
        return frozenset({FactKey(dimension, value)})
    finer = any(value in ground.lexicon.above(dimension, kind) for kind in named)
    return IN_DOUBT if finer else None


def _product(named: frozenset[str], rule: Rule, ground: Ground) -> Atom:
    """Return by what the product meets `named`, dated kinds included."""
    product = ground.facts.product
    if product is not None:
        kinds = ground.lexicon.product_above(product, rule.jurisdiction, ground.now)
        if kinds & named:
            return frozenset({FactKey("product", product)})
    return _value("product", named, product, ground)


def _members(
    dimension: str,
    named: frozenset[str],
    members: Members,
    ground: Ground,
    tie: Tie = NULL_TIE,
) -> Atom:
    """Return by which members a set meets `named`."""
    lexicon = ground.lexicon
    met = {member for member in members.yes if lexicon.above(dimension, member) & named}
    if met:
        return frozenset(FactKey(dimension, m, tie.factor, tie.place) for m in met)
    finer = any(lexicon.above(dimension, kind) & members.yes for kind in named)
    return IN_DOUBT if finer or members.open else None


def _age(band: AgeBand, ground: Ground) -> Atom:
    """Return whether the age lies in the band for certain, perhaps, or not."""
    key = frozenset({FactKey("age")})
    today = ground.now.astimezone(ZoneInfo(band.zone)).date()
    match ground.facts.age:
        case None:
            return IN_DOUBT
        case AtLeastYears(years):
            if band.below_years is None:
                return key if years >= (band.from_years or 0) else IN_DOUBT
            return None if years >= band.below_years else IN_DOUBT
        case BornBetween(earliest, latest):
            at_most = None if band.from_years is None else latest_birth(today, band.from_years)
            over = None if band.below_years is None else latest_birth(today, band.below_years)
            too_young = at_most is not None and earliest > at_most
            too_old = over is not None and latest <= over
            if too_young or too_old:
                return None
            surely_old_enough = at_most is None or latest <= at_most
            surely_young_enough = over is None or earliest > over
            return key if surely_old_enough and surely_young_enough else IN_DOUBT
