"""What each missing fact would lead to, and which presumptions an answer rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from comity.domain.decision import Decision, Determination
from comity.domain.effect import Effect
from comity.domain.facts import (
    Age,
    AtLeastYears,
    BornBetween,
    FactKey,
    Facts,
    Label,
    Members,
    Tie,
)
from comity.domain.question import Question
from comity.policy.engine.kinds import UNNAMED_SUFFIX
from comity.policy.lexicon import Lexicon
from comity.policy.presumptions import ghost, resolve
from comity.policy.rules import Clause, Ruleset

Evaluate = Callable[[Facts, datetime], Decision]
MOST_EVALUATIONS = 256
SINGLE_VALUED = frozenset({"action", "product", "device"})
ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Alternative:
    """What an answer would be if one missing fact were known.

    Attributes:
        fact: the missing fact.
        value: the value supposed: a name (a kind stands for what is of it and of none below it),
            `yes`, `no`, `none`, `confirmed`, `dropped`, an age in completed years, or an instant.
        effect: the headline then.
        determination: whether that would be settled.
    """

    fact: FactKey
    value: str
    effect: Effect
    determination: Determination


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would lead elsewhere.

    Attributes:
        alternatives: for each missing fact, its possible values with their answers.
        presumptions: presumed facts whose presumption the answer rests on: lifted, status or
            effect would change.
        complete: False if there was more to try than is evaluated for one call.
    """

    alternatives: tuple[Alternative, ...]
    presumptions: tuple[FactKey, ...]
    complete: bool


def explain(evaluate: Evaluate, ruleset: Ruleset, question: Question, now: datetime) -> Explanation:
    """Try every value of every missing fact and lift every presumption, one at a time."""
    facts = resolve(question, ruleset.lexicon, ruleset.atlas)
    decision = evaluate(facts, now)
    spent = 0
    alternatives = []
    for key in decision.missing_facts:
        for value, supposed in _suppositions(key, facts, ruleset, decision, now):
            if spent >= MOST_EVALUATIONS:
                break
            spent += 1
            then = evaluate(supposed, now)
            alternatives.append(Alternative(key, value, then.effect, then.determination))
    presumptions = []
    for key in facts.presumed:
        if spent >= MOST_EVALUATIONS:
            break
        spent += 1
        then = evaluate(_lift(key, facts), now)
        if (then.effect, then.determination) != (decision.effect, decision.determination):
            presumptions.append(key)
    return Explanation(tuple(alternatives), tuple(presumptions), spent < MOST_EVALUATIONS)


def _suppositions(
    key: FactKey, facts: Facts, ruleset: Ruleset, decision: Decision, now: datetime
) -> Iterator[tuple[str, Facts]]:
    """Yield each value that the fact `key` may have, and the facts with it."""
    match key.dimension:
        case dimension if dimension in SINGLE_VALUED:
            yield from _value_suppositions(dimension, facts, ruleset.lexicon)
        case "age":
            for years in _ages_that_matter(ruleset, decision):
                day = _birthday(now.date(), years)
                if _may_be(facts.age, day, years):
                    yield str(years), replace(facts, age=BornBetween(day, day))
        case "account_created":
            for instant in _creations_that_matter(ruleset, decision):
                yield instant.isoformat(), replace(facts, account_created=instant)
        case "label":
            yield "yes", replace(facts, labels=facts.labels | {Label(key.member)})
            yield "no", replace(facts, labels_absent=facts.labels_absent | {key.member})
        case "item":
            yield "yes", replace(facts, items=_with(facts.items, key.member))
            yield "no", replace(facts, items=_without(facts.items, key.member))
        case "purpose":
            yield "yes", replace(facts, purposes=_with(facts.purposes, key.member))
            yield "no", replace(facts, purposes=_without(facts.purposes, key.member))
        case _:
            yield from _connection_suppositions(key, facts)


def _value_suppositions(
    dimension: str, facts: Facts, lexicon: Lexicon
) -> Iterator[tuple[str, Facts]]:
    """Yield the values that a fact may have, given what is known of it."""
    known = {"action": facts.action, "product": facts.product, "device": facts.device}[dimension]
    values = lexicon.kinds.get(dimension, {})
    for value in sorted(values):
        if known is None or known in lexicon.above(dimension, value):
            unnamed = bool(lexicon.below(dimension, value))
            supposed = f"{value}{UNNAMED_SUFFIX}" if unnamed else value
            yield value, _with_value(facts, dimension, supposed)


