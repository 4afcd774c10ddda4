"""What findings say of generated policy sets is true of every question tried."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from functools import cache

import pytest
from comity.domain.facts import NULL_TIE, Facts
from comity.domain.truth import conjunction
from comity.policy.findings.exceptions import is_idle_derogation, why_idle
from comity.policy.findings.firing import why_unmet
from comity.policy.findings.moments import edges_of, moments_of
from comity.policy.findings.reasoning import SINGLE, Placed, Reasoning
from comity.policy.findings.shadows import shadows
from comity.policy.findings.subjects import Section
from comity.policy.reference import evaluate, masks
from comity.policy.reference.atoms import atoms_of
from comity.policy.reference.findings import Sight
from comity.policy.rules import Clause, Modality, Rule, Ruleset, Undecided
from property.cases import build_aimed_facts
from property.choices import Choices, RandomChoices, chance, pick
from property.completions import complete
from property.situations import build_now
from property.worlds import Limits, build_clause, build_ruleset

WORLDS = 120
QUESTIONS = 10
TODAY = date(2024, 1, 1)


@cache
def section_of(seed: int) -> Section:
    """Return a policy set in which rules often cover, spare and exclude each other."""
    choices = RandomChoices(seed)
    ruleset = build_ruleset(choices, Limits(rules=4))
    rules = [vary(rule, choices) for rule in ruleset.rules]
    rules += [narrow(r, f"{r.id}-narrow", choices) for r in tuple(rules) if chance(choices, 60)]
    return Section("restrictions", replace(ruleset, rules=tuple(rules)), {}, TODAY)


def narrow(rule: Rule, rule_id: str, choices: Choices) -> Rule:
    """Return a rule that meets no more than `rule`, or nearly so, and removes nothing."""
    extra = build_clause(choices, Limits(), connecting=40)
    body = tuple(meet(clause, extra) for clause in rule.body)
    exceptions = rule.exceptions if chance(choices, 70) else ()
    asks = {"other": Undecided.AS_UNMATCHED} if chance(choices, 75) else rule.when_unknown
    return replace(
        rule, id=rule_id, body=body, exceptions=exceptions, derogates=(), when_unknown=asks
    )


def meet(clause: Clause, extra: Clause) -> Clause:
    """Return `clause` with the atoms of `extra` that it does not name."""
    named = {
        key: getattr(extra, key)
        for key in Clause.__dataclass_fields__
        if getattr(clause, key) in (None, False)
    }
    return replace(clause, **named)


def vary(rule: Rule, choices: Choices) -> Rule:
    """Return `rule` with exceptions that cover it, or that it can never meet, more often."""
    if not chance(choices, 40):
        return rule
    body = pick(choices, rule.body)
    bare = replace(body, factors=None, places=None)
    kept = replace(bare, products=None) if chance(choices, 50) else bare
    spared = replace(kept, devices=frozenset({"personal"})) if chance(choices, 40) else kept
    return replace(rule, exceptions=(*rule.exceptions, spared))


def asked_of(section: Section, seed: int, *rules: Rule) -> list[tuple[Facts, datetime]]:
    """Return questions that come near `rules`, at instants around those at which they change."""
    choices = RandomChoices(seed)
    near = replace(section.ruleset, rules=rules)
    return [(build_aimed_facts(choices, near), build_now(choices)) for _ in range(QUESTIONS)]


def without(ruleset: Ruleset, rule_id: str) -> Ruleset:
    """Return the rules but one."""
    return replace(ruleset, rules=tuple(r for r in ruleset.rules if r.id != rule_id))


def changed(ruleset: Ruleset, rule: Rule) -> Ruleset:
    """Return the rules with `rule` in place of the one of its id."""
    return replace(ruleset, rules=tuple(rule if r.id == rule.id else r for r in ruleset.rules))


def claims(section: Section) -> Counter[str]:
    """Return how often each finding is made."""
    rules = section.ruleset.rules
    found: Counter[str] = Counter()
    found["unmet"] = sum(why_unmet(rule, section) is not None for rule in rules)
    found["shadowed"] = len(list(pairs_shadowed(section)))
    found["idle exceptions"] = sum(1 for _ in idle_exceptions(section))
    found["idle derogations"] = sum(1 for _ in idle_derogations(section))
    return found


def pairs_shadowed(section: Section) -> list[tuple[Rule, Rule]]:
    """Return each rule that another one shadows, with that one."""
    rules = [r for r in section.ruleset.rules if r.modality is Modality.FORBID]
    return [(b, a) for a in rules for b in rules if a is not b and shadows(a, b, section)]


def idle_exceptions(section: Section) -> list[tuple[Rule, str, int]]:
    """Return the exceptions that are said to spare nobody."""
    return [
        (rule, key, index)
        for rule in section.ruleset.rules
        for key, clauses in (("except", rule.exceptions), ("except_person", rule.person_exceptions))
        for index in range(len(clauses))
        if why_idle(rule, key, index, section) is not None
    ]


def idle_derogations(section: Section) -> list[tuple[Rule, Rule]]:
    """Return the derogations that are said to remove nothing."""
    by_id = section.ruleset.by_id
    return [
        (rule, by_id[general])
        for rule in section.ruleset.rules
        for general in rule.derogates
        if general in by_id and is_idle_derogation(rule, by_id[general], section)
    ]


@pytest.mark.parametrize("chunk", range(4))
def test_a_rule_said_to_be_unmet_is_held_by_nobody(chunk: int) -> None:
    """Nor is it possible where nothing is unknown."""
    for seed in range(chunk, WORLDS, 4):
        section = section_of(seed)
        for rule in section.ruleset.rules:
            if why_unmet(rule, section) is None:
                continue
            for facts, now in asked_of(section, seed, rule):
                assert rule.id not in masks(section.ruleset, facts, now).held, seed
                known = complete(RandomChoices(seed), facts, section.ruleset, now)
                assert rule.id not in masks(section.ruleset, known, now).possible, seed


@pytest.mark.parametrize("chunk", range(4))
def test_a_shadowed_rule_changes_no_answer(chunk: int) -> None:
    """Without it the outcome is the same, and so is whether it is decided."""
    for seed in range(chunk, WORLDS, 4):
        section = section_of(seed)
        for rule, other in pairs_shadowed(section):
            left = without(section.ruleset, rule.id)
            outdone = section.derogators.get(other.id, ())
            for facts, now in asked_of(section, seed, rule, *outdone):
                before, after = evaluate(section.ruleset, facts, now), evaluate(left, facts, now)
                told = (seed, rule.id)
                assert (before.outcome, before.determination) == (
                    after.outcome,
                    after.determination,
                ), told


@pytest.mark.parametrize("chunk", range(4))
def test_an_idle_exception_spares_nobody(chunk: int) -> None:
    """Without it the same rules are held; where nothing is unknown, all else is the same too."""
    for seed in range(chunk, WORLDS, 4):
        section = section_of(seed)
        whole = section.ruleset
        for rule, key, index in idle_exceptions(section):
            field = "exceptions" if key == "except" else "person_exceptions"
            clauses = getattr(rule, field)
            kept = (*clauses[:index], *clauses[index + 1 :])
            reduced = changed(whole, replace(rule, **{field: kept}))
            for facts, now in asked_of(section, seed, rule):
                told = (seed, rule.id, key, index)
                assert masks(reduced, facts, now).held == masks(whole, facts, now).held, told
                known = complete(RandomChoices(seed), facts, whole, now)
                assert masks(reduced, known, now) == masks(whole, known, now), told


@pytest.mark.parametrize("chunk", range(4))
def test_an_idle_derogation_changes_no_rule(chunk: int) -> None:
    """Without it the same rules are certain, held and possible."""
    for seed in range(chunk, WORLDS, 4):
        section = section_of(seed)
        for special, general in idle_derogations(section):
            kept = tuple(i for i in special.derogates if i != general.id)
            reduced = changed(section.ruleset, replace(special, derogates=kept))
            for facts, now in asked_of(section, seed, special, general):
                assert masks(reduced, facts, now) == masks(section.ruleset, facts, now), seed


def test_columns_say_what_the_reference_says() -> None:
    """Every value of a single-valued dimension meets a clause as the reference evaluator has it."""
    for seed in range(80):
        choices = RandomChoices(seed)
        ruleset = build_ruleset(choices, Limits(rules=2))
        reasoning = Reasoning(ruleset.lexicon, ruleset.atlas)
        now = build_now(choices)
        for rule in ruleset.rules:
            for clause in rule.body:
                for dimension, named, negated in SINGLE:
                    keys = [key for key in (named, negated) if key]
                    alone = Clause(**{key: getattr(clause, key) for key in keys})
                    expected = []
                    for value in reasoning.values(dimension):
                        facts = replace(Facts(None, None), **{dimension: value})
                        sight = Sight(facts, now, ruleset.lexicon, ruleset.atlas)
                        atoms = atoms_of(alone, rule, NULL_TIE, sight)
                        expected.append(conjunction(atom.value for atom in atoms))
                    column = reasoning.column(dimension, Placed(alone, rule), now)
                    assert list(column) == expected, (seed, rule.id, dimension)


def test_moments_show_every_stretch_of_time_in_force() -> None:
    """A rule without a moment is never in force; each moment is one at which it is."""
    for seed in range(120):
        choices = RandomChoices(seed)
        ruleset = build_ruleset(choices, Limits(rules=3))
        for rule in ruleset.rules:
            edges = edges_of((rule,), ruleset.lexicon, ruleset.atlas)
            moments = list(moments_of(rule, edges))
            assert all(rule.timeline.state_at(now) is not None for now in moments)
            if not moments:
                for _ in range(40):
                    assert rule.timeline.state_at(build_now(choices)) is None


def test_the_worlds_have_what_is_looked_for() -> None:
    """Each finding is made often, so that the tests above can fail."""
    found: Counter[str] = Counter()
    for seed in range(WORLDS):
        found.update(claims(section_of(seed)))
    assert min(found.values()) >= 20, found
