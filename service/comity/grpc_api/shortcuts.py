"""Answers given before, found by the octets of a question: a memo over bytes.

What a question has beside its facts, who is asked about, is reduced to classes that the answer
can't tell apart. For equal facts and classes the answer is the same for some time, and so are its
reply and the span that records it, but for a few octets. Whatever is unusual about a question is
left to the long way, which finds out all that is wrong and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from opentelemetry.trace import SpanKind

from comity.app.eligibility import Answer, Asking, Eligibility
from comity.app.ports.decision_recorder import DecisionRecord
from comity.app.ports.ip_address import MalformedAddressError
from comity.app.ports.phone_lookup import MalformedPhoneNumberError
from comity.app.ports.place_lookup import PlaceFinding
from comity.app.ports.policy_source import PolicyInForce
from comity.app.subject import Told, complete, provenance_of
from comity.domain.decision import Decision
from comity.domain.question import Question
from comity.domain.request import Options, View
from comity.grpc_api.contradictions import in_subject
from comity.grpc_api.known_facts import KnownFacts, memorable_octets
from comity.grpc_api.limits import limit_of
from comity.grpc_api.remembered_answers import (
    Asked,
    Found,
    Given,
    Known,
    KnownAge,
    Memory,
    Moment,
    Recalled,
)
from comity.grpc_api.reply_composing import ReplyComposer
from comity.grpc_api.requests import subject_of
from comity.grpc_api.shape import find_violations
from comity.grpc_api.tracing import STATUS_CODE, rpc_attributes
from comity.journal import encode_start
from comity.policy.date_classes import DateClasses
from comity.telemetry.prepared_spans import PreparedSpan, SpanPreparer
from comity.telemetry.recorder import DECISION_SPAN
from comity.v1 import eligibility_service_pb2, facts_pb2

QuestionMessage = (
    eligibility_service_pb2.CheckEligibilityRequest
    | eligibility_service_pb2.BatchCheckEligibilityItem
)

CHECK: Final = "/comity.v1.EligibilityService/CheckEligibility"
UNARY: Final = "unary"
ITEM: Final = "item"

Prepare = Callable[[DecisionRecord], PreparedSpan]
Count = Callable[[Decision], Callable[[float], None]]

_ACCOUNT_LIMIT: Final = limit_of(f"{facts_pb2.Subject.DESCRIPTOR.full_name}.account_id")
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
        reply: what replies to such questions have in common, serialised.
        form: how it is recorded: `UNARY` or `ITEM`.
    """

    message: QuestionMessage
    octets: bytes
    options: Options
    policy: PolicyInForce
    answer: Answer
    reply: bytes
    form: str


class _Given(NamedTuple):
    """How an answer is given.

    Attributes:
        options: how it was asked for.
        reply: what replies to such questions have in common, serialised.
        form: how it is recorded.
        finding: the place of the address; None if none is given.
    """

    options: Options
    reply: bytes
    form: str
    finding: PlaceFinding | None


