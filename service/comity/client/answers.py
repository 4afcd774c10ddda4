"""Answers as callers read them: whatever they don't understand counts as a denial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from comity.client.errors import ClientError, error_of_status
from comity.v1 import common_pb2, decision_pb2, eligibility_service_pb2, facts_pb2


class Effect(Enum):
    """The headline of an answer, from the mildest to the strictest."""

    ALLOW = common_pb2.EFFECT_ALLOW
    WARN = common_pb2.EFFECT_WARN
    VERIFY = common_pb2.EFFECT_VERIFY
    RESTRICT = common_pb2.EFFECT_RESTRICT
    DENY = common_pb2.EFFECT_DENY


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    Attributes:
        reply: the reply in full, a message of the contract.
        cached: whether it was kept from an earlier call; its decision id is that call's.
    """

    reply: eligibility_service_pb2.CheckEligibilityResponse
    cached: bool = False

    @property
    def effect(self) -> Effect:
        """What the caller must do; DENY if the reply holds something unknown to this client."""
        try:
            effect = Effect(self.reply.effect)
        except ValueError:
            return Effect.DENY
        understood = all(obligation.WhichOneof("kind") for obligation in self.reply.obligations)
        return effect if understood else Effect.DENY

    @property
    def allowed(self) -> bool:
        """Whether nothing at all stands in the way; False while an obligation is to be met."""
        return self.effect is Effect.ALLOW

    @property
    def decided(self) -> bool:
        """Whether the known facts settle the effect; False in the user's view, which hides it."""
        return self.reply.determination == common_pb2.DETERMINATION_DECIDED

    @property
    def obligations(self) -> Sequence[decision_pb2.Obligation]:
        """What the caller must do besides, strictest first."""
        return self.reply.obligations

    @property
    def reasons(self) -> Sequence[decision_pb2.Reason]:
        """The rules that bear on the answer, by rule id."""
        return self.reply.reasons

    @property
    def missing_facts(self) -> Sequence[facts_pb2.FactKey]:
        """Unknown facts that could settle the answer, sorted."""
        return self.reply.missing_facts

    @property
    def message(self) -> str:
        """Text for the user; empty if allowed."""
        return self.reply.message

    @property
    def decision_id(self) -> str:
        """Identity of the recorded decision; it begins with the trace id."""
        return self.reply.decision_id

    @property
    def policy_revision(self) -> common_pb2.PolicyRevision:
        """The policy revision that answered."""
        return self.reply.policy_revision

    @property
    def evaluated_at(self) -> datetime:
        """The instant that the question was answered for."""
        return self.reply.evaluated_at.ToDatetime(tzinfo=UTC)

    @property
    def valid_until(self) -> datetime | None:
        """First instant at which the answer could change by itself; None if never, or not told."""
        if not self.reply.HasField("valid_until"):
            return None
        return self.reply.valid_until.ToDatetime(tzinfo=UTC)

    @property
    def max_age(self) -> timedelta:
        """How long a cache may keep the answer at most."""
        return self.reply.max_age.ToTimedelta()


def result_of(
    result: eligibility_service_pb2.BatchCheckEligibilityResult,
) -> Answer | ClientError:
    """Return the result of one question of a batch."""
    match result.WhichOneof("result"):
        case "response":
            return Answer(result.response)
        case "error":
            return error_of_status(result.error)
        case None:
            message = "the result is of a kind that this client doesn't know; treat it as denied"
            return ClientError(message, code="UNKNOWN")
