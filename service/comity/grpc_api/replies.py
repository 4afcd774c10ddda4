"""Turns answers to eligibility questions into replies, each view with what it may show."""

from __future__ import annotations

from functools import lru_cache

from comity.app.messages import in_language
from comity.app.restrictions import Restriction, RestrictionPage
from comity.domain.decision import Conflict, Standing
from comity.domain.effect import Outcome
from comity.domain.facts import Tie
from comity.domain.request import DatabaseIdentity, Options, Provenance
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
    timestamp_of,
    visibility_of,
)
from comity.policy.explaining import Explanation
from comity.policy.rules import Rule
from comity.v1 import decision_pb2, eligibility_service_pb2

_PROVENANCES_KEPT = 512
_STANDINGS = {
    standing: decision_pb2.Standing.Value(f"STANDING_{standing.name}") for standing in Standing
}


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


def reason_of(rule: Rule, standing: Standing, outcome: Outcome) -> decision_pb2.Reason:
    """Return a reason without what was matched; `outcome` is what the rule asks at present."""
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
        standing=_STANDINGS[standing],
        visibility=visibility_of(text),
    )


def connection_of(tie: Tie) -> decision_pb2.MatchedConnection:
    """Return a connection that met a rule."""
    return decision_pb2.MatchedConnection(
        factor=tie.factor,
        place=tie.place,
        populations=sorted(tie.populations.yes),
        source=tie.source,
        low_trust=tie.low_trust,
    )


def conflict_of(conflict: Conflict, forbid: Rule, require: Rule) -> decision_pb2.Conflict:
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
