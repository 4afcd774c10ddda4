"""Exceptions and derogations that spare nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from comity.policy.findings.codes import Finding
from comity.policy.findings.moments import edges_of, moments_of
from comity.policy.findings.reasoning import Placed
from comity.policy.findings.relations import is_apart, is_at_most, is_empty
from comity.policy.findings.subjects import Section
from comity.policy.rules import Clause, Rule


def find_idle_exceptions(section: Section, unmet: frozenset[str]) -> Iterator[Finding]:
    """Yield the exceptions of a section that are never met where their rule is."""
    for rule_id, members in section.members.items():
        if any(member.id in unmet for member in members):
            continue
        norm = section.written[rule_id].norm
        for key, count in (
            ("except", len(norm.exceptions)),
            ("except_person", len(norm.except_person)),
        ):
            for index in range(count):
                reasons = [why_idle(rule, key, index, section) for rule in members]
                if None not in reasons:
                    message = f"this exception spares nobody: {reasons[0]}."
                    yield section.find("CF121", rule_id, message, key, index, witness=None)


def why_idle(rule: Rule, key: str, index: int, section: Section) -> str | None:
    """Return why the exception at `index` of `key` changes nothing, or None if it may."""
    clauses = rule.exceptions if key == "except" else rule.person_exceptions
    exception = clauses[index]
    reasons: list[str | None] = []
    for now in _moments((rule,), section):
        placed = Placed(exception, rule)
        empty = is_empty(placed, section.reasoning, now)
        if empty is not None:
            reasons.append(empty)
            continue
        same = key == "except"
        if all(
            is_apart(Placed(body, rule), placed, section.reasoning, now, same_connection=same)
            for body in rule.body
        ):
            reasons.append("it is never met where the rule is")
        else:
            reasons.append(_covering(placed, clauses, index, section, now))
    if not reasons or None in reasons:
        return None
    return reasons[-1]


def _covering(
    placed: Placed, clauses: Sequence[Clause], index: int, section: Section, now: datetime
) -> str | None:
    """Return that another exception of the rule spares whomever this one spares."""
    for number, clause in enumerate(clauses):
        other = Placed(clause, placed.rule)
        if number == index or not is_at_most(placed, other, section.reasoning, now):
            continue
        if number > index and is_at_most(other, placed, section.reasoning, now):
            continue  # they say the same; the later one is told
        return "another one of the rule spares whomever it spares"
    return None


def find_idle_derogations(section: Section, unmet: frozenset[str]) -> Iterator[Finding]:
    """Yield the derogations of a section by rules that are never met where the other one is."""
    for rule_id, members in section.members.items():
        norm = section.written[rule_id].norm
        for index, general_id in enumerate(norm.derogates):
            generals = section.members.get(general_id, ())
            pairs = [(special, general) for special in members for general in generals]
            idle = unmet | _never(section)
            if not pairs or all(a.id in idle or b.id in idle for a, b in pairs):
                continue
            if all(is_idle_derogation(special, general, section) for special, general in pairs):
                message = f"it removes nothing: it is never met where {general_id} is."
                yield section.find("CF131", rule_id, message, "derogates", index, witness=None)


def is_idle_derogation(special: Rule, general: Rule, section: Section) -> bool:
    """Return whether `special` has no say on any connection on which `general` has one."""
    for now in _moments((general, special), section):
        if special.timeline.state_at(now) is None and special.timeline.schedule is None:
            continue
        if not all(
            is_apart(
                Placed(one, special),
                Placed(other, general),
                section.reasoning,
                now,
                same_connection=True,
            )
            for one in special.body
            for other in general.body
        ):
            return False
    return True


def _moments(rules: tuple[Rule, ...], section: Section) -> Iterator[datetime]:
    """Yield instants that stand for all time in which the first rule is in force."""
    ruleset = section.ruleset
    return moments_of(rules[0], edges_of(rules, ruleset.lexicon, ruleset.atlas))


def _never(section: Section) -> frozenset[str]:
    """Return the rules that are never in force."""
    return frozenset(
        rule.id
        for rule in section.ruleset.rules
        if all(state is None for state in rule.timeline.states)
    )
