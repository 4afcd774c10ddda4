"""What every answer keeps: each property is a function that tries it on one generated example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Protocol

from comity.domain.decision import Decision, Determination, Standing
from comity.domain.effect import ALLOWED, Outcome, join_all
from comity.domain.facts import FactKey, Facts, Members, Tie
from comity.policy import reference
from comity.policy.engine import Engine
from comity.policy.reference.atoms import member_atom
from comity.policy.rules import Modality, Ruleset
from property.choices import Choices, chance, pick, shuffled
from property.completions import CHANGES, complete
from property.situations import aim, build_facts, build_now
from property.vocabulary import INSTANTS, KINDS
from property.worlds import Limits, build_rule, build_ruleset

# A rule that names low trust speaks of the evidence, not of the person: to confirm a connection
# settles nothing for it but changes what it is about. Completion is tried without such rules.
NO_TRUST = Limits(rules=4, trust=False)


class Evaluator(Protocol):
    """The engine, or something that claims to be as good."""

    def evaluate(self, facts: Facts, now: datetime) -> Decision:
        """Answer a question."""

    def masks(self, facts: Facts, now: datetime) -> object:
        """Return the rules that are certain, held and possible."""


Compile = Callable[[Ruleset], Evaluator]


@dataclass(frozen=True)
class Bounds:
    """The join of the certain, and of the possible rules."""

    floor: Outcome
    ceiling: Outcome


@dataclass(frozen=True)
class Case:
    """A policy set, facts and an instant."""

    ruleset: Ruleset
    facts: Facts
    now: datetime


def build_case(choices: Choices, limits: Limits | None = None) -> Case:
    """Return a case in which the facts often meet a rule."""
    ruleset = build_ruleset(choices, limits)
    facts = build_facts(choices)
    if chance(choices, 80):
        facts = aim(choices, facts, ruleset)
    return Case(ruleset, facts, build_now(choices))


def bounds_of(ruleset: Ruleset, engine: Engine, facts: Facts, now: datetime) -> Bounds:
    """Return the floor and the ceiling of an answer."""
    masks = engine.masks(facts, now)

    def join(ids: frozenset[str]) -> Outcome:
        rules = (ruleset.by_id[rule_id] for rule_id in ids)
        return join_all(
            rule.timeline.state_at(now) or ALLOWED
            for rule in rules
            if rule.modality is Modality.FORBID
        )

    return Bounds(join(masks.certain), join(masks.possible))


def assert_agreement(engine: Evaluator, case: Case) -> None:
    """Check that the engine gives the reference's answer in every field, and its masks."""
    ruleset, facts, now = case.ruleset, case.facts, case.now
    answer, expected = engine.evaluate(facts, now), reference.evaluate(ruleset, facts, now)
    for item in fields(Decision):
        got, wanted = getattr(answer, item.name), getattr(expected, item.name)
        assert got == wanted, f"{item.name}: {got} instead of {wanted} at {now} for {facts}"
    assert [[t.source for t in r.ties] for r in answer.reasons] == [
        [t.source for t in r.ties] for r in expected.reasons
    ], "the answer names the origin of somebody else's connections"
    got_masks, masks = engine.masks(facts, now), reference.masks(ruleset, facts, now)
    for name in ("certain", "held", "possible"):
        assert getattr(got_masks, name) == getattr(masks, name), f"{name} at {now} for {facts}"


def check_agreement(choices: Choices, compile_rules: Compile = Engine) -> None:
    """Engine and reference agree on one policy set, several facts and instants, asked again."""
    first = build_case(choices)
    engine = compile_rules(first.ruleset)
    cases = [first]
    for _ in range(choices.integer(0, 2)):
        facts = build_facts(choices)
        if chance(choices, 80):
            facts = aim(choices, facts, first.ruleset)
        cases.append(replace(first, facts=facts, now=build_now(choices)))
    cases += [replace(case, now=build_now(choices)) for case in cases]
    for case in cases:
        assert_agreement(engine, case)
    end = engine.evaluate(first.facts, first.now).valid_until
    if end is not None:
        for instant in (end - timedelta(microseconds=1), end):
            assert_agreement(engine, replace(first, now=instant))


def check_completion(choices: Choices) -> None:
    """Completing the facts decides the answer, between floor and ceiling."""
    case = build_case(choices, NO_TRUST)
    engine = Engine(case.ruleset)
    bounds = bounds_of(case.ruleset, engine, case.facts, case.now)
    for _ in range(3):
        completed = complete(choices, case.facts, case.ruleset, case.now)
        answer = engine.evaluate(completed, case.now)
        assert answer.determination is Determination.DECIDED, f"{case}, completed {completed}"
        assert not answer.would_change, f"{case}, completed {completed}"
        assert answer.outcome.includes(bounds.floor), f"{case}, completed {completed}"
        assert bounds.ceiling.includes(answer.outcome), f"{case}, completed {completed}"


def _members_settled(
    dimension: str, before: Members, after: Members, ruleset: Ruleset, tie: Tie | None = None
) -> set[FactKey]:
    """Return the members about which more is known after than before."""
    found = set()
    for name in KINDS[dimension]:
        was, became = (
            member_atom(frozenset({name}), members, dimension, ruleset.lexicon).value
            for members in (before, after)
        )
        if was is not became:
            place = (tie.factor, tie.place) if tie is not None else ("", "")
            found.add(FactKey(dimension, name, *place))
    return found


