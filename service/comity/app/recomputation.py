"""Use case: answer again what was answered once, from what its record keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from comity.app.eligibility import degraded_sources, named_rules
from comity.app.ports.decision_recorder import DecisionRecord, RouteRecord
from comity.app.ports.policy_source import PolicyInForce
from comity.app.request_routing import named_in_route
from comity.domain.data_request import DataRequest
from comity.domain.question import Question
from comity.policy.coarse_dates import CoarseDates, DateSteps
from comity.policy.explaining import Explanation, explain
from comity.policy.matching import Ground, match_facts
from comity.policy.presumptions import resolve
from comity.policy.routing.router import route_request
from comity.policy.rule_texts import RuleText
from comity.policy.scenarios.encounters import Case, account_for, near_misses
from comity.policy.scenarios.results import Encounter


@dataclass(frozen=True, slots=True)
class RuleAccount:
    """How a rule met the facts, or what kept it from them.

    Attributes:
        rule_id: the rule.
        jurisdiction: whose it is.
        text: what people read of it.
        account: why it is met or not, a clause.
        facts: the facts by which it is met, as `missing_facts` names facts.
    """

    rule_id: str
    jurisdiction: str
    text: RuleText
    account: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A decision made once more.

    Attributes:
        record: what would be recorded of it today.
        matched: the rules among its reasons.
        close: rules in force that came close, closest first.
        explanation: what missing and presumed facts would lead to.
    """

    record: DecisionRecord
    matched: tuple[RuleAccount, ...]
    close: tuple[RuleAccount, ...]
    explanation: Explanation


def recompute_decision(
    policy: PolicyInForce,
    question: Question,
    dates: CoarseDates,
    now: datetime,
    *,
    most_close: int,
) -> Recomputed:
    """Return the answer to `question` at `now`, with up to `most_close` rules that came close."""
    record = _decide(policy, question, dates, now)
    ruleset, facts, decision = policy.bundle.eligibility, record.facts, record.decision
    case, ground = Case(ruleset, facts, now), Ground(facts, ruleset.lexicon, ruleset.atlas, now)
    by = {
        reason.rule_id: match_facts(ruleset.by_id[reason.rule_id], reason.ties, ground)
        for reason in decision.reasons
    }

    def account(one: Encounter) -> RuleAccount:
        rule = ruleset.by_id[one.rule_id]
        names = tuple(map(str, by.get(one.rule_id, ())))
        return RuleAccount(one.rule_id, rule.jurisdiction, rule.text, one.account, names)

    return Recomputed(
        record,
        tuple(map(account, account_for(case, decision.reasons, ()))),
        # To find them takes longer than all the rest.
        tuple(map(account, near_misses(case, by, most_close))) if most_close else (),
        explain(policy.engine.evaluate, ruleset, record.question, now),
    )


def _decide(
    policy: PolicyInForce, question: Question, dates: CoarseDates, now: datetime
) -> DecisionRecord:
    """Return the answer to `question` at `now`, as it would be recorded."""
    ruleset = policy.bundle.eligibility
    age, created = dates.apply(now, DateSteps(ruleset))
    asked = replace(question, age=age, account_created=created)
    facts = resolve(asked, ruleset.lexicon, ruleset.atlas)
    decision = policy.engine.evaluate(facts, now)
    jurisdictions = {ruleset.by_id[rule_id].jurisdiction for rule_id in named_rules(decision)}
    return DecisionRecord(
        revision=policy.revision,
        evaluated_at=now,
        question=asked,
        facts=facts,
        decision=decision,
        jurisdictions=tuple(sorted(jurisdictions)),
        degraded=degraded_sources(asked),
        provenance=None,
        hypothetical=False,
        sensitive=ruleset.lexicon.sealed,
        dates=dates,
    )


def recompute_route(policy: PolicyInForce, request: DataRequest, now: datetime) -> RouteRecord:
    """Return where `request` would go at `now`, as it would be recorded."""
    law = policy.bundle.requests
    route = route_request(request, law, now)
    return RouteRecord(
        revision=policy.revision,
        evaluated_at=now,
        request=request,
        route=route,
        jurisdictions=tuple(sorted({law.texts[i].jurisdiction for i in named_in_route(route)})),
        hypothetical=False,
        sensitive=law.lexicon.sensitive,
    )


def texts_of_route(policy: PolicyInForce, rule_ids: Iterable[str]) -> tuple[RuleAccount, ...]:
    """Return what people read of the rules that a route names."""
    texts = policy.bundle.requests.texts
    known = [(rule_id, texts[rule_id]) for rule_id in rule_ids if rule_id in texts]
    return tuple(
        RuleAccount(rule_id, found.jurisdiction, found.text, "decides") for rule_id, found in known
    )
