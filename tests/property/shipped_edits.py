"""Edits of the shipped policies, one of each kind that somebody who maintains them makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from comity.domain.effect import Verify, outcome_of
from comity.policy.atlas import Atlas, Span
from comity.policy.compiling.compilation import compile_policies
from comity.policy.lexicon import FactorTerm, Lexicon, Presumption
from comity.policy.rules import Clause, Rule, Ruleset
from comity.policy.timeline import Timeline

DAY = timedelta(days=1)
TODAY = date(2026, 11, 24)
POLICIES = Path(__file__).parents[2] / "policies"


@dataclass(frozen=True)
class Edit:
    """An edit.

    Attributes:
        name: what it does, in a few words.
        new: the rules after it.
    """

    name: str
    new: Ruleset


@cache
def shipped_rules() -> Ruleset:
    """Return the shipped restrictions, compiled."""
    paths = sorted(POLICIES.rglob("*.yaml"))
    files = {str(path.relative_to(POLICIES)): path.read_bytes() for path in paths}
    bundle = compile_policies(files, TODAY).bundle
    assert bundle is not None
    return bundle.eligibility


def edits_of(ruleset: Ruleset) -> Iterator[Edit]:
    """Yield every systematic edit of a set of rules: of its vocabulary, geography and rules."""
    for name, lexicon in _lexicons(ruleset.lexicon):
        yield Edit(name, replace(ruleset, lexicon=lexicon))
    for name, atlas in _atlases(ruleset.atlas):
        yield Edit(name, replace(ruleset, atlas=atlas))
    for rule in ruleset.rules:
        for name, other in _rules(rule):
            rules = tuple(other if r is rule else r for r in ruleset.rules)
            yield Edit(f"{rule.id}: {name}", replace(ruleset, rules=rules))
        rules = tuple(r for r in ruleset.rules if r is not rule)
        yield Edit(f"{rule.id}: gone", replace(ruleset, rules=rules))


def _lexicons(lexicon: Lexicon) -> Iterator[tuple[str, Lexicon]]:
    """Yield the vocabulary with one thing changed."""
    for factor, term in lexicon.factors.items():
        for presume in Presumption:
            if presume is not term.presume and presume is not Presumption.DERIVED:
                factors = {**lexicon.factors, factor: FactorTerm(presume)}
                yield f"presume {factor}: {presume.value}", replace(lexicon, factors=factors)
    for trust in sorted(lexicon.low_trust):
        yield f"trust {trust}", replace(lexicon, low_trust=lexicon.low_trust - {trust})
    yield "trust tor", replace(lexicon, low_trust=lexicon.low_trust | {"tor"})
    for dimension in ("population", "label", "item", "purpose"):
        presumed = {**lexicon.presumed, dimension: "unknown"}
        yield f"presume {dimension}: unknown", replace(lexicon, presumed=presumed)
    presumed = {**lexicon.presumed, "device": "personal"}
    yield "presume device: personal", replace(lexicon, presumed=presumed)
    for dimension, kinds in lexicon.kinds.items():
        for value, above in kinds.items():
            for parent in above:
                fewer = {**kinds, value: tuple(p for p in above if p != parent)}
                changed = {**lexicon.kinds, dimension: fewer}
                yield f"{dimension} {value} no {parent}", replace(lexicon, kinds=changed)
    for product, kinds in lexicon.product_kinds.items():
        for gone in kinds:
            left = tuple(k for k in kinds if k is not gone)
            changed_kinds = {**lexicon.product_kinds, product: left}
            yield (
                f"product {product} no {gone.kind} {gone.jurisdiction}",
                replace(lexicon, product_kinds=changed_kinds),
            )


def _atlases(atlas: Atlas) -> Iterator[tuple[str, Atlas]]:
    """Yield the geography with one member of a group gone, or a day longer in it."""
    for group, members in atlas.groups.items():
        for member, spans in members.items():
            fewer = {m: s for m, s in members.items() if m != member}
            yield f"group {group} without {member}", _with(atlas, group, fewer)
            later = tuple(Span(s.start + DAY if s.start else None, s.end) for s in spans)
            if later != spans:
                shifted = {**members, member: later}
                yield f"group {group} {member} a day later", _with(atlas, group, shifted)


def _with(atlas: Atlas, group: str, members: Mapping[str, tuple[Span, ...]]) -> Atlas:
    return replace(atlas, groups={**atlas.groups, group: members})


def _rules(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """Yield a rule with one thing changed."""
    line = rule.timeline
    for n, instant in enumerate(line.instants):
        shifted = (*line.instants[:n], instant + DAY, *line.instants[n + 1 :])
        if list(shifted) == sorted(set(shifted)):
            yield f"date {n} a day later", replace(rule, timeline=replace(line, instants=shifted))
    asked = tuple(s if s is None else outcome_of([Verify("age")]) for s in line.states)
    if asked != line.states:
        yield "verify age", replace(rule, timeline=replace(line, states=asked))
    if line.schedule is not None:
        yield "no schedule", replace(rule, timeline=Timeline(line.instants, line.states))
    for part in ("exceptions", "person_exceptions", "person_conditions"):
        for n in range(len(getattr(rule, part))):
            left = getattr(rule, part)[:n] + getattr(rule, part)[n + 1 :]
            yield f"without {part} {n}", replace(rule, **{part: left})
    clause = rule.body[0]
    for name, changed in _clauses(clause):
        yield name, replace(rule, body=(changed, *rule.body[1:]))
    yield "part unknown", replace(rule, part_unknown=not rule.part_unknown)
    if len(rule.when_unknown) > 1:
        fewer = {"other": rule.when_unknown["other"]}
        yield "when unknown", replace(rule, when_unknown=fewer)


def _clauses(clause: Clause) -> Iterator[tuple[str, Clause]]:
    """Yield a clause of a body with one thing changed."""
    for factor in ("presence", "residence", "nationality"):
        if clause.factors is not None and factor not in clause.factors:
            yield f"factor {factor}", replace(clause, factors=frozenset({factor}))
    for field in ("populations", "products", "actions", "devices", "labels", "items", "purposes"):
        named = getattr(clause, field)
        if named is not None:
            yield f"any {field}", replace(clause, **{field: None})
            if len(named) > 1:
                gone = min(named)
                yield f"{field} without {gone}", replace(clause, **{field: named - {gone}})
    if clause.age is not None:
        below = clause.age.below_years
        if below is not None:
            age = replace(clause.age, below_years=below - 1)
            yield "age a year lower", replace(clause, age=age)
        yield "any age", replace(clause, age=None)
