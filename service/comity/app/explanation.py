"""Use case: find a recorded decision, make it once more, and say why it is so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Generic, Protocol, TypeVar

from comity.app.exact_values import ExactValueError
from comity.app.ports.decision_recorder import RouteRecord
from comity.app.ports.decision_records import (
    DecisionRecords,
    Difference,
    NotOpenedError,
    NotRecomputed,
    RecordedDecision,
    SealOpener,
)
from comity.app.ports.policy_source import Evaluator, PolicyInForce
from comity.app.recomputation import (
    Recomputed,
    RuleAccount,
    recompute_decision,
    recompute_route,
    texts_of_route,
)
from comity.domain.errors import NotFoundError, RevisionUnusableError
from comity.domain.request import Revision
from comity.policy.bundle import Bundle

Record = TypeVar("Record", bound=RecordedDecision)

_BECAUSE: Final[Mapping[NotRecomputed, str]] = MappingProxyType(
    {
        NotRecomputed.NOT_KEPT: (
            "what was asked is sensitive, and no legal key was set to keep it (seal_public_key)"
        ),
        NotRecomputed.BIRTHDAY: "it turned on a birthday of that day, which records don't tell",
    }
)


class Revisions(Protocol):
    """Knows the revisions that were in force, by what they hold."""

    def with_content(self, digest: str) -> PolicyInForce | None:
        """Return the policies of this digest, ready to answer; None if they are not kept.

        Raises:
            RevisionUnusableError: they are, and can't be used any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class PastPolicy:
    """A `PolicyInForce` under the revision that it was recorded as, of whatever epoch.

    Attributes:
        revision: epoch and digest, as recorded.
        bundle: the compiled policies.
        engine: evaluator of the bundle's eligibility rules.
    """

    revision: Revision
    bundle: Bundle
    engine: Evaluator


@dataclass(frozen=True, slots=True)
class Explained(Generic[Record]):
    """What there is to tell of a decision.

    Attributes:
        recorded: what was recorded.
        kept: what was asked, as JSON; empty if it can't be read.
        policy: the policies that it was made once more from; None if it wasn't.
        answer: the decision made once more; None if it wasn't, or is a route.
        route: the route made once more; None if it wasn't, or is no route.
        rules: the rules that decided.
        why: why it was not made once more; None if it was.
        because: the same in words; empty if it was.
    """

    recorded: Record
    kept: str = ""
    policy: PolicyInForce | None = None
    answer: Recomputed | None = None
    route: RouteRecord | None = None
    rules: tuple[RuleAccount, ...] = ()
    why: NotRecomputed | None = None
    because: str = ""

    @property
    def differences(self) -> tuple[Difference, ...]:
        """In what the answer is not the one recorded; nothing if it was not made once more."""
        record = self.answer.record if self.answer else self.route
        return () if record is None else self.recorded.differences(record)


@dataclass(frozen=True)
class DecisionExplaining(Generic[Record]):
    """Explains recorded decisions.

    Attributes:
        records: where their records are found.
        revisions: where the policies come from that answered.
        opener: opens what is sealed; None to leave it so.
    """

    records: DecisionRecords[Record]
    revisions: Revisions
    opener: SealOpener[Record] | None = None

    def explain(self, decision_id: str, *, most_close: int, reader: str) -> Explained[Record]:
        """Return what there is to tell `reader`, with up to `most_close` rules that came close.

        Raises:
            NotFoundError: no record of the decision is kept.
            RecordsUnavailableError: what keeps records can't be read.
            UnreadableRecordError: the record can't be read.
            NotRecordedError: something sealed can't be opened, since that can't be recorded.
        """
        recorded = self.records.find(decision_id)
        if recorded is None:
            message = "no record of this decision is kept here"
            raise NotFoundError(message)
        try:
            kept = recorded.clear or self._opened(recorded, reader)
            return self._recompute(recorded, kept, most_close)
        except NotOpenedError as error:
            return Explained(recorded, why=error.why, because=str(error))
        except ExactValueError as error:
            because = f"the record of this decision can't be read: {error}"
            return Explained(recorded, why=NotRecomputed.ALTERED, because=because)
        except OverflowError:
            because = "the record of this decision names a date that no calendar has"
            return Explained(recorded, why=NotRecomputed.ALTERED, because=because)

    def _opened(self, recorded: Record, reader: str) -> str:
        """Return what was asked, if it can be opened.

        Raises:
            NotOpenedError: it can't.
            NotRecordedError: it can't be recorded that it is opened.
        """
        if not recorded.sealed_to:
            why = NotRecomputed.NOT_KEPT
            raise NotOpenedError(why, _BECAUSE[why])
        if self.opener is None:
            because = f"what was asked is sealed to key {recorded.sealed_to}"
            raise NotOpenedError(NotRecomputed.SEALED, because)
        return self.opener.open(recorded, reader)

    def _recompute(self, recorded: Record, kept: str, most_close: int) -> Explained[Record]:
        """Return the decision made once more from what was asked.

        Raises:
            ExactValueError: what was asked can't be read.
        """
        policy = self._policy_of(recorded.revision)
        if policy is None:
            revision = recorded.revision
            because = f"policy revision {revision.epoch} ({revision.digest[:12]}) is not kept here"
            return Explained(recorded, kept, why=NotRecomputed.REVISION_GONE, because=because)
        now = recorded.evaluated_at
        if recorded.route:
            route = recompute_route(policy, recorded.request(kept), now)
            texts = texts_of_route(policy, route.route.rule_ids)
            return Explained(recorded, kept, policy, route=route, rules=texts)
        question, dates = recorded.question(kept)
        if not dates.exact:
            why = NotRecomputed.BIRTHDAY
            return Explained(recorded, kept, why=why, because=_BECAUSE[why])
        answer = recompute_decision(policy, question, dates, now, most_close=most_close)
        return Explained(recorded, kept, policy, answer=answer, rules=answer.matched)

    def _policy_of(self, revision: Revision) -> PastPolicy | None:
        """Return the policies of a revision under its name; None if they are not to be had."""
        try:
            found = self.revisions.with_content(revision.digest)
        except RevisionUnusableError:
            return None
        if found is None or found.bundle.digest != revision.digest:
            return None
        return PastPolicy(revision, found.bundle, found.engine)