def settled_between(before: Facts, after: Facts, ruleset: Ruleset, now: datetime) -> set[FactKey]:
    """Return the names of the facts that one change made known."""
    keys = {
        FactKey(name)
        for name in ("action", "product", "device", "age", "account_created")
        if getattr(before, name) != getattr(after, name)
    }
    keys |= _members_settled("item", before.items, after.items, ruleset)
    keys |= _members_settled("purpose", before.purposes, after.purposes, ruleset)
    keys |= _members_settled("label", before.label_members(now), after.label_members(now), ruleset)
    changed = sorted(after.ties - before.ties, key=repr)
    for tie in before.ties - after.ties:
        became = changed[0] if changed else None
        if tie.ghost:
            keys.add(FactKey("connection", member=tie.factor))
        elif became is None or became.low_trust != tie.low_trust:
            keys.add(FactKey("trust", factor=tie.factor, place=tie.place))
        elif became.place != tie.place:
            keys.add(FactKey("place", factor=tie.factor, place=tie.place))
        else:
            members = (tie.populations, became.populations)
            keys |= _members_settled("population", *members, ruleset, tie)
    return keys


def check_facts_that_do_not_matter(choices: Choices) -> None:
    """An unknown fact that is listed nowhere may become known: status and effect stay."""
    case = build_case(choices, NO_TRUST)
    engine = Engine(case.ruleset)
    answer = engine.evaluate(case.facts, case.now)
    listed = {*answer.missing_facts, *answer.would_change}
    for _ in range(6):
        change = pick(choices, CHANGES)
        changed = change(choices, case.facts, case.ruleset, case.now)
        if listed & settled_between(case.facts, changed, case.ruleset, case.now):
            continue
        then = engine.evaluate(changed, case.now)
        assert then.determination is answer.determination, f"{case}, changed {changed}"
        assert then.outcome == answer.outcome, f"{case}, changed {changed}"


def check_a_further_prohibition(choices: Choices) -> None:
    """One more rule that forbids and derogates nothing makes no answer milder."""
    case = build_case(choices)
    rule = build_rule(choices, Limits(), 9, [], modality=Modality.FORBID)
    rules = list(case.ruleset.rules)
    rules.insert(choices.integer(0, len(rules)), rule)
    stricter = replace(case.ruleset, rules=tuple(rules))
    before, after = Engine(case.ruleset), Engine(stricter)
    was = bounds_of(case.ruleset, before, case.facts, case.now)
    became = bounds_of(stricter, after, case.facts, case.now)
    assert became.floor.includes(was.floor), f"{case} and {rule}"
    assert became.ceiling.includes(was.ceiling), f"{case} and {rule}"
    effects = [engine.evaluate(case.facts, case.now).effect for engine in (before, after)]
    assert effects[0] <= effects[1], f"{case} and {rule}"


def check_rank(choices: Choices) -> None:
    """The rank of an answer lies between those of floor and ceiling."""
    case = build_case(choices)
    engine = Engine(case.ruleset)
    bounds = bounds_of(case.ruleset, engine, case.facts, case.now)
    effect = engine.evaluate(case.facts, case.now).effect
    assert bounds.floor.effect <= effect <= bounds.ceiling.effect, f"{case}"


def check_order(choices: Choices) -> None:
    """The order of rules, connections and labels doesn't matter."""
    case = build_case(choices)
    rules = tuple(shuffled(choices, case.ruleset.rules))
    facts = replace(
        case.facts,
        ties=frozenset(shuffled(choices, sorted(case.facts.ties, key=repr))),
        labels=frozenset(shuffled(choices, sorted(case.facts.labels, key=repr))),
    )
    expected = Engine(case.ruleset).evaluate(case.facts, case.now)
    assert Engine(replace(case.ruleset, rules=rules)).evaluate(facts, case.now) == expected
    assert reference.evaluate(replace(case.ruleset, rules=rules), facts, case.now) == expected


def check_ghosts(choices: Choices) -> None:
    """What is not known of a factor makes nothing certain and holds no rule on itself."""
    case = build_case(choices)
    ghost = Tie("works_for", populations=Members(open=True), ghost=True)
    haunted = replace(case.facts, ties=case.facts.ties | {ghost})
    plain = replace(case.facts, ties=frozenset(t for t in haunted.ties if not t.ghost))
    engine = Engine(case.ruleset)
    certain = engine.masks(haunted, case.now).certain
    assert certain <= engine.masks(plain, case.now).certain, f"{case}"
    for reason in engine.evaluate(haunted, case.now).reasons:
        if reason.standing is not Standing.POSSIBLE:
            assert not any(tie.ghost for tie in reason.ties), f"{case}"


def what_stands(decision: Decision) -> object:
    """Return what an answer must keep until its end."""
    return (
        decision.outcome,
        decision.determination,
        decision.missing_facts,
        decision.would_change,
        decision.conflicts,
        [(reason.rule_id, reason.standing) for reason in decision.reasons],
    )


def check_valid_until(choices: Choices) -> None:
    """Nothing changes before the end that an answer names."""
    case = build_case(choices)
    answer = Engine(case.ruleset).evaluate(case.facts, case.now)
    end = answer.valid_until or case.now + timedelta(days=900)
    samples = list(INSTANTS)
    samples += [end - timedelta(microseconds=1), case.now + (end - case.now) / 2]
    samples += [case.now + (end - case.now) * choices.integer(1, 99) / 100 for _ in range(3)]
    for at in samples:
        if not case.now < at < end:
            continue
        later = Engine(case.ruleset).evaluate(case.facts, at)
        assert what_stands(later) == what_stands(answer), f"{case}: changed by {at}, before {end}"


PROPERTIES: dict[str, Callable[[Choices], None]] = {
    "agreement": check_agreement,
    "completion": check_completion,
    "facts_that_do_not_matter": check_facts_that_do_not_matter,
    "a_further_prohibition": check_a_further_prohibition,
    "rank": check_rank,
    "order": check_order,
    "ghosts": check_ghosts,
    "valid_until": check_valid_until,
}
