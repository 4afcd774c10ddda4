"""Replies to new questions, joined from parts that were encoded before.

No two new questions are the same, but the parts of their answers are: facts that were presumed,
rules and their texts, connections, the revision. Each is made as a message once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from google.protobuf.duration_pb2 import Duration

from comity.app.eligibility import Answer, Ruled
from comity.domain.decision import Determination, Standing
from comity.domain.effect import ALLOWED, Obligation, Outcome
from comity.domain.facts import FactKey, Members, Tie
from comity.domain.request import Provenance, Revision, View
from comity.grpc_api.parts import (
    DETERMINATIONS,
    EFFECTS,
    fact_keys_of,
    obligations_of,
    revision_of,
)
from comity.grpc_api.replies import (
    conflict_of,
    connection_of,
    explanation_of,
    provenance_of,
    reason_of,
)
from comity.grpc_api.reply_octets import (
    encode_decision_id,
    encode_evaluated_at,
    encode_reason,
    encode_valid_until,
)
from comity.policy.by_ruleset import ByRuleset
from comity.policy.matching import Ground, match_facts
from comity.policy.rules import Ruleset
from comity.telemetry.memo import Memo
from comity.v1 import decision_pb2, eligibility_service_pb2

KEPT: Final = 4096
_MESSAGES_KEPT: Final = 512
_PROVENANCES_KEPT: Final = 512

_Reply = eligibility_service_pb2.CheckEligibilityResponse
# Whether it is a denial, obligations, and the determination if it is told.
_Headline = tuple[bool, frozenset[Obligation], Determination | None]
# Factor, place, populations, source, whether it is at low trust.
_Connection = tuple[str, str, frozenset[str], str, bool]


class ReplyComposer:
    """Encodes replies; shared by threads."""

    def __init__(self) -> None:
        """Begin with nothing encoded."""
        self._headlines = Memo(_headline, KEPT)
        self._missing = Memo(_missing, KEPT)
        self._presumed = Memo(_presumed, KEPT)
        self._would_change = Memo(_would_change, KEPT)
        self._revisions = Memo(_revision, KEPT)
        self._messages = Memo(_message, _MESSAGES_KEPT)
        self._provenances = Memo(_provenance, _PROVENANCES_KEPT)
        self._rules = ByRuleset(_RuleReplies)

    def common(self, answer: Answer, view: View, ruleset: Ruleset) -> bytes:
        """Return what is the same in all replies to equal questions.

        That is all that `view` may see but for instants and the identity of the decision;
        `ruleset` is what answered.
        """
        revision = answer.record.revision
        fields = [
            self.decision(answer, view, ruleset),
            self._revisions[revision.epoch, revision.digest, answer.max_age_seconds],
        ]
        if answer.message:
            fields.append(self._messages[answer.message])
        if view is not View.USER:
            if answer.record.degraded:
                degraded = _Reply(degraded=answer.record.degraded)
                fields.append(degraded.SerializeToString())
            if answer.record.provenance is not None:
                fields.append(self._provenances[answer.record.provenance])
            if answer.explanation is not None:
                explained = _Reply(explanation=explanation_of(answer.explanation))
                fields.append(explained.SerializeToString())
        return b"".join(fields)

    def decision(self, ruled: Ruled, view: View, ruleset: Ruleset) -> bytes:
        """Return what `view` may see of the decision alone."""
        decision, outcome, user = ruled.decision, ruled.decision.outcome, view is View.USER
        told = None if user else decision.determination
        fields = [self._headlines[outcome.denied, outcome.obligations, told]]
        if decision.reasons:
            fields += self._rules.of(ruleset).reasons(ruled, view)
        for conflict in decision.conflicts:
            forbid = ruled.rules[conflict.forbid_rule_id]
            require = ruled.rules[conflict.require_rule_id]
            secret = forbid.text.confidential or require.text.confidential
            if view is View.LEGAL or not secret:
                told_of = _Reply(conflicts=[conflict_of(conflict, forbid, require)])
                fields.append(told_of.SerializeToString())
        if not user:
            fields += map(self._missing.__getitem__, decision.missing_facts)
            fields += map(self._presumed.__getitem__, decision.presumed_facts)
            fields += map(self._would_change.__getitem__, decision.would_change)
        return b"".join(fields)


class _RuleReplies:
    """Encodes reasons by the rules of one revision."""

    def __init__(self, ruleset: Ruleset) -> None:
        """Take texts from `ruleset`."""
        self._ruleset = ruleset
        self._texts = Memo(self._text, KEPT)
        self._connections = Memo(_connection, KEPT)
        self._facts = Memo(_matched_fact, KEPT)

    def reasons(self, ruled: Ruled, view: View) -> Iterator[bytes]:
        """Yield the reasons that `view` may see, as fields of a reply."""
        now = ruled.evaluated_at
        ground = Ground(ruled.facts, self._ruleset.lexicon, self._ruleset.atlas, now)
        for reason in ruled.decision.reasons:
            rule = ruled.rules[reason.rule_id]
            if rule.text.confidential and view is not View.LEGAL:
                continue
            if view is View.USER and reason.standing is Standing.POSSIBLE:
                continue
            # A rule that is not in force asks nothing.
            outcome = rule.timeline.state_at(now) or ALLOWED
            fields = [self._texts[rule.id, reason.standing, outcome]]
            if view is not View.USER:
                fields += [
                    self._connections[
                        tie.factor, tie.place, tie.populations.yes, tie.source, tie.low_trust
                    ]
                    for tie in reason.ties
                    if tie.factor
                ]
                fields += map(self._facts.__getitem__, match_facts(rule, reason.ties, ground))
            yield encode_reason(b"".join(fields))

    def _text(self, key: tuple[str, Standing, Outcome]) -> bytes:
        """Return what a reason says whatever met the rule."""
        rule_id, standing, outcome = key
        return reason_of(self._ruleset.by_id[rule_id], standing, outcome).SerializeToString()


def finish(common: bytes, answer: Answer, view: View) -> bytes:
    """Return a reply of which `ReplyComposer.common` gave what is `common`."""
    ending = b"" if view is View.USER else encode_valid_until(answer.valid_until)
    now = encode_evaluated_at(answer.evaluated_at)
    return common + ending + now + encode_decision_id(answer.decision_id)


def _headline(key: _Headline) -> bytes:
    """Return the answer before its rules."""
    denied, obligations, determination = key
    outcome = Outcome(denied, obligations)
    reply = _Reply(effect=EFFECTS[outcome.effect], obligations=obligations_of(outcome))
    if determination is not None:
        reply.determination = DETERMINATIONS[determination]
    return reply.SerializeToString()


def _revision(key: tuple[int, str, int]) -> bytes:
    """Return which revision answered, and how long a cache may keep the reply."""
    epoch, digest, seconds = key
    revision, age = revision_of(Revision(epoch, digest)), Duration(seconds=seconds)
    return _Reply(policy_revision=revision, max_age=age).SerializeToString()


def _missing(key: FactKey) -> bytes:
    """Return a fact that is missing."""
    return _Reply(missing_facts=fact_keys_of([key])).SerializeToString()


def _presumed(key: FactKey) -> bytes:
    """Return a fact that was presumed."""
    return _Reply(presumed_facts=fact_keys_of([key])).SerializeToString()


def _would_change(key: FactKey) -> bytes:
    """Return a fact that keeps an exception in doubt."""
    return _Reply(would_change=fact_keys_of([key])).SerializeToString()


def _message(text: str) -> bytes:
    """Return a text for the user."""
    return _Reply(message=text).SerializeToString()


def _provenance(provenance: Provenance) -> bytes:
    """Return the data behind a look-up."""
    return _Reply(provenance=provenance_of(provenance)).SerializeToString()


def _connection(key: _Connection) -> bytes:
    """Return a connection that met a rule, as a field of a reason."""
    factor, place, populations, source, low_trust = key
    tie = Tie(factor, place, Members(populations), low_trust, source=source)
    return decision_pb2.Reason(connections=[connection_of(tie)]).SerializeToString()


def _matched_fact(key: FactKey) -> bytes:
    """Return a fact by which a rule is met, as a field of a reason."""
    return decision_pb2.Reason(matched_facts=fact_keys_of([key])).SerializeToString()
