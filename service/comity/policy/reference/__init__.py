"""The reference evaluator: the semantics, rule by rule, written for clarity.

It is the oracle of the property tests and nothing else; the engine answers requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from comity.domain.decision import Decision, Determination, Reason, Standing
from comity.domain.effect import ALLOWED, Outcome, join_all
from comity.domain.facts import FactKey, Facts, tie_order
from comity.domain.truth import Truth
from comity.policy.reference.conflicts import conflicts_of
from comity.policy.reference.findings import Sight
from comity.policy.reference.standing import (
    Meeting,
    derogators_of,
    meetings_of,
    preferred_to,
)
from comity.policy.reference.validity import next_change
from comity.policy.rules import Modality, Rule, Ruleset, Undecided


@dataclass(frozen=True, slots=True)
class Masks:
    """Which rules bear on the facts, over all connections.

    Attributes:
        certain: ids of rules whose value is T on some connection.
        held: ids of rules whose body is met, and no exception proven, on some connection.
        possible: ids of rules whose value is not F on some connection.
    """

    certain: frozenset[str]
    held: frozenset[str]
    possible: frozenset[str]


def masks(ruleset: Ruleset, facts: Facts, now: datetime) -> Masks:
    """Return the three answers of every rule in force, whatever its modality."""
    return _masks(_meetings(ruleset, facts, now))


def evaluate(ruleset: Ruleset, facts: Facts, now: datetime) -> Decision:
    """Answer the question that `facts` ask at `now`, an aware datetime."""
    return _decision(ruleset, facts, now, _meetings(ruleset, facts, now))


def evaluate_with_masks(ruleset: Ruleset, facts: Facts, now: datetime) -> tuple[Decision, Masks]:
    """Return what `evaluate` and `masks` return."""
    met = _meetings(ruleset, facts, now)
    return _decision(ruleset, facts, now, met), _masks(met)


def _masks(met: Mapping[str, list[Meeting]]) -> Masks:
    """Return which of the rules in force bear on the facts."""
    return Masks(
        certain=frozenset(i for i, ms in met.items() if any(m.value is Truth.T for m in ms)),
        held=frozenset(i for i, ms in met.items() if any(m.held for m in ms)),
        possible=frozenset(i for i, ms in met.items() if any(m.value is not Truth.F for m in ms)),
    )


def _decision(
    ruleset: Ruleset, facts: Facts, now: datetime, met: Mapping[str, list[Meeting]]
) -> Decision:
    """Return the answer that the meetings of the rules in force make."""
    forbidding = {
        rule.id: rule
        for rule in ruleset.rules
        if rule.id in met and rule.modality is Modality.FORBID
    }
    reasons = [
        reason
        for rule_id in sorted(forbidding)
        if (reason := _reason(rule_id, met[rule_id])) is not None
    ]
    held = [r.rule_id for r in reasons if r.standing is not Standing.POSSIBLE]
    doubtful = [r.rule_id for r in reasons if r.standing is Standing.POSSIBLE]
    unproven = [r.rule_id for r in reasons if r.standing is Standing.UNPROVEN_EXCEPTION]
    settled = join_all(_outcome(forbidding[i], now) for i in held)
    ceiling = settled.join(join_all(_outcome(forbidding[i], now) for i in doubtful))
    decided = settled == ceiling
    outcome, missing = settled, frozenset[FactKey]()
    if not decided:
        unknown = {i: _unknown_facts(met[i]) for i in doubtful}
        outcome = settled.join(join_all(_ask(forbidding[i], unknown[i], now) for i in doubtful))
        missing = frozenset().union(*unknown.values())
    would_change = frozenset().union(*(_unknown_facts(met[i]) for i in unproven)) - missing
    return Decision(
        outcome=outcome,
        determination=Determination.DECIDED if decided else Determination.INDETERMINATE,
        reasons=tuple(reasons),
        missing_facts=tuple(sorted(missing)),
        would_change=tuple(sorted(would_change)),
        presumed_facts=facts.presumed,
        conflicts=conflicts_of(ruleset, facts, now, met),
        valid_until=next_change(ruleset, facts, now),
    )


def _meetings(ruleset: Ruleset, facts: Facts, now: datetime) -> dict[str, list[Meeting]]:
    """Return the meetings of every rule in force at `now`."""
    sight = Sight(facts, now, ruleset.lexicon, ruleset.atlas)
    in_force = [rule for rule in ruleset.rules if rule.timeline.state_at(now) is not None]
    return {
        rule.id: meetings_of(
            rule,
            [other for other in derogators_of(rule, ruleset) if other in in_force],
            [other for other in preferred_to(rule, ruleset, now) if other in in_force],
            sight,
        )
        for rule in in_force
    }


def _reason(rule_id: str, meetings: list[Meeting]) -> Reason | None:
    """Return how the rule bears on the answer, or None if it doesn't."""
    for standing, ties in (
        (Standing.CERTAIN, [m.tie for m in meetings if m.value is Truth.T]),
        (Standing.UNPROVEN_EXCEPTION, [m.tie for m in meetings if m.held]),
        (Standing.POSSIBLE, [m.tie for m in meetings if m.value is Truth.U]),
    ):
        if ties:
            return Reason(rule_id, standing, tuple(sorted(ties, key=tie_order)))
    return None


def _outcome(rule: Rule, now: datetime) -> Outcome:
    """Return the outcome of a rule in force."""
    return rule.timeline.state_at(now) or ALLOWED


def _unknown_facts(meetings: list[Meeting]) -> frozenset[FactKey]:
    """Return the unknown facts of all connections on which the value is U."""
    return frozenset().union(*(m.unknown for m in meetings))


def _ask(rule: Rule, unknown: frozenset[FactKey], now: datetime) -> Outcome:
    """Return what a rule in doubt asks: over its missing facts, the strictest answers."""
    asked = [_ask_for(rule, fact, now) for fact in unknown]
    asked = asked or [_ask_for(rule, FactKey("other"), now)]
    strictest = max(outcome.effect for outcome in asked)
    return join_all(outcome for outcome in asked if outcome.effect is strictest)


def _ask_for(rule: Rule, fact: FactKey, now: datetime) -> Outcome:
    """Return what a rule in doubt asks for one missing fact."""
    answers = rule.when_unknown
    names = [fact.dimension, "other"]
    if fact.dimension == "connection":
        names.insert(0, fact.member)
    match next(answers[name] for name in names if name in answers):
        case Undecided.AS_MATCHED:
            return _outcome(rule, now)
        case Undecided.AS_UNMATCHED:
            return ALLOWED
        case outcome:
            return outcome
