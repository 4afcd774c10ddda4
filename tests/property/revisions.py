"""Generated revisions: a policy set, and the same after somebody worked on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from comity.domain.facts import Facts
from comity.domain.question import Question
from comity.policy import reference
from comity.policy.lexicon import FactorTerm, Presumption
from comity.policy.presumptions import resolve
from comity.policy.rules import Clause, Modality, Rule, Ruleset
from comity.policy.timeline import Timeline
from property.choices import Choices, chance, pick
from property.questions import build_question
from property.situations import build_age, build_now
from property.vocabulary import KINDS, PLACES, build_atlas, build_lexicon, instant
from property.worlds import Limits, build_clause, build_outcome, build_rule, build_ruleset

PARTS = ("body", "exceptions", "person_exceptions", "person_conditions")


@dataclass(frozen=True)
class Revised:
    """A policy set before and after an edit."""

    old: Ruleset
    new: Ruleset


def build_revised(choices: Choices) -> Revised:
    """Return a policy set of few rules and what one or two edits make of it."""
    old = new = build_ruleset(choices, Limits(rules=3))
    for _ in range(choices.integer(1, 2)):
        new = pick(choices, EDITS)(choices, new)
    return Revised(old, new)


def _swap(ruleset: Ruleset, rule: Rule, other: Rule) -> Ruleset:
    return replace(ruleset, rules=tuple(other if r is rule else r for r in ruleset.rules))


def _add(choices: Choices, ruleset: Ruleset) -> Ruleset:
    rule = build_rule(choices, Limits(), 9, list(ruleset.rules))
    return ruleset if "rule-9" in ruleset.by_id else replace(ruleset, rules=(*ruleset.rules, rule))


def _remove(choices: Choices, ruleset: Ruleset) -> Ruleset:
    if len(ruleset.rules) == 1:
        return ruleset
    gone = pick(choices, ruleset.rules)
    kept = tuple(
        replace(r, derogates=tuple(i for i in r.derogates if i != gone.id))
        for r in ruleset.rules
        if r is not gone
    )
    return replace(ruleset, rules=kept)


def _shift(choices: Choices, ruleset: Ruleset) -> Ruleset:
    """Move an instant of a rule by a day, or turn one of its times about."""
    rule = pick(choices, ruleset.rules)
    line = rule.timeline
    if line.instants and chance(choices, 60):
        last = line.instants[-1] + timedelta(days=1)
        line = replace(line, instants=(*line.instants[:-1], last))
    else:
        line = Timeline(line.instants, tuple(reversed(line.states)), line.schedule)
    return _swap(ruleset, rule, replace(rule, timeline=line))


def _drop_clause(choices: Choices, ruleset: Ruleset) -> Ruleset:
    rule = pick(choices, ruleset.rules)
    part = pick(choices, PARTS)
    clauses = getattr(rule, part)
    if not clauses or (part == "body" and len(clauses) == 1):
        return ruleset
    return _swap(ruleset, rule, replace(rule, **{part: clauses[1:]}))


def _add_clause(choices: Choices, ruleset: Ruleset) -> Ruleset:
    rule = pick(choices, ruleset.rules)
    part = pick(choices, PARTS)
    clause = build_clause(choices, Limits(), connecting=0 if part == "exceptions" else 100)
    return _swap(ruleset, rule, replace(rule, **{part: (*getattr(rule, part), clause)}))


def _drop_atom(choices: Choices, ruleset: Ruleset) -> Ruleset:
    rule = pick(choices, ruleset.rules)
    clause = rule.body[0]
    named = [f.name for f in fields(Clause) if getattr(clause, f.name) not in (None, False)]
    if not named:
        return ruleset
    name = pick(choices, named)
    gone: Any = False if name == "low_trust" else None
    changed = (replace(clause, **{name: gone}), *rule.body[1:])
    return _swap(ruleset, rule, replace(rule, body=changed))


def _restate(choices: Choices, ruleset: Ruleset) -> Ruleset:
    """Change an outcome, what is asked in doubt, or how parts of a country are seen."""
    rule = pick(choices, ruleset.rules)
    if rule.modality is Modality.FORBID and chance(choices, 50):
        outcome = build_outcome(choices)
        states = tuple(None if s is None else outcome for s in rule.timeline.states)
        line = replace(rule.timeline, states=states)
        return _swap(ruleset, rule, replace(rule, timeline=line))
    if chance(choices, 50):
        return _swap(ruleset, rule, replace(rule, part_unknown=not rule.part_unknown))
    return _swap(ruleset, rule, replace(rule, when_unknown={"other": rule.when_unknown["other"]}))


def _redraw(choices: Choices, ruleset: Ruleset) -> Ruleset:
    """Change groups or dated kinds."""
    if chance(choices, 50):
        return replace(ruleset, atlas=build_atlas(choices))
    other = build_lexicon(choices)
    return replace(ruleset, lexicon=replace(ruleset.lexicon, product_kinds=other.product_kinds))


def _presume_otherwise(choices: Choices, ruleset: Ruleset) -> Ruleset:
    """Change what is presumed of a factor, a set or a device, what is trusted, or who hints."""
    lexicon = ruleset.lexicon
    factor = pick(choices, tuple(lexicon.factors))
    term = FactorTerm(pick(choices, (Presumption.OPEN, Presumption.CLOSED)))
    dimension = pick(choices, ("population", "label", "item", "purpose", "device"))
    presumed = "personal" if dimension == "device" else "unknown"
    changes: dict[str, Any] = pick(
        choices,
        (
            {"factors": {**lexicon.factors, factor: term}},
            {"low_trust": lexicon.low_trust ^ {pick(choices, ("vpn", "wired"))}},
            {"presumed": {**lexicon.presumed, dimension: presumed}},
            {"indicators": {}},
        ),
    )
    return replace(ruleset, lexicon=replace(lexicon, **changes))


def _regroup(choices: Choices, ruleset: Ruleset) -> Ruleset:
    """Take a value out of its kinds."""
    lexicon = ruleset.lexicon
    dimension = pick(choices, ("action", "device", "item", "population", "label", "purpose"))
    kinds = lexicon.kinds[dimension]
    value = pick(choices, [v for v in kinds if kinds[v]])
    changed = {**lexicon.kinds, dimension: {**kinds, value: kinds[value][1:]}}
    return replace(ruleset, lexicon=replace(lexicon, kinds=changed))


def build_widely_revised(choices: Choices) -> Revised:
    """Return a policy set of few rules and what an edit of its vocabulary or groups makes of it."""
    old = build_ruleset(choices, Limits(rules=3))
    return Revised(old, pick(choices, WIDE)(choices, old))


def _rule_otherwise(choices: Choices, ruleset: Ruleset) -> Ruleset:
    """Change when a ruling expires, or take it back."""
    if not ruleset.rulings:
        return ruleset
    ruling = pick(choices, ruleset.rulings)
    kept = tuple(r for r in ruleset.rulings if r is not ruling)
    if chance(choices, 50):
        kept = (*kept, replace(ruling, expires=instant(choices)))
    return replace(ruleset, rulings=kept)


EDITS = (
    _add,
    _remove,
    _shift,
    _drop_clause,
    _add_clause,
    _drop_atom,
    _restate,
    _redraw,
    _rule_otherwise,
)

WIDE = (_presume_otherwise, _presume_otherwise, _regroup, _redraw)


def questions(
    choices: Choices, revised: Revised, count: int
) -> Iterator[tuple[Question, datetime]]:
    """Yield questions, most of which come near a rule of either revision."""
    for _ in range(count):
        question = build_question(choices)
        rules = pick(choices, (revised.old, revised.new)).rules
        if chance(choices, 85):
            question = _aim(choices, question, pick(choices, rules))
        yield question, build_now(choices)


def _aim(choices: Choices, question: Question, rule: Rule) -> Question:
    """Return `question` moved towards a rule."""
    clause = pick(choices, (*rule.body, *rule.body, *rule.exceptions))
    changes: dict[str, Any] = {}
    for field, name in (("actions", "action"), ("products", "product"), ("devices", "device")):
        named = getattr(clause, field)
        if named and chance(choices, 85):
            changes[name] = pick(choices, sorted(named))
    for field in ("items", "purposes"):
        named = getattr(clause, field)
        if named and chance(choices, 75):
            changes[field] = frozenset({pick(choices, sorted(named))})
    if clause.age is not None:
        changes["age"] = build_age(choices)
    unknown = {k: v for k, v in question.unknown.items() if k not in changes}
    ties = []
    for tie in question.connections:
        here = [p for p in sorted(clause.places or ()) if p in PLACES]
        changed: dict[str, Any] = {"trust": ""} if chance(choices, 50) else {}
        if clause.factors and chance(choices, 80):
            changed["factor"] = pick(choices, sorted(clause.factors))
        if here and chance(choices, 80):
            changed["place"] = pick(choices, here)
        if clause.populations and chance(choices, 80):
            named = sorted(clause.populations & KINDS["population"].keys())
            changed["populations"] = frozenset({pick(choices, named)}) if named else frozenset()
        ties.append(replace(tie, **changed))
    return replace(question, unknown=unknown, connections=tuple(ties), **changes)


def told(ruleset: Ruleset, question: Question, now: datetime) -> tuple[object, ...]:
    """Return what counts of the reference evaluator's answer."""
    facts: Facts = resolve(question, ruleset.lexicon, ruleset.atlas)
    decision = reference.evaluate(ruleset, facts, now)
    return decision.outcome, decision.determination, decision.missing_facts
