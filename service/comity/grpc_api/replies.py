"""Turns answers to eligibility questions into replies, each view with what it may show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from comity.app.eligibility import Answer, Ruled
from comity.app.messages import in_language
from comity.app.restrictions import Restriction, RestrictionPage
from comity.domain.decision import Conflict, Reason, Standing
from comity.domain.effect import ALLOWED, Outcome
from comity.domain.facts import Tie
from comity.domain.request import DatabaseIdentity, Options, Provenance, View
from comity.grpc_api.parts import (
    CONFIDENCES,
    DETERMINATIONS,
    EFFECTS,
    LEGAL_EFFECTS,
    MODALITIES,
    citation_of,
    fact_keys_of,
    obligations_of,
    revision_of,
    set_timestamp,
    timestamp_of,
    visibility_of,
)
from comity.policy.explaining import Explanation
from comity.policy.matching import Ground, match_facts
from comity.policy.rules import Rule, Ruleset
from comity.v1 import decision_pb2, eligibility_service_pb2

_PROVENANCES_KEPT = 512
_STANDINGS = {
    standing: decision_pb2.Standing.Value(f"STANDING_{standing.name}") for standing in Standing
}


def decision_reply(
    answer: Ruled, view: View, ruleset: Ruleset
) -> eligibility_service_pb2.CheckEligibilityResponse:
    """Return what the reply tells of the decision, which other calls may have in common."""
    decision = answer.decision
    reply = eligibility_service_pb2.CheckEligibilityResponse(
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


def complete_reply(
    reply: eligibility_service_pb2.CheckEligibilityResponse, answer: Answer, view: View
) -> None:
    """Add to `reply` what belongs to the call."""
    reply.policy_revision.epoch = answer.record.revision.epoch
    reply.policy_revision.digest = answer.record.revision.digest
    reply.max_age.seconds = answer.max_age_seconds
    reply.message = answer.message
    set_timestamp(reply.evaluated_at, answer.evaluated_at)
    reply.decision_id = answer.decision_id
    if view is View.USER:
        return
    if answer.valid_until is not None:
        set_timestamp(reply.valid_until, answer.valid_until)
    if answer.record.degraded:
        reply.degraded.extend(answer.record.degraded)
    if answer.record.provenance is not None:
        reply.provenance.CopyFrom(provenance_of(answer.record.provenance))
    if answer.explanation is not None:
        reply.explanation.CopyFrom(explanation_of(answer.explanation))


def restrictions_reply(
    page: RestrictionPage, options: Options
) -> eligibility_service_pb2.ListRestrictionsResponse:
    """Return the reply that lists a page of restrictions."""
    return eligibility_service_pb2.ListRestrictionsResponse(
        restrictions=[_restriction_of(r, options.language) for r in page.restrictions],
        next_page_token=page.next_page_token,
        policy_revision=revision_of(page.revision),
        evaluated_at=timestamp_of(page.evaluated_at),
        valid_until=timestamp_of(page.valid_until),
    )


def _reasons(answer: Ruled, view: View, ruleset: Ruleset) -> Iterator[decision_pb2.Reason]:
    """Yield the reasons that `view` may see."""
    ground = Ground(answer.facts, ruleset.lexicon, ruleset.atlas, answer.evaluated_at)
    for reason in answer.decision.reasons:
        rule = answer.rules[reason.rule_id]
        if rule.text.confidential and view is not View.LEGAL:
            continue
        if view is View.USER and reason.standing is Standing.POSSIBLE:
            continue
        told = _reason_of(reason, rule, answer.evaluated_at)
        if view is not View.USER:
            told.connections.extend(_connection_of(tie) for tie in reason.ties if tie.factor)
            told.matched_facts.extend(fact_keys_of(match_facts(rule, reason.ties, ground)))
        yield told


def _reason_of(reason: Reason, rule: Rule, now: datetime) -> decision_pb2.Reason:
    """Return a reason without what was matched."""
    outcome = _outcome_at(rule, now)
    text = rule.text
    return decision_pb2.Reason(
        rule_id=rule.id,
        jurisdiction=rule.jurisdiction,
        title=text.title,
        effect=EFFECTS[outcome.effect],
        obligations=obligations_of(outcome),
        legal_effect=LEGAL_EFFECTS[text.legal_effect],
        platform_basis=text.platform_basis,
        confidence=CONFIDENCES[text.confidence],
        authority=text.authority,
        citation=citation_of(text.citation),
        standing=_STANDINGS[reason.standing],
        visibility=visibility_of(text),
    )


def _outcome_at(rule: Rule, now: datetime) -> Outcome:
    """Return what the rule asks at `now`; nothing if it is not in force."""
    outcome = rule.timeline.state_at(now)
    return ALLOWED if outcome is None else outcome


def _connection_of(tie: Tie) -> decision_pb2.MatchedConnection:
    """Return a connection that met a rule."""
    return decision_pb2.MatchedConnection(
        factor=tie.factor,
        place=tie.place,
        populations=sorted(tie.populations.yes),
        source=tie.source,
        low_trust=tie.low_trust,
    )


def _conflicts(answer: Ruled, view: View) -> Iterator[decision_pb2.Conflict]:
    """Yield the conflicts that `view` may see: between public rules, or all."""
    for conflict in answer.decision.conflicts:
        forbid = answer.rules[conflict.forbid_rule_id]
        require = answer.rules[conflict.require_rule_id]
        secret = forbid.text.confidential or require.text.confidential
        if view is View.LEGAL or not secret:
            yield _conflict_of(conflict, forbid, require)


def _conflict_of(conflict: Conflict, forbid: Rule, require: Rule) -> decision_pb2.Conflict:
    """Return one conflict with both citations."""
    return decision_pb2.Conflict(
        forbid_rule_id=conflict.forbid_rule_id,
        forbid_citation=citation_of(forbid.text.citation),
        require_rule_id=conflict.require_rule_id,
        require_citation=citation_of(require.text.citation),
        resolved_for=conflict.resolved_for,
    )


@lru_cache(maxsize=_PROVENANCES_KEPT)
def provenance_of(provenance: Provenance) -> decision_pb2.Provenance:
    """Return the data behind a look-up."""
    return decision_pb2.Provenance(
        database_type=provenance.database_type,
        build_time=timestamp_of(provenance.built_at),
        digest=provenance.digest,
        network_prefix_length=provenance.network_prefix_length,
        flags=provenance.flags,
        anonymous_database=_database_of(provenance.anonymous),
    )


def _database_of(database: DatabaseIdentity | None) -> decision_pb2.GeoipDatabase | None:
    """Return a data file."""
    if database is None:
        return None
    return decision_pb2.GeoipDatabase(
        database_type=database.database_type,
        build_time=timestamp_of(database.built_at),
        digest=database.digest,
    )


def explanation_of(explanation: Explanation) -> decision_pb2.Explanation:
    """Return what would lead elsewhere."""
    return decision_pb2.Explanation(
        alternatives=[
            decision_pb2.Alternative(
                fact=fact_keys_of([alternative.fact])[0],
                value=alternative.value,
                effect=EFFECTS[alternative.effect],
                determination=DETERMINATIONS[alternative.determination],
            )
            for alternative in explanation.alternatives
        ],
        decisive_presumptions=fact_keys_of(explanation.presumptions),
        complete=explanation.complete,
    )


def _restriction_of(restriction: Restriction, language: str) -> eligibility_service_pb2.Restriction:
    """Return a rule in force."""
    rule, text = restriction.rule, restriction.rule.text
    return eligibility_service_pb2.Restriction(
        rule_id=rule.id,
        jurisdiction=rule.jurisdiction,
        title=text.title,
        modality=MODALITIES[rule.modality],
        effect=EFFECTS[restriction.outcome.effect],
        obligations=obligations_of(restriction.outcome),
        legal_effect=LEGAL_EFFECTS[text.legal_effect],
        platform_basis=text.platform_basis,
        confidence=CONFIDENCES[text.confidence],
        authority=text.authority,
        citation=citation_of(text.citation),
        until=timestamp_of(restriction.until),
        message=in_language(text.message, language),
        visibility=visibility_of(text),
    )
