"""The parts that several replies share, from the domain's values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import assert_never

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from comity.domain.decision import Determination
from comity.domain.effect import (
    Effect,
    Hold,
    Obligation,
    Outcome,
    Restrict,
    Verify,
    Warn,
    WithheldObject,
    Withhold,
    sort_key,
)
from comity.domain.facts import FactKey
from comity.domain.request import Revision
from comity.policy.rule_texts import Citation, RuleText
from comity.policy.rules import Modality
from comity.v1 import common_pb2, decision_pb2, facts_pb2

EFFECTS = {effect: common_pb2.Effect.Value(f"EFFECT_{effect.name}") for effect in Effect}
DETERMINATIONS = {
    determination: common_pb2.Determination.Value(f"DETERMINATION_{determination.name}")
    for determination in Determination
}
MODALITIES = {
    modality: common_pb2.Modality.Value(f"MODALITY_{modality.name}") for modality in Modality
}
LEGAL_EFFECTS = {
    word: common_pb2.LegalEffect.Value(f"LEGAL_EFFECT_{word.upper()}")
    for word in ("binding", "advice", "voluntary", "practice", "proposal")
}
CONFIDENCES = {
    word: common_pb2.Confidence.Value(f"CONFIDENCE_{word.upper()}")
    for word in ("verified", "recalled", "unverified")
}
_WITHHELD = {
    what: decision_pb2.WithheldObject.Value(f"WITHHELD_OBJECT_{what.name}")
    for what in WithheldObject
}


def set_timestamp(timestamp: Timestamp, instant: datetime) -> None:
    """Set `timestamp` to an aware `instant`; several times faster than the message's own way."""
    since = instant - _EPOCH
    timestamp.seconds = since.days * _SECONDS_A_DAY + since.seconds
    timestamp.nanos = since.microseconds * 1000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_A_DAY = 86_400


def timestamp_of(instant: datetime | None) -> Timestamp | None:
    """Return `instant`, aware, as a timestamp; None stays unset."""
    if instant is None:
        return None
    timestamp = Timestamp()
    set_timestamp(timestamp, instant)
    return timestamp


def revision_of(revision: Revision) -> common_pb2.PolicyRevision:
    """Return a policy revision."""
    return common_pb2.PolicyRevision(epoch=revision.epoch, digest=revision.digest)


def fact_keys_of(keys: Iterable[FactKey]) -> list[facts_pb2.FactKey]:
    """Return the names of facts, in their order."""
    return [
        facts_pb2.FactKey(
            dimension=key.dimension, member=key.member, factor=key.factor, place=key.place
        )
        for key in keys
    ]


def citation_of(citation: Citation) -> common_pb2.Citation:
    """Return where a rule can be read."""
    return common_pb2.Citation(
        title=citation.title,
        url=citation.url,
        pinpoint=citation.pinpoint,
        retrieved="" if citation.retrieved is None else citation.retrieved.isoformat(),
    )


def visibility_of(text: RuleText) -> common_pb2.Visibility.ValueType:
    """Return who may be told of a rule."""
    if text.confidential:
        return common_pb2.VISIBILITY_CONFIDENTIAL
    return common_pb2.VISIBILITY_PUBLIC


def obligations_of(outcome: Outcome) -> list[decision_pb2.Obligation]:
    """Return what an outcome asks besides its headline, strictest first."""
    return [_obligation_of(obligation) for obligation in sorted(outcome.obligations, key=sort_key)]


def _obligation_of(obligation: Obligation) -> decision_pb2.Obligation:
    """Return one obligation."""
    match obligation:
        case Verify(method):
            return decision_pb2.Obligation(verify=decision_pb2.Verify(method=method))
        case Restrict():
            return decision_pb2.Obligation(restrict=_restrict_of(obligation))
        case Warn(notice):
            return decision_pb2.Obligation(warn=decision_pb2.Warn(notice=notice))
        case Withhold(what, follows):
            return decision_pb2.Obligation(
                withhold=decision_pb2.Withhold(object=_WITHHELD[what], follows=sorted(follows))
            )
        case Hold(held):
            return decision_pb2.Obligation(hold=decision_pb2.Hold(object=held))
    assert_never(obligation)


def _restrict_of(restrict: Restrict) -> decision_pb2.Restrict:
    """Return a feature taken away or limited."""
    if restrict.quota is None:
        return decision_pb2.Restrict(feature=restrict.feature)
    return decision_pb2.Restrict(
        feature=restrict.feature,
        quota=decision_pb2.Quota(
            at_most=Duration(seconds=restrict.quota.at_most_seconds),
            per=restrict.per,
            each=restrict.each,
            adjustable_by=restrict.quota.adjustable_by,
        ),
    )
