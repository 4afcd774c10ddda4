"""Answers given before, found by the octets of a question: a memo over bytes.

What a question has beside its facts, who is asked about, is reduced to classes that the answer
can't tell apart. For equal facts and classes the answer is the same for some time, and so are its
reply and the span that records it, but for a few octets. Whatever is unusual about a question is
left to the long way, which finds out all that is wrong and says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue

from comity.app.eligibility import Answer, Eligibility
from comity.app.ports.decision_recorder import DecisionRecord
from comity.app.ports.ip_address import MalformedAddressError
from comity.app.ports.phone_lookup import MalformedPhoneNumberError
from comity.app.ports.policy_source import PolicyInForce
from comity.app.subject import provenance_of
from comity.domain.decision import Decision
from comity.domain.request import Options, View
from comity.grpc_api.contradictions import in_subject
from comity.grpc_api.known_facts import MOST_BYTES, memorable_octets
from comity.grpc_api.limits import limit_of
from comity.grpc_api.remembered_answers import (
    Asked,
    Found,
    Given,
    Known,
    KnownAge,
    Memory,
)
from comity.grpc_api.reply_octets import common_octets, encode_decision_id
from comity.grpc_api.requests import subject_of
from comity.grpc_api.shape import find_violations
from comity.grpc_api.tracing import STATUS_CODE, rpc_attributes
from comity.policy.date_classes import DateClasses
from comity.telemetry.prepared_spans import PreparedSpan, SpanPreparer
from comity.telemetry.recorder import DECISION_SPAN
from comity.v1 import eligibility_service_pb2, facts_pb2

MOST_OCTETS: Final = MOST_BYTES  # of facts and options together

QuestionMessage = (
    eligibility_service_pb2.CheckEligibilityRequest
    | eligibility_service_pb2.BatchCheckEligibilityItem
)

CHECK: Final = "/comity.v1.EligibilityService/CheckEligibility"
UNARY: Final = "unary"
ITEM: Final = "item"

Prepare = Callable[[DecisionRecord], PreparedSpan]
Count = Callable[[Decision], Callable[[], None]]

_ACCOUNT_LIMIT: Final = limit_of(f"{facts_pb2.Subject.DESCRIPTOR.full_name}.account_id")
_IS_ACCOUNT: Final = re.compile(_ACCOUNT_LIMIT.pattern or "").fullmatch
_LONGEST_ACCOUNT: Final = _ACCOUNT_LIMIT.most_characters or 0


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is to be remembered.

    Attributes:
        message: what was asked.
        octets: the octets of the options.
        options: how it was answered.
        policy: the revision that answered.
        answer: the answer.
        reply: what was replied.
        form: how it is recorded: `UNARY` or `ITEM`.
    """

    message: QuestionMessage
    octets: bytes
    options: Options
    policy: PolicyInForce
    answer: Answer
    reply: eligibility_service_pb2.CheckEligibilityResponse
    form: str


class Recalled(NamedTuple):
    """An answer that may be given again.

    Attributes:
        known: the answer.
        ending: what a reply says of its end.
        ending_in_span: what a span says of it.
    """

    known: Known
    ending: bytes
    ending_in_span: bytes

    def reply(self, evaluated_at: bytes, decision_id: str) -> bytes:
        """Return a serialised reply; `evaluated_at` is the field of that name."""
        return self.known.reply + self.ending + evaluated_at + encode_decision_id(decision_id)


