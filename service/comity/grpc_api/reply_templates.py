"""Replies to questions with equal facts: alike but for what belongs to the call."""

from __future__ import annotations

from dataclasses import dataclass

from comity.app.eligibility import Answer
from comity.domain.decision import Decision
from comity.domain.request import View
from comity.grpc_api.replies import complete_reply, decision_reply
from comity.policy.engine.cache import Cache
from comity.policy.rules import Ruleset
from comity.v1 import eligibility_service_pb2

KEPT = 2048

Parts = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Template:
    """A reply without what belongs to the call.

    Attributes:
        parts: what it was made from; held here, so that nothing else gets their identities.
        reply: the reply.
    """

    parts: Parts
    reply: eligibility_service_pb2.CheckEligibilityResponse


class ReplyTemplates:
    """Makes replies, most of them from one made before.

    The engine gives equal facts the very parts of the decision that it gave before. Which facts
    met a rule is the same then, too: whatever could change that would have changed the decision.
    """

    def __init__(self) -> None:
        """Begin with no template."""
        self._templates: Cache[tuple[View, tuple[int, ...]], _Template] = Cache(KEPT)
        self._epoch = 0

    def reply(
        self, answer: Answer, view: View, ruleset: Ruleset
    ) -> eligibility_service_pb2.CheckEligibilityResponse:
        """Return the reply that tells `view` of `answer`; `ruleset` is what answered."""
        if answer.record.revision.epoch > self._epoch:
            # Templates hold rules of the revision before, which is to be let go of.
            self._epoch = answer.record.revision.epoch
            self._templates = Cache(KEPT)
        parts = _parts_of(answer.decision)
        key = (view, tuple(map(id, parts)))
        template = self._templates.get(key)
        if template is None:
            template = _Template(parts, decision_reply(answer, view, ruleset))
            self._templates.put(key, template)
        reply = eligibility_service_pb2.CheckEligibilityResponse()
        reply.CopyFrom(template.reply)
        complete_reply(reply, answer, view)
        return reply


def _parts_of(decision: Decision) -> Parts:
    """Return everything in a decision but its end, which may be a birthday."""
    return (
        decision.outcome,
        decision.determination,
        decision.reasons,
        decision.missing_facts,
        decision.would_change,
        decision.presumed_facts,
        decision.conflicts,
    )
