"""Rules that can never be met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from comity.domain.facts import Facts
from comity.policy.findings.codes import Finding, Witness
from comity.policy.findings.moments import edges_of, moments_of
from comity.policy.findings.reasoning import Placed, Reasoning
from comity.policy.findings.relations import is_empty, is_met_with
from comity.policy.findings.subjects import Section, is_declared_idle, written_id
from comity.policy.findings.witnesses import holds, seek_witness
from comity.policy.rules import Clause, Rule


def find_unmet(section: Section) -> Iterator[Finding]:
    """Yield the rules of a section that no question meets, and those never applied."""
    for rule in section.ruleset.rules:
        reason = why_unmet(rule, section)
        if reason is None:
            continue
        norm = section.written[written_id(rule)].norm
        moments = list(_moments(rule, section))
        if moments or not (is_declared_idle(norm) or norm.suspended):
            message = f"it can never be met: {reason}."
            witness = _spared(rule, moments, section)
            yield section.find("CF101", rule.id, message, witness=witness)
        elif norm.suspended and not is_declared_idle(norm):
            message = "it is suspended for all of its time, and was never applied."
            yield section.find("CF102", rule.id, message, "suspended", witness=None)


def why_unmet(rule: Rule, section: Section) -> str | None:
    """Return why `rule` is held in no question, or None if that is not certain."""
    reasons: set[str] = set()
    for now in _moments(rule, section):
        if rule.person_conditions:
            conditions = _empty(rule, rule.person_conditions, section.reasoning, now)
            if len(conditions) == len(rule.person_conditions):
                reasons.add(f"`only_if_person` is never met, since {conditions[0]}")
                continue
        for clause in rule.body:
            reason = _why_clause(clause, rule, section, now)
            if reason is None:
                return None
            reasons.add(reason)
    if reasons:
        return "; ".join(sorted(reasons))
    closed = rule.timeline.schedule is not None and any(s is not None for s in rule.timeline.states)
    return "its schedule has no hours in the time in force" if closed else "it is never in force"


def _moments(rule: Rule, section: Section) -> Iterator[datetime]:
    """Yield instants that stand for all time in which the rule is in force."""
    rules = (rule, *section.derogators.get(rule.id, ()))
    ruleset = section.ruleset
    return moments_of(rule, edges_of(rules, ruleset.lexicon, ruleset.atlas))


def _spared(rule: Rule, moments: Sequence[datetime], section: Section) -> Witness | None:
    """Return a question that meets what the rule names and is spared all the same, if any does."""
    bare = replace(rule, exceptions=(), person_exceptions=())
    named = holds((bare,), section, (rule.id,))
    met = holds((rule, *section.derogators.get(rule.id, ())), section, (rule.id,))

    def test(facts: Facts, now: datetime) -> bool:
        return named(facts, now) and not met(facts, now)

    for clause in rule.body:
        witness = seek_witness([Placed(clause, rule)], moments, section, test)
        if witness is not None:
            return witness
    return None


def _empty(rule: Rule, clauses: Sequence[Clause], reasoning: Reasoning, now: datetime) -> list[str]:
    """Return why clauses are met by nobody, those that are."""
    reasons = (is_empty(Placed(clause, rule), reasoning, now) for clause in clauses)
    return [reason for reason in reasons if reason is not None]


def _why_clause(clause: Clause, rule: Rule, section: Section, now: datetime) -> str | None:
    """Return why the rule is held by no connection that meets this clause, or None."""
    reasoning = section.reasoning
    body = Placed(clause, rule)
    empty = is_empty(body, reasoning, now)
    if empty is not None:
        return empty
    for key, spared in (("except", rule.exceptions), ("except_person", rule.person_exceptions)):
        if any(is_met_with(body, Placed(other, rule), reasoning, now) for other in spared):
            return f"`{key}` spares everybody whom it meets"
    for other in section.derogators.get(rule.id, ()):
        if other.timeline.state_at(now) is None or other.timeline.schedule is not None:
            continue
        conditional = other.exceptions or other.person_exceptions or other.person_conditions
        if not conditional and any(
            is_met_with(body, Placed(special, other), reasoning, now) for special in other.body
        ):
            return f"{section.place_of(other)} derogates it wherever it is met"
    return None