def _with_value(facts: Facts, dimension: str, value: str | None) -> Facts:
    """Return `facts` with another action, product or device."""
    match dimension:
        case "action":
            return replace(facts, action=value)
        case "product":
            return replace(facts, product=value)
        case _:
            return replace(facts, device=value)


def _connection_suppositions(key: FactKey, facts: Facts) -> Iterator[tuple[str, Facts]]:
    """Yield the values of a fact about a connection."""
    ours = [t for t in facts.ties if (t.factor, t.place) == (key.factor, key.place)]
    match key.dimension:
        case "connection":
            others = frozenset(t for t in facts.ties if not (t.ghost and t.factor == key.member))
            yield "none", replace(facts, ties=others)
        case "population":
            for value, change in (("yes", _with), ("no", _without)):
                changed = [replace(t, populations=change(t.populations, key.member)) for t in ours]
                yield value, _swap(facts, ours, changed)
        case "trust":
            yield "confirmed", _swap(facts, ours, [replace(t, low_trust=False) for t in ours])
            yield "dropped", _swap(facts, ours, [])


def _swap(facts: Facts, old: list[Tie], new: list[Tie]) -> Facts:
    """Return `facts` with the ties `old` exchanged for `new`."""
    return replace(facts, ties=(facts.ties - frozenset(old)) | frozenset(new))


def _with(members: Members, member: str) -> Members:
    return Members(members.yes | {member}, members.no - {member}, members.open)


def _without(members: Members, member: str) -> Members:
    return Members(members.yes, members.no | {member}, members.open)


def _birthday(today: date, years: int) -> date:
    """Return a day of birth of somebody who completed `years` some days before `today`."""
    return today - timedelta(days=round(years * 365.2425) + 3)


def _may_be(known: Age | None, day: date, years: int) -> bool:
    """Return whether somebody of whom `known` is known may be born on `day`, `years` ago."""
    match known:
        case BornBetween(earliest, latest):
            return earliest <= day <= latest
        case AtLeastYears(least):
            return years >= least
        case None:
            return True


def _clauses_concerned(ruleset: Ruleset, decision: Decision) -> Iterator[Clause]:
    """Yield the clauses of the rules that bear on the answer, and of those that derogate them."""
    concerned = {reason.rule_id for reason in decision.reasons}
    preferred = {r.require_rule_id for r in ruleset.rulings if r.forbid_rule_id in concerned}
    for rule in ruleset.rules:
        if rule.id in concerned | preferred or concerned.intersection(rule.derogates):
            yield from rule.body
            yield from rule.exceptions
            yield from rule.person_exceptions
            yield from rule.person_conditions


def _ages_that_matter(ruleset: Ruleset, decision: Decision) -> list[int]:
    """Return completed years on both sides of every age boundary of the rules concerned."""
    ages: set[int] = set()
    for clause in _clauses_concerned(ruleset, decision):
        if clause.age is not None:
            for years in (clause.age.from_years, clause.age.below_years):
                ages |= {years - 1, years} if years else set()
    return sorted(ages)


def _creations_that_matter(ruleset: Ruleset, decision: Decision) -> list[datetime]:
    """Return instants on both sides of every creation boundary of the rules concerned."""
    instants: set[datetime] = set()
    for clause in _clauses_concerned(ruleset, decision):
        if clause.created is not None:
            for edge in (clause.created.start, clause.created.end):
                instants |= {edge - ONE_SECOND, edge} if edge is not None else set()
    return sorted(instants)


def _lift(key: FactKey, facts: Facts) -> Facts:
    """Return `facts` without the presumption about `key`."""
    ours = [t for t in facts.ties if (t.factor, t.place) == (key.factor, key.place)]
    match key.dimension:
        case "label":
            return replace(facts, labels_open=True)
        case "item":
            return replace(facts, items=facts.items._replace(open=True))
        case "purpose":
            return replace(facts, purposes=facts.purposes._replace(open=True))
        case "population":
            opened = [replace(t, populations=t.populations._replace(open=True)) for t in ours]
            return _swap(facts, ours, opened)
        case "place":
            return _swap(facts, ours, [ghost(key.factor)])
        case "connection":
            return replace(facts, ties=facts.ties | {ghost(key.member)})
        case _:
            return _with_value(facts, key.dimension, None)
