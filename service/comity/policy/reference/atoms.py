"""Atoms of a clause, one function a dimension, each with the unknown facts that leave it U."""

from __future__ import annotations

from collections.abc import Iterator

from comity.domain.facts import FactKey, Members, Tie
from comity.policy.lexicon import Lexicon
from comity.policy.reference.dates import age_atom, created_atom
from comity.policy.reference.findings import MET, NOT_MET, Finding, Sight, settled, unsettled
from comity.policy.rules import Clause, Rule

UNNAMED_SUFFIX = "~"  # `official~` is a device of the kind `official` and of none named below it


def atoms_of(clause: Clause, rule: Rule, tie: Tie, sight: Sight) -> Iterator[Finding]:
    """Yield the finding of every atom that `clause` names."""
    yield from _connection_atoms(clause, rule, tie, sight)
    yield from _request_atoms(clause, rule, sight)
    if clause.labels is not None:
        yield _labels(clause.labels, sight)
    if clause.age is not None:
        yield age_atom(clause.age, sight)
    if clause.created is not None:
        yield created_atom(clause.created, sight.facts.account_created)


def _connection_atoms(clause: Clause, rule: Rule, tie: Tie, sight: Sight) -> Iterator[Finding]:
    """Yield the atoms on the connection itself."""
    openness = FactKey("connection", member=tie.factor)
    if clause.factors is not None:
        yield settled(met=tie.factor in clause.factors)
    if clause.places is not None:
        yield unsettled(openness) if tie.ghost else _place(clause.places, rule, tie, sight)
    if clause.populations is not None:
        if tie.ghost:
            yield unsettled(openness)
        else:
            yield member_atom(clause.populations, tie.populations, "population", sight.lexicon, tie)
    if clause.low_trust:
        yield unsettled(openness) if tie.ghost else settled(met=tie.low_trust)


def _request_atoms(clause: Clause, rule: Rule, sight: Sight) -> Iterator[Finding]:
    """Yield the atoms on action, product, device, item and purpose, negations included."""
    facts = sight.facts
    if clause.actions is not None:
        yield value_atom(clause.actions, facts.action, "action", sight.lexicon)
    if clause.devices is not None:
        yield value_atom(clause.devices, facts.device, "device", sight.lexicon)
    if clause.products is not None:
        yield _product(clause.products, rule, sight)
    if clause.items is not None:
        yield member_atom(clause.items, facts.items, "item", sight.lexicon)
    if clause.purposes is not None:
        yield member_atom(clause.purposes, facts.purposes, "purpose", sight.lexicon)
    if clause.not_products is not None:
        yield _negated(_product(clause.not_products, rule, sight))
    if clause.not_devices is not None:
        yield _negated(value_atom(clause.not_devices, facts.device, "device", sight.lexicon))
    if clause.not_items is not None:
        yield _negated(member_atom(clause.not_items, facts.items, "item", sight.lexicon))
    if clause.not_purposes is not None:
        yield _negated(member_atom(clause.not_purposes, facts.purposes, "purpose", sight.lexicon))


def _negated(finding: Finding) -> Finding:
    return Finding(finding.value.negated(), finding.unknown)


def above(dimension: str, value: str, lexicon: Lexicon) -> frozenset[str]:
    """Return `value` and its kinds; the unnamed kind `x~` has the kinds of `x`."""
    if value.endswith(UNNAMED_SUFFIX):
        return lexicon.above(dimension, value.removesuffix(UNNAMED_SUFFIX)) | {value}
    return lexicon.above(dimension, value)


def value_atom(
    named: frozenset[str], value: str | None, dimension: str, lexicon: Lexicon
) -> Finding:
    """Return whether a single value is of a named kind; U if a named kind lies below the value."""
    if value is None:
        return unsettled(FactKey(dimension))
    if above(dimension, value, lexicon) & named:
        return MET
    finer = (kinds for kinds in _kinds_of_all(dimension, named, lexicon) if value in kinds)
    return unsettled(FactKey(dimension)) if any(kinds & named for kinds in finer) else NOT_MET


def _kinds_of_all(dimension: str, named: frozenset[str], lexicon: Lexicon) -> list[frozenset[str]]:
    """Return, for every value of the dimension, the value with its kinds.

    A value may have several kinds: one below a known kind may be of a kind that is not.
    """
    values = named.union(lexicon.kinds.get(dimension, ()))
    return [lexicon.above(dimension, value) for value in values]


