"""Turns explained decisions into replies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from opentelemetry.util.types import AttributeValue

from comity.app.eligibility import Ruled
from comity.app.explanation import Explained
from comity.app.ports.decision_recorder import RouteRecord
from comity.app.ports.decision_records import NotRecomputed
from comity.app.ports.policy_source import PolicyInForce
from comity.app.recomputation import Recomputed, RuleAccount
from comity.app.request_routing import cite, named_in_route
from comity.app.routing import RoutedRequest
from comity.domain.decision import Determination
from comity.domain.effect import Effect
from comity.domain.request import View
from comity.grpc_api.data_request_replies import route_reply
from comity.grpc_api.parts import (
    CONFIDENCES,
    DETERMINATIONS,
    EFFECTS,
    LEGAL_EFFECTS,
    citation_of,
    revision_of,
    set_timestamp,
    timestamp_of,
    visibility_of,
)
from comity.grpc_api.replies import explanation_of, provenance_of
from comity.grpc_api.reply_composing import ReplyComposer
from comity.telemetry.recollection import Recollection
from comity.v1 import common_pb2, eligibility_service_pb2
from comity.v1 import decision_service_pb2 as pb

REASONS: Final[Mapping[NotRecomputed, pb.Recomputation.ValueType]] = {
    why: pb.Recomputation.Value(f"RECOMPUTATION_{why.name}") for why in NotRecomputed
}
_NANOS_A_SECOND: Final = 1_000_000_000
_EFFECTS: Final = {effect.name.lower(): EFFECTS[effect] for effect in Effect}
_DETERMINATIONS: Final = {one.value: DETERMINATIONS[one] for one in Determination}


def explained_reply(explained: Explained[Recollection]) -> pb.GetDecisionResponse:
    """Return the reply that tells all of an explained decision."""
    differences = explained.differences
    reply = pb.GetDecisionResponse(
        recorded=_recorded_of(explained.recorded, explained.kept),
        recomputation=_recomputation_of(explained.why, different=bool(differences)),
        not_recomputed_because=explained.because,
        differences=[
            pb.Difference(name=one.name, recorded=one.recorded, recomputed=one.recomputed)
            for one in differences
        ],
        matched=map(_account_of, explained.rules),
    )
    recorded, policy = explained.recorded, explained.policy
    if explained.answer is not None and policy is not None:
        reply.close.extend(map(_account_of, explained.answer.close))
        reply.eligibility.CopyFrom(_eligibility_of(explained.answer, recorded, policy))
    elif explained.route is not None and policy is not None:
        routed = _routed(explained.route, recorded, policy)
        reply.data_request.CopyFrom(route_reply(routed, View.LEGAL))
    return reply


def _recomputation_of(why: NotRecomputed | None, *, different: bool) -> pb.Recomputation.ValueType:
    """Return whether a decision was made once more, and what came of it."""
    if why is not None:
        return REASONS[why]
    return pb.RECOMPUTATION_DIFFERENT if different else pb.RECOMPUTATION_SAME


def _recorded_of(recorded: Recollection, kept: str) -> pb.RecordedDecision:
    """Return a decision as its record tells it."""
    span, provenance = recorded.span, recorded.provenance
    seconds, nanos = divmod(span.end_ns, _NANOS_A_SECOND)
    kind = pb.DECISION_KIND_DATA_REQUEST if recorded.route else pb.DECISION_KIND_ELIGIBILITY
    return pb.RecordedDecision(
        decision_id=recorded.decision_id,
        kind=kind,
        evaluated_at=timestamp_of(recorded.evaluated_at),
        recorded_at=Timestamp(seconds=seconds, nanos=nanos),
        policy_revision=revision_of(recorded.revision),
        hypothetical=recorded.hypothetical,
        effect=_EFFECTS.get(span.text("comity.decision.effect"), common_pb2.EFFECT_UNSPECIFIED),
        determination=_DETERMINATIONS.get(
            span.text("comity.decision.determination"), common_pb2.DETERMINATION_UNSPECIFIED
        ),
        obligations=span.texts("comity.obligations"),
        rule_ids=span.texts("comity.rule.ids"),
        jurisdictions=span.texts("comity.jurisdictions"),
        unknown_facts=span.texts("comity.facts.unknown"),
        missing_facts=span.texts("comity.missing_facts"),
        presumed_facts=span.texts("comity.presumed_facts"),
        would_change=span.texts("comity.would_change"),
        degraded=span.texts("comity.degraded"),
        conflicts=span.texts("comity.conflicts"),
        provenance=None if provenance is None else provenance_of(provenance),
        verdicts=span.texts("comity.route.verdicts"),
        desk=span.text("comity.route.desk"),
        due=span.text("comity.route.due"),
        sealed_to=recorded.sealed_to,
        asked_json=kept,
        attributes=_attributes(span.attributes),
    )


def _attributes(said: Mapping[str, AttributeValue]) -> Iterator[pb.RecordedAttribute]:
    """Yield everything that a record says, by name."""
    for name in sorted(said):
        value = said[name]
        values = map(str, value) if isinstance(value, tuple) else (str(value),)
        yield pb.RecordedAttribute(name=name, values=values)


def _account_of(one: RuleAccount) -> pb.RuleAccount:
    """Return how a rule met the facts, or what kept it from them."""
    text = one.text
    return pb.RuleAccount(
        rule_id=one.rule_id,
        jurisdiction=one.jurisdiction,
        title=text.title,
        why=one.account,
        by=one.facts,
        authority=text.authority,
        citation=citation_of(text.citation),
        legal_effect=LEGAL_EFFECTS[text.legal_effect],
        confidence=CONFIDENCES[text.confidence],
        visibility=visibility_of(text),
    )


def _eligibility_of(
    again: Recomputed, recorded: Recollection, policy: PolicyInForce
) -> eligibility_service_pb2.CheckEligibilityResponse:
    """Return the answer to a question about an account, made once more."""
    ruleset = policy.bundle.eligibility
    octets = ReplyComposer().decision(Ruled(again.record, ruleset.by_id), View.LEGAL, ruleset)
    reply = eligibility_service_pb2.CheckEligibilityResponse.FromString(octets)
    reply.policy_revision.CopyFrom(revision_of(recorded.revision))
    reply.max_age.SetInParent()
    set_timestamp(reply.evaluated_at, recorded.evaluated_at)
    reply.decision_id = recorded.decision_id
    reply.degraded.extend(again.record.degraded)
    if recorded.provenance is not None:
        reply.provenance.CopyFrom(provenance_of(recorded.provenance))
    reply.explanation.CopyFrom(explanation_of(again.explanation))
    return reply


def _routed(route: RouteRecord, recorded: Recollection, policy: PolicyInForce) -> RoutedRequest:
    """Return the answer to an authority's request, made once more."""
    law = policy.bundle.requests
    cited = {rule_id: cite(rule_id, law) for rule_id in named_in_route(route.route)}
    return RoutedRequest(
        route.route, cited, recorded.revision, recorded.evaluated_at, recorded.decision_id
    )
