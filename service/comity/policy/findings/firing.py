"""Rules that can never be met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from comity.policy.findings.codes import Finding
from comity.policy.findings.moments import edges_of, moments_of
from comity.policy.findings.reasoning import Placed, Reasoning
from comity.policy.findings.relations import is_empty, is_met_with
from comity.policy.findings.subjects import Section, is_declared_idle
from comity.policy.rules import Clause, Rule


def find_unmet(section: Section) -> Iterator[Finding]:
    """Yield the rules of a section that no question meets, and those never applied."""
    for rule in section.ruleset.rules:
        reason = why_unmet(rule, section)
        if reason is None:
            continue
        norm = section.written[rule.id.partition("#")[0]].norm
        if any(_moments(rule, section)):
            yield section.find("CF101", rule.id, f"it can never be met: {reason}.", witness=None)
        elif is_declared_idle(norm):
            continue
        elif norm.suspended:
            message = "it is suspended for all of its time, and was never applied."
            yield section.find("CF102", rule.id, message, "suspended", witness=None)
        else:
            yield section.find("CF101", rule.id, f"it can never be met: {reason}.", witness=None)


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
    return "; ".join(sorted(reasons)) or "it is never in force"


def _moments(rule: Rule, section: Section) -> Iterator[datetime]:
    """Yield instants that stand for all time in which the rule is in force."""
    rules = (rule, *section.derogators.get(rule.id, ()))
    ruleset = section.ruleset
    return moments_of(rule, edges_of(rules, ruleset.lexicon, ruleset.atlas))


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