def _product(named: frozenset[str], rule: Rule, sight: Sight) -> Finding:
    """Return whether the product is, or is of a kind that is, named; kinds may be dated."""
    product, key = sight.facts.product, FactKey("product")
    if product is None:
        return unsettled(key)
    plain = product.removesuffix(UNNAMED_SUFFIX)
    lexicon, whose, now = sight.lexicon, rule.jurisdiction, sight.now
    if sight.relaxed and _product_may_change(named, product, whose, sight):
        return unsettled(key)
    if (lexicon.product_above(plain, whose, now) | {product}) & named:
        return MET
    if product != plain:
        return NOT_MET
    values = named.union(lexicon.kinds.get("product", ()))
    finer = [kinds for v in values if product in (kinds := lexicon.product_above(v, whose, now))]
    return unsettled(key) if any(kinds & named for kinds in finer) else NOT_MET


def _product_may_change(named: frozenset[str], product: str, whose: str, sight: Sight) -> bool:
    """Return whether time can still change which of `named` the product is."""
    around = products_around(named, product, sight.lexicon)
    return any(sight.lexicon.product_boundaries(value, whose, sight.now) for value in around)


def products_around(named: frozenset[str], product: str, lexicon: Lexicon) -> frozenset[str]:
    """Return the products whose dated kinds matter to whether `product` is one of `named`.

    For a kind, every product: any of them may come to be of that kind.
    """
    plain = product.removesuffix(UNNAMED_SUFFIX)
    parents = {kind for kinds in lexicon.kinds.get("product", {}).values() for kind in kinds}
    dated = {dated.kind for kinds in lexicon.product_kinds.values() for dated in kinds}
    everything = lexicon.product_kinds.keys() if product in parents | dated else frozenset()
    return named.union({plain}, everything)


def member_atom(
    named: frozenset[str],
    members: Members,
    dimension: str,
    lexicon: Lexicon,
    tie: Tie | None = None,
) -> Finding:
    """Return whether a set has a member of a named kind, with the members that would settle it."""
    factor, place = (tie.factor, tie.place) if tie is not None else ("", "")
    if any(above(dimension, member, lexicon) & named for member in members.yes):
        return MET
    finer = frozenset[str]().union(
        *(
            kinds
            for kinds in _kinds_of_all(dimension, named, lexicon)
            if kinds & members.yes and not kinds & members.no
        )
    )
    doubtful = [
        FactKey(dimension, kind, factor, place)
        for kind in named
        if kind in finer or (members.open and not lexicon.above(dimension, kind) & members.no)
    ]
    return unsettled(*doubtful) if doubtful else NOT_MET


def _labels(named: frozenset[str], sight: Sight) -> Finding:
    """Return whether a named label is held; relaxed, one that will expire is in doubt."""
    ending = [
        FactKey("label", label.name)
        for label in sight.facts.labels
        if label.until is not None
        and label.until > sight.now
        and bears_on(label.name, named, sight.lexicon)
    ]
    if sight.relaxed and ending:
        return unsettled(*ending)
    return member_atom(named, sight.facts.label_members(sight.now), "label", sight.lexicon)


def bears_on(label: str, named: frozenset[str], lexicon: Lexicon) -> bool:
    """Return whether holding `label` matters to whether one of `named` is held.

    It does to the kinds that it is of, and to those of which something below it may be.
    """
    lower = (kinds for kinds in _kinds_of_all("label", named, lexicon) if label in kinds)
    return bool(above("label", label, lexicon).union(*lower) & named)


def _place(named: frozenset[str], rule: Rule, tie: Tie, sight: Sight) -> Finding:
    """Return whether the tie's place lies in a named place or a group's member at the instant."""
    atlas, now, key = sight.atlas, sight.now, FactKey("place", factor=tie.factor, place=tie.place)
    if not tie.place:
        return NOT_MET
    if sight.relaxed and any(atlas.member_boundaries(g, tie.place, now) for g in named):
        return unsettled(key)
    places = atlas.expand(named, now)
    if atlas.lies_in(tie.place) & places:
        return MET
    part = any(tie.place in atlas.lies_in(place) for place in places)
    return unsettled(key) if part and rule.part_unknown else NOT_MET
