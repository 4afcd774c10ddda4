"""Answers as callers read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from comity.client import Answer, Effect
from comity.v1 import decision_pb2
from comity.v1.eligibility_service_pb2 import CheckEligibilityResponse

WARN = decision_pb2.Obligation(warn=decision_pb2.Warn(notice="n"))
# A kind of obligation that this client doesn't know: field 15, an empty message.
FOREIGN = decision_pb2.Obligation.FromString(b"\x7a\x00")


@pytest.mark.parametrize(
    ("reply", "effect"),
    [
        (CheckEligibilityResponse(effect="EFFECT_ALLOW"), Effect.ALLOW),
        (CheckEligibilityResponse(effect="EFFECT_WARN", obligations=[WARN]), Effect.WARN),
        (CheckEligibilityResponse(effect="EFFECT_VERIFY"), Effect.VERIFY),
        (CheckEligibilityResponse(effect="EFFECT_RESTRICT"), Effect.RESTRICT),
        (CheckEligibilityResponse(effect="EFFECT_DENY"), Effect.DENY),
        (CheckEligibilityResponse(), Effect.DENY),
        (CheckEligibilityResponse.FromString(b"\x08\x63"), Effect.DENY),
        (CheckEligibilityResponse(effect="EFFECT_WARN", obligations=[FOREIGN]), Effect.DENY),
    ],
)
def test_what_is_not_understood_is_a_denial(
    reply: CheckEligibilityResponse, effect: Effect
) -> None:
    """An effect or obligation from a newer server, or none at all, never reads as allowed."""
    answer = Answer(reply)
    assert answer.effect is effect
    assert answer.allowed is (effect is Effect.ALLOW)


def test_instants_are_aware_and_absent_ones_are_none() -> None:
    """Times come as Python's own types."""
    reply = CheckEligibilityResponse(determination="DETERMINATION_DECIDED", decision_id="a-b")
    reply.evaluated_at.FromJsonString("2024-10-01T12:00:00Z")
    reply.max_age.FromSeconds(60)
    answer = Answer(reply)
    assert answer.valid_until is None
    assert answer.evaluated_at == datetime(2024, 10, 1, 12, tzinfo=UTC)
    assert answer.max_age == timedelta(minutes=1)
    assert answer.decided
    assert answer.decision_id == "a-b"
    reply.valid_until.FromJsonString("2030-01-01T00:00:00Z")
    assert answer.valid_until == datetime(2030, 1, 1, tzinfo=UTC)


def test_the_users_view_is_never_decided() -> None:
    """It hides whether the answer is settled."""
    assert not Answer(CheckEligibilityResponse(effect="EFFECT_ALLOW")).decided