class Shortcuts:
    """Finds answers given before; shared by threads."""

    def __init__(
        self, eligibility: Eligibility, prepare: Mapping[str, Prepare], count: Count
    ) -> None:
        """Remember answers of `eligibility`.

        `prepare` makes ready what records them, by form; `count` says what counts a decision.
        """
        self._eligibility = eligibility
        self._prepare = prepare
        self._count = count
        self._memory: Memory | None = None

    def clock(self) -> datetime:
        """Return the present instant."""
        return self._eligibility.clock()

    def memory(self) -> Memory | None:
        """Return what is remembered of the revision in force; None if there is none in force."""
        memory, current = self._memory, self._eligibility.policies.current
        if current is None:
            return None
        if memory is None or memory.policy is not current:
            steps = self._eligibility.coarsener.steps(current.bundle.eligibility)
            memory = self._memory = Memory(current, DateClasses(current.engine, steps))
        return memory

    def recall(
        self, memory: Memory, asked: Asked, subject: facts_pb2.Subject, now: datetime, form: str
    ) -> Recalled | None:
        """Return the answer to a question; None if it is not known."""
        found = self.find(memory, asked, subject, now, form)
        if found is None:
            return None
        key, _, age = found
        known = memory.answers.get(key)
        if known is None or not known.start <= now < known.end:
            return None
        in_reply, in_span = age.endings.get(known.ending) or age.ending(known.ending, now)
        return Recalled(known, in_reply if known.tells_end else b"", in_span)

    def find(
        self, memory: Memory, asked: Asked, subject: facts_pb2.Subject, now: datetime, form: str
    ) -> Found | None:
        """Return what a question leads to; None if anything about its subject is unusual.

        `form` tells how its answer is recorded.
        """
        account_id = subject.account_id
        if account_id and (len(account_id) > _LONGEST_ACCOUNT or _IS_ACCOUNT(account_id) is None):
            return None
        try:
            address, number = subject.ip_address, subject.phone_number
            finding = self._eligibility.places.locate(address) if address else None
            phone = self._eligibility.phones.country_of(number).place or "" if number else None
        except (MalformedAddressError, MalformedPhoneNumberError):
            return None
        age = self._age(memory, subject, now)
        if age is None or (age.age is not None and not asked.takes_age):
            return None
        created: Hashable = None
        if subject.HasField("account_created"):
            if not asked.takes_creation or any(find_violations(subject)):
                return None
            created = memory.classes.of_creation(subject_of(subject).account_created, now)
        return Found((asked, id(finding), phone, age.kind, created, form), finding, age)

    def _age(self, memory: Memory, subject: facts_pb2.Subject, now: datetime) -> KnownAge | None:
        """Return the age of a subject; None if anything is wrong with it."""
        given: Given = subject.birth_date
        if not given:
            which = subject.WhichOneof("birth")
            given = None if which is None else (which, getattr(subject, which))
        ages = memory.ages_at(now)
        known = ages.get(given)
        if known is None:
            if any(find_violations(subject)) or any(in_subject(subject, "", now)):
                return None
            age = subject_of(subject).age
            known = ages.put(given, KnownAge(age, memory.classes.of_age(age, now)))
        return known

    def learn(self, lesson: Lesson) -> None:
        """Remember an answer that was given the long way."""
        memory, options, record = self.memory(), lesson.options, lesson.answer.record
        facts = memorable_octets(lesson.message.facts)
        if (
            memory is None
            or memory.policy is not lesson.policy
            or options.hypothetical
            or options.explain_missing
            or facts is None
            or len(facts) + len(lesson.octets) > MOST_OCTETS
        ):
            return
        key, unknown = (lesson.octets, facts), record.question.unknown
        asked = memory.asked.get(key)
        if asked is None:
            if memory.glimpsed.get(key) is None:  # most facts that come once don't come again
                memory.glimpsed.put(key, True)
                return
            asked = Asked(options, "age" not in unknown, "account_created" not in unknown)
            memory.asked.put(key, asked)
        found = self.find(memory, asked, lesson.message.subject, record.evaluated_at, lesson.form)
        # Another database may have been taken up meanwhile.
        if found is not None and record.provenance == (
            found.finding and provenance_of(found.finding)
        ):
            memory.answers.put(found.key, self._known(memory, lesson, found))

    def _known(self, memory: Memory, lesson: Lesson, found: Found) -> Known:
        """Return what is to be remembered of an answer."""
        answer, recalled = lesson.answer, lesson.answer.recalled
        return Known(
            start=recalled.start,
            end=recalled.end,
            reply=common_octets(lesson.reply),
            ending=memory.ending(recalled.decision.valid_until, recalled.birthdays),
            tells_end=lesson.options.view is not View.USER,
            span=self._prepare[lesson.form](answer.record),
            count=self._count(answer.decision),
            finding=found.finding,
        )


def prepare_with(preparer: SpanPreparer) -> Mapping[str, Prepare]:
    """Return what makes ready the spans of answers, by form."""
    name = CHECK.removeprefix("/")
    call: Mapping[str, AttributeValue] = {**rpc_attributes(name), STATUS_CODE: 0}
    return {
        UNARY: lambda record: preparer.prepare(record, name, SpanKind.SERVER, call),
        ITEM: lambda record: preparer.prepare(record, DECISION_SPAN, SpanKind.INTERNAL, {}),
    }