class Shortcuts:
    """Finds answers given before; shared by threads.

    Attributes:
        known_facts: facts that were found good.
        replies: encodes replies.
    """

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
        self.known_facts = KnownFacts()
        self.replies = ReplyComposer()

    def memory(self) -> Memory | None:
        """Return what is remembered of the revision in force; None if there is none in force."""
        memory, current = self._memory, self._eligibility.policies.current
        if current is None:
            return None
        if memory is None or memory.policy is not current:
            steps = self._eligibility.coarsener.steps(current.bundle.eligibility)
            memory = self._memory = Memory(current, DateClasses(current.engine, steps))
        return memory

    def moment(self, form: str) -> Moment | None:
        """Return what is remembered now of answers that are recorded in this `form`.

        It is None if no revision is in force.
        """
        memory = self.memory()
        return None if memory is None else Moment(memory, self._eligibility.clock(), form)

    def recall(self, moment: Moment, asked: Asked, subject: facts_pb2.Subject) -> Recalled | None:
        """Return the answer to a question; None if it is not known."""
        found = self.find(moment, asked, subject)
        if found is None:
            return None
        key, _, age, account_id, _ = found
        known, now = moment.memory.answers.get(key), moment.now
        if known is None or not known.start <= now < known.end:
            return None
        ending = known.ending
        in_reply, in_span = age.endings.get(ending) or age.ending(ending, now)
        return known, in_reply, (known.span, in_span, account_id)

    def work_out(
        self, moment: Moment, octets: tuple[bytes, bytes], subject: facts_pb2.Subject
    ) -> Recalled | None:
        """Return the answer to a new question that is made of parts that came before.

        `octets` are those of its options and of its facts. It is None if anything about the
        question is unusual.
        """
        memory = moment.memory
        options, good = memory.options.get(octets[0]), self.known_facts.find(octets[1])
        if options is None or good is None or good.digest != memory.policy.bundle.digest:
            return None
        asked = memory.asked.get(octets) or _asked(options, good.question)
        found = self.find(moment, asked, subject)
        if found is None:
            return None
        key, finding, age, account_id, phone = found
        ruleset, created, dates = memory.policy.bundle.eligibility, None, age.kind.dates
        if subject.HasField("account_created"):
            created = subject_of(subject).account_created
            dates = self._eligibility.coarsener.steps(ruleset).of(age.age, created, moment.now)
        told = Told(finding, phone, age.age, created)
        looked_up = complete(good.question, told, ruleset.lexicon)
        asking = Asking(memory.policy, options, moment.now, dates)
        answer = self._eligibility.work_out(looked_up, asking)
        reply = self.replies.common(answer, options.view, ruleset)
        known = self._known(memory, answer, _Given(options, reply, moment.form, finding))
        if memory.comes_again(octets, asked):
            memory.answers.put(key, known)
        in_reply, in_span = age.ending(known.ending, moment.now)
        return known, in_reply, (known.span, in_span, account_id)

    def find(self, moment: Moment, asked: Asked, subject: facts_pb2.Subject) -> Found | None:
        """Return what a question leads to; None if anything about its subject is unusual."""
        account_id = subject.account_id
        # As its pattern has it, in half the time: printable, without a space.
        if account_id and (
            len(account_id) > _LONGEST_ACCOUNT
            or not account_id.isascii()
            or not account_id.isprintable()
            or " " in account_id
        ):
            return None
        address, number, born = subject.ip_address, subject.phone_number, subject.birth_date
        try:
            finding = self._eligibility.places.locate(address) if address else None
            phone = self._eligibility.phones.country_of(number).place or "" if number else None
        except (MalformedAddressError, MalformedPhoneNumberError):
            return None
        age = (moment.ages.get(born) if born else None) or self._age(moment, subject)
        if age is None or (not asked.takes_age and age.age is not None):
            return None
        created: Hashable = None
        if subject.HasField("account_created"):
            if not asked.takes_creation or any(find_violations(subject)):
                return None
            classes, when = moment.memory.classes, subject_of(subject).account_created
            created = classes.of_creation(when, moment.now)
        key = (asked, id(finding), phone, age.kind, created, moment.form)
        return key, finding, age, account_id, phone

    def _age(self, moment: Moment, subject: facts_pb2.Subject) -> KnownAge | None:
        """Return the age of a subject; None if anything is wrong with it."""
        given: Given = subject.birth_date
        if not given:
            which = subject.WhichOneof("birth")
            given = None if which is None else (which, getattr(subject, which))
        known, now = moment.ages.get(given), moment.now
        if known is None:
            if any(find_violations(subject)) or any(in_subject(subject, "", now)):
                return None
            age = subject_of(subject).age
            known = KnownAge(age, moment.memory.classes.of_age(age, now))
            moment.ages.put(given, known)
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
        ):
            return
        memory.options.put(lesson.octets, options)
        key = (lesson.octets, facts)
        asked = memory.asked.get(key) or _asked(options, record.question)
        if not memory.comes_again(key, asked):
            return
        moment = Moment(memory, record.evaluated_at, lesson.form)
        found = self.find(moment, asked, lesson.message.subject)
        if found is None:
            return
        name, finding, *_ = found
        # Another database may have been taken up meanwhile.
        if record.provenance == (finding and provenance_of(finding)):
            given = _Given(options, lesson.reply, lesson.form, finding)
            memory.answers.put(name, self._known(memory, lesson.answer, given))

    def _known(self, memory: Memory, answer: Answer, given: _Given) -> Known:
        """Return what is to be remembered of an answer."""
        recalled = answer.recalled
        ending = memory.ending(
            recalled.decision.valid_until,
            recalled.birthdays,
            in_replies=given.options.view is not View.USER,
        )
        return Known(
            start=recalled.start,
            end=recalled.end,
            reply=given.reply,
            ending=ending,
            span=self._prepare[given.form](answer.record),
            count=self._count(answer.decision),
            finding=given.finding,
        )


def _asked(options: Options, question: Question) -> Asked:
    """Return what is to be known of a question whose facts are good."""
    unknown = question.unknown
    return Asked(options, "age" not in unknown, "account_created" not in unknown)


def prepare_with(preparer: SpanPreparer) -> Mapping[str, Prepare]:
    """Return what makes ready the spans of answers, by form."""
    name = CHECK.removeprefix("/")
    call = encode_start(name, SpanKind.SERVER, {**rpc_attributes(name), STATUS_CODE: 0})
    item = encode_start(DECISION_SPAN, SpanKind.INTERNAL, {})
    return {
        UNARY: lambda record: preparer.prepare(record, call),
        ITEM: lambda record: preparer.prepare(record, item),
    }
