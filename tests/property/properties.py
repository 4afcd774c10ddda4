"""What every answer keeps: each property is a function that tries it on one generated example."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta

from comity.domain.decision import Decision, Determination, Standing
from comity.domain.facts import FactKey, Members, Tie, UnknownReason
from comity.policy import reference
from comity.policy.engine import Engine
from comity.policy.presumptions import resolve
from comity.policy.rules import Modality
from property.cases import (
    Case,
    Compile,
    Evaluator,
    bounds_of,
    build_aimed_facts,
    build_case,
)
from property.choices import Choices, chance, pick, shuffled
from property.completions import CHANGES, complete
from property.differences import settled_between
from property.questions import build_question
from property.situations import build_age, build_now
from property.vocabulary import ASKED_FACTORS, INSTANTS, KINDS
from property.worlds import Limits, build_rule, build_ruleset

# A rule that names low trust speaks of the evidence, not of the person: to confirm a connection
# settles nothing for it but changes what it is about. Completion is tried without such rules.
NO_TRUST = Limits(rules=4, trust=False)


@dataclass(frozen=True)
class Expectation:
    """What the reference says of a case.

    Attributes:
        case: the case.
        answer: the answer.
        masks: the rules that are certain, held and possible.
    """

    case: Case
    answer: Decision
    masks: reference.Masks


def expected_of(case: Case) -> Expectation:
    """Return what the reference says of a case."""
    return Expectation(case, *reference.evaluate_with_masks(case.ruleset, case.facts, case.now))


def assert_agreement(engine: Evaluator, expected: Expectation) -> None:
    """Check that the engine gives the reference's answer in every field, and its masks."""
    facts, now = expected.case.facts, expected.case.now
    answer = engine.evaluate(facts, now)
    for item in fields(Decision):
        got, wanted = getattr(answer, item.name), getattr(expected.answer, item.name)
        assert got == wanted, f"{item.name}: {got} instead of {wanted} at {now} for {facts}"
    assert [[t.source for t in r.ties] for r in answer.reasons] == [
        [t.source for t in r.ties] for r in expected.answer.reasons
    ], "the answer names the origin of somebody else's connections"
    got_masks = engine.masks(facts, now)
    for name in ("certain", "held", "possible"):
        got, wanted = getattr(got_masks, name), getattr(expected.masks, name)
        assert got == wanted, f"{name} at {now} for {facts}"


def expectations(choices: Choices) -> Iterator[Expectation]:
    """Yield what the reference says of one policy set, several facts and instants, asked again."""
    first = build_case(choices)
    cases = [first]
    for _ in range(choices.integer(0, 2)):
        facts = build_aimed_facts(choices, first.ruleset)
        cases.append(replace(first, facts=facts, now=build_now(choices)))
    if chance(choices, 30):  # equal facts of another origin
        ties = frozenset(replace(tie, source="hr") for tie in first.facts.ties)
        cases.append(replace(first, facts=replace(first.facts, ties=ties)))
    cases += [replace(case, now=build_now(choices)) for case in cases]
    expected = expected_of(first)
    yield expected
    yield from map(expected_of, cases[1:])
    end = expected.answer.valid_until
    if end is not None:
        for instant in (end - timedelta(microseconds=1), end):
            yield expected_of(replace(first, now=instant))


def check_agreement(choices: Choices) -> None:
    """Engine and reference agree on one policy set, several facts and instants, asked again."""
    assert_agreements(Engine, expectations(choices))


def assert_agreements(compile_rules: Compile, expected: Iterable[Expectation]) -> None:
    """Check that one engine gives all answers that are expected of one policy set."""
    engine = None
    for each in expected:
        engine = engine or compile_rules(each.case.ruleset)
        assert_agreement(engine, each)


def check_completion(choices: Choices) -> None:
    """Completing the facts decides the answer, between floor and ceiling, rule by rule."""
    case = build_case(choices, NO_TRUST)
    engine = Engine(case.ruleset)
    bounds = bounds_of(case.ruleset, engine, case.facts, case.now)
    before = engine.masks(case.facts, case.now)
    for _ in range(3):
        completed = complete(choices, case.facts, case.ruleset, case.now)
        answer = engine.evaluate(completed, case.now)
        assert answer.determination is Determination.DECIDED, f"{case}, completed {completed}"
        assert not answer.would_change, f"{case}, completed {completed}"
        assert answer.outcome.includes(bounds.floor), f"{case}, completed {completed}"
        assert bounds.ceiling.includes(answer.outcome), f"{case}, completed {completed}"
        after = engine.masks(completed, case.now)
        assert before.certain <= after.certain == after.possible <= before.possible, (
            f"{case}, completed {completed}"
        )


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


def check_presumptions(choices: Choices) -> None:
    """A presumption that falls silent leaves nothing more certain and nothing less possible."""
    ruleset = build_ruleset(choices)
    question, now = build_question(choices), build_now(choices)
    name = pick(choices, (*ASKED_FACTORS, *KINDS, "age"))
    reason = pick(choices, (UnknownReason.CONTRADICTORY, UnknownReason.WITHHELD))
    silenced = replace(question, unknown={**question.unknown, name: reason})
    engine = Engine(ruleset)
    spoken, silent = (
        engine.masks(resolve(asked, ruleset.lexicon, ruleset.atlas), now)
        for asked in (question, silenced)
    )
    assert silent.certain <= spoken.certain, f"{question} with {name} {reason} at {now}"
    assert silent.possible >= spoken.possible, f"{question} with {name} {reason} at {now}"


def check_reasons_for_not_knowing(choices: Choices) -> None:
    """A source that is not available is answered as if nothing were recorded."""
    ruleset = build_ruleset(choices)
    question = build_question(choices)
    unknown = dict.fromkeys(question.unknown, UnknownReason.SOURCE_UNAVAILABLE)
    facts = resolve(replace(question, unknown=unknown), ruleset.lexicon, ruleset.atlas)
    unknown = dict.fromkeys(question.unknown, UnknownReason.NOT_RECORDED)
    recorded = resolve(replace(question, unknown=unknown), ruleset.lexicon, ruleset.atlas)
    assert facts == recorded
    assert facts.presumed == recorded.presumed


def check_memory(choices: Choices) -> None:
    """An engine asked many questions at mixed instants answers each as one just compiled."""
    ruleset = build_ruleset(choices)
    drawn = [build_aimed_facts(choices, ruleset) for _ in range(3)]
    alike = pick(choices, drawn)
    drawn += [
        replace(alike, age=build_age(choices), account_created=build_now(choices)),
        replace(alike, presumed=(FactKey("label"),)),
        replace(alike, ties=frozenset(replace(tie, source="hr") for tie in alike.ties)),
    ]
    asked = [(facts, build_now(choices)) for facts in drawn for _ in range(2)]
    engine = Engine(ruleset)
    for facts, now in shuffled(choices, asked) + shuffled(choices, asked):
        answer, expected = engine.evaluate(facts, now), Engine(ruleset).evaluate(facts, now)
        assert answer == expected, f"{answer} instead of {expected} at {now} for {facts}"
        origins, own = (
            [[tie.source for tie in reason.ties] for reason in decision.reasons]
            for decision in (answer, expected)
        )
        assert origins == own, f"{origins} instead of {own} at {now} for {facts}"


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
    "presumptions": check_presumptions,
    "reasons_for_not_knowing": check_reasons_for_not_knowing,
    "memory": check_memory,
}
