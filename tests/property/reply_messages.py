"""Replies made as messages, all at once: what replies from encoded parts are held against."""

from __future__ import annotations

from collections.abc import Iterator

from comity.app.eligibility import Answer, Ruled
from comity.domain.decision import Standing
from comity.domain.effect import ALLOWED
from comity.domain.request import View
from comity.grpc_api.parts import (
    DETERMINATIONS,
    EFFECTS,
    fact_keys_of,
    obligations_of,
    set_timestamp,
)
from comity.grpc_api.replies import (
    conflict_of,
    connection_of,
    explanation_of,
    provenance_of,
    reason_of,
)
from comity.policy.matching import Ground, match_facts
from comity.policy.rules import Ruleset
from comity.v1 import decision_pb2, eligibility_service_pb2

Reply = eligibility_service_pb2.CheckEligibilityResponse


def _decision_of(answer: Ruled, view: View, ruleset: Ruleset) -> Reply:
    """Return what the reply tells of the decision."""
    decision = answer.decision
    reply = Reply(
        effect=EFFECTS[decision.effect],
        obligations=obligations_of(decision.outcome),
        reasons=_reasons(answer, view, ruleset),
        conflicts=_conflicts(answer, view),
    )
    if view is not View.USER:
        reply.determination = DETERMINATIONS[decision.determination]
        reply.missing_facts.extend(fact_keys_of(decision.missing_facts))
        reply.presumed_facts.extend(fact_keys_of(decision.presumed_facts))
        reply.would_change.extend(fact_keys_of(decision.would_change))
    return reply


def reply_of(answer: Answer, view: View, ruleset: Ruleset) -> Reply:
    """Return the reply that tells `view` of `answer`; `ruleset` is what answered."""
    reply = _decision_of(answer, view, ruleset)
    reply.policy_revision.epoch = answer.record.revision.epoch
    reply.policy_revision.digest = answer.record.revision.digest
    reply.max_age.seconds = answer.max_age_seconds
    reply.message = answer.message
    set_timestamp(reply.evaluated_at, answer.evaluated_at)
    reply.decision_id = answer.decision_id
    if view is View.USER:
        return reply
    if answer.valid_until is not None:
        set_timestamp(reply.valid_until, answer.valid_until)
    if answer.record.degraded:
        reply.degraded.extend(answer.record.degraded)
    if answer.record.provenance is not None:
        reply.provenance.CopyFrom(provenance_of(answer.record.provenance))
    if answer.explanation is not None:
        reply.explanation.CopyFrom(explanation_of(answer.explanation))
    return reply


def _reasons(answer: Ruled, view: View, ruleset: Ruleset) -> Iterator[decision_pb2.Reason]:
    """Yield the reasons that `view` may see."""
    ground = Ground(answer.facts, ruleset.lexicon, ruleset.atlas, answer.evaluated_at)
    for reason in answer.decision.reasons:
        rule = answer.rules[reason.rule_id]
        if rule.text.confidential and view is not View.LEGAL:
            continue
        if view is View.USER and reason.standing is Standing.POSSIBLE:
            continue
        outcome = rule.timeline.state_at(answer.evaluated_at) or ALLOWED
        told = reason_of(rule, reason.standing, outcome)
        if view is not View.USER:
            told.connections.extend(connection_of(tie) for tie in reason.ties if tie.factor)
            told.matched_facts.extend(fact_keys_of(match_facts(rule, reason.ties, ground)))
        yield told


def _conflicts(answer: Ruled, view: View) -> Iterator[decision_pb2.Conflict]:
    """Yield the conflicts that `view` may see: between public rules, or all."""
    for conflict in answer.decision.conflicts:
        forbid = answer.rules[conflict.forbid_rule_id]
        require = answer.rules[conflict.require_rule_id]
        secret = forbid.text.confidential or require.text.confidential
        if view is View.LEGAL or not secret:
            yield conflict_of(conflict, forbid, require)
