"""Use case: may this account do this, here, now?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from comity.app.messages import message_for
from comity.app.ports.decision_recorder import DecisionRecord, DecisionRecorder
from comity.app.ports.phone_lookup import PhoneLookup
from comity.app.ports.place_lookup import PlaceLookup
from comity.app.ports.policy_source import PolicyInForce, PolicySource
from comity.app.revisions import policy_for
from comity.app.subject import LookedUp, look_up
from comity.domain.decision import Decision
from comity.domain.facts import Facts, UnknownReason
from comity.domain.question import Question
from comity.domain.request import Options, Subject
from comity.policy.coarse_dates import CoarseDates, DateCoarsener
from comity.policy.engine import Remembered
from comity.policy.explaining import Explanation, explain
from comity.policy.resolving import Resolver
from comity.policy.rules import Rule

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Ruled:
    """A decision with the rules behind it.

    Attributes:
        record: what is kept of it.
        rules: the rules that the decision names, by id.
    """

    record: DecisionRecord
    rules: Mapping[str, Rule]

    @property
    def decision(self) -> Decision:
        """The evaluation."""
        return self.record.decision

    @property
    def facts(self) -> Facts:
        """What it rests on, look-ups and presumptions included."""
        return self.record.facts

    @property
    def evaluated_at(self) -> datetime:
        """The instant that the question was answered for."""
        return self.record.evaluated_at


@dataclass(frozen=True, slots=True)
class Answer(Ruled):
    """The answer to one question, with what goes with it.

    Attributes:
        recalled: the evaluation, and for how long it may be given again.
        valid_until: first instant at which the answer could change by itself; None if never, or
            for a hypothetical question.
        max_age_seconds: how long a cache may keep the reply; 0 for a hypothetical question.
        message: text for the user, in the language asked for or English.
        explanation: what missing and presumed facts would lead to; None unless asked for.
        decision_id: identity of the decision; empty until it is recorded.
    """

    recalled: Remembered
    valid_until: datetime | None
    max_age_seconds: int
    message: str
    explanation: Explanation | None = None
    decision_id: str = ""

    def recorded_as(self, decision_id: str) -> Answer:
        """Return the answer with the identity under which it is recorded."""
        return replace(self, decision_id=decision_id)


class Asking(NamedTuple):
    """How a question is asked.

    Attributes:
        policy: the revision that answers.
        options: how to answer.
        now: the instant that it is answered for.
        dates: what the rules can tell of the dates of the question.
        account_id: the account, for the record; empty for none.
        position: position of the question in a batch; None if it is no item of one.
    """

    policy: PolicyInForce
    options: Options
    now: datetime
    dates: CoarseDates
    account_id: str = ""
    position: int | None = None


@dataclass(frozen=True)
class Eligibility:
    """Answers eligibility questions from the policy in force.

    Attributes:
        policies: where the revision in force comes from.
        places: GeoIP look-up.
        phones: phone number look-up.
        recorder: where every decision is recorded before its reply leaves.
        clock: gives the current instant.
        max_age_seconds: how long a cache may keep a reply, at most.
        wait_seconds: how long to wait for the revision that a caller asks for, at most.
        resolver: applies presumptions, and remembers.
        coarsener: says what rules can tell of dates, for the record.
    """

    policies: PolicySource
    places: PlaceLookup
    phones: PhoneLookup
    recorder: DecisionRecorder
    clock: Clock
    max_age_seconds: int = 60
    wait_seconds: float = 1.0
    resolver: Resolver = field(default_factory=Resolver)
    coarsener: DateCoarsener = field(default_factory=DateCoarsener)

    def policy_for(self, options: Options) -> PolicyInForce:
        """Return the revision that answers a call with `options`: one for a whole batch.

        Raises:
            NoPolicyError: no bundle is in force yet.
            NoHistoryError: `as_known` lies before the first bundle.
            RevisionNotReachedError: `min_epoch` was not reached in time.
        """
        return policy_for(self.policies, options, self.wait_seconds)

    def check(
        self,
        subject: Subject,
        question: Question,
        options: Options,
        *,
        policy: PolicyInForce | None = None,
        position: int | None = None,
    ) -> Answer:
        """Answer one question and record the decision.

        Items of a batch bring their `policy` and `position`; no policy is the one in force.

        Raises:
            InvalidQuestionError: the subject's address or number is malformed; or as `policy_for`.
        """
        chosen = policy or self.policy_for(options)
        now = options.as_of or self.clock()
        ruleset = chosen.bundle.eligibility
        looked_up = look_up(subject, question, self.places, self.phones, ruleset.lexicon)
        dates = self.coarsener.coarse(looked_up.question, ruleset, now)
        asking = Asking(chosen, options, now, dates, subject.account_id, position)
        answer = self.work_out(looked_up, asking)
        return answer.recorded_as(self.recorder.record(answer.record))

    def work_out(self, looked_up: LookedUp, asking: Asking) -> Answer:
        """Return the answer to a question whose look-ups are done; it is yet to be recorded."""
        policy, options, now, dates, account_id, position = asking
        question, ruleset = looked_up.question, policy.bundle.eligibility
        facts = self.resolver.resolve(question, ruleset)
        recalled = policy.engine.recall(facts, now)
        decision = recalled.for_facts(facts, now)
        rules = {i: ruleset.by_id[i] for i in named_rules(decision)}
        record = DecisionRecord(
            revision=policy.revision,
            evaluated_at=now,
            question=question,
            facts=facts,
            decision=decision,
            jurisdictions=tuple(sorted({rule.jurisdiction for rule in rules.values()})),
            degraded=degraded_sources(question),
            provenance=looked_up.provenance,
            hypothetical=options.hypothetical,
            sensitive=ruleset.lexicon.sealed,
            account_id=account_id,
            position=position,
            dates=dates,
        )
        return Answer(
            record=record,
            rules=rules,
            recalled=recalled,
            valid_until=None if options.hypothetical else decision.valid_until,
            max_age_seconds=0 if options.hypothetical else self.max_age_seconds,
            message=message_for(decision, rules, ruleset.lexicon, now, options.language),
            explanation=self._explain(question, policy, options, now),
        )

    def _explain(
        self, question: Question, policy: PolicyInForce, options: Options, now: datetime
    ) -> Explanation | None:
        """Return what would lead elsewhere, if that is asked for."""
        if not options.explain_missing:
            return None
        return explain(policy.engine.evaluate, policy.bundle.eligibility, question, now)


def named_rules(decision: Decision) -> Iterable[str]:
    """Yield the ids of the rules that the decision names."""
    yield from (reason.rule_id for reason in decision.reasons)
    for conflict in decision.conflicts:
        yield conflict.forbid_rule_id
        yield conflict.require_rule_id


def degraded_sources(question: Question) -> tuple[str, ...]:
    """Return the dimensions whose source was not available, sorted."""
    return tuple(
        sorted(
            name
            for name, reason in question.unknown.items()
            if reason is UnknownReason.SOURCE_UNAVAILABLE
        )
    )
