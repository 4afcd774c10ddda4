"""Servicer of eligibility questions: converts, calls the use case, converts back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import grpc

from comity.app.eligibility import Eligibility
from comity.app.ports.policy_source import PolicyInForce
from comity.app.restrictions import PolicyTexts
from comity.domain.errors import FieldViolation, InvalidQuestionError
from comity.domain.question import Question
from comity.domain.request import Options
from comity.grpc_api.admission import admit
from comity.grpc_api.callers import Entitlements
from comity.grpc_api.contradictions import (
    beside_subject,
    find_contradictions,
    find_misused_options,
)
from comity.grpc_api.deadlines import require_waiting
from comity.grpc_api.errors import invalid_status, prefixed
from comity.grpc_api.known_facts import GoodFacts, KnownFacts
from comity.grpc_api.parts import revision_of
from comity.grpc_api.refusal import Faults
from comity.grpc_api.replies import restrictions_reply
from comity.grpc_api.reply_composing import ReplyComposer, finish
from comity.grpc_api.reply_octets import encode_response, encode_result
from comity.grpc_api.requests import restriction_query_of, subject_of
from comity.grpc_api.shortcuts import ITEM, UNARY, Lesson, QuestionMessage, Shortcuts
from comity.grpc_api.vocabulary import Vocabulary, unknown_names
from comity.v1 import common_pb2, eligibility_service_pb2, eligibility_service_pb2_grpc

MOST_EXPLAINED = 10


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question of a call.

    Attributes:
        message: the message that asks it.
        known: what is known of its facts; None if they have to be examined.
        path: leads to the message; ends with a dot unless it is empty.
        position: its position in a batch; None for a question of its own.
    """

    message: QuestionMessage
    known: GoodFacts | None
    path: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What the questions of one call share.

    Attributes:
        options: how to answer.
        policy: the one revision that answers.
        vocabulary: the names it knows.
        now: the instant of the call.
        octets: the octets of the options.
    """

    options: Options
    policy: PolicyInForce
    vocabulary: Vocabulary
    now: datetime
    octets: bytes


class EligibilityServicer(eligibility_service_pb2_grpc.EligibilityServiceServicer):
    """Answers eligibility questions; errors leave as exceptions that an interceptor converts."""

    def __init__(
        self,
        eligibility: Eligibility,
        texts: PolicyTexts,
        entitlements: Entitlements,
        shortcuts: Shortcuts | None = None,
    ) -> None:
        """Answer from `eligibility` and `texts` what `entitlements` allow the caller.

        What is answered is kept in `shortcuts`, if there are any.
        """
        self._eligibility = eligibility
        self._shortcuts = shortcuts
        self._texts = texts
        self._entitlements = entitlements
        self._known = KnownFacts() if shortcuts is None else shortcuts.known_facts
        self._replies = ReplyComposer() if shortcuts is None else shortcuts.replies

    def CheckEligibility(  # noqa: N802 - the contract names it
        self,
        request: eligibility_service_pb2.CheckEligibilityRequest,
        context: grpc.ServicerContext,
    ) -> eligibility_service_pb2.CheckEligibilityResponse:
        """Answer one question."""
        known = self._known.find(request.facts.SerializeToString())
        faults = Faults(request, without="facts" if known else "")
        call = self._begin(request, faults, context)
        octets = self._answer(_Asked(request, known), faults, call)
        return eligibility_service_pb2.CheckEligibilityResponse.FromString(octets)

    def BatchCheckEligibility(  # noqa: N802
        self,
        request: eligibility_service_pb2.BatchCheckEligibilityRequest,
        context: grpc.ServicerContext,
    ) -> eligibility_service_pb2.BatchCheckEligibilityResponse:
        """Answer up to 500 questions from one revision, each with a result of its own."""
        faults = Faults(request, into_lists=False)
        if request.options.explain_missing and len(request.items) > MOST_EXPLAINED:
            description = f"is only for batches of at most {MOST_EXPLAINED} items"
            faults.add([FieldViolation("options.explain_missing", description)])
        call = self._begin(request, faults, context)
        faults.refuse()
        reply = eligibility_service_pb2.BatchCheckEligibilityResponse(
            policy_revision=revision_of(call.policy.revision)
        )
        for position, item in enumerate(request.items):
            require_waiting(context)
            reply.MergeFromString(self.result(item, position, call))
        return reply

    def begin_batch(self, options: common_pb2.Options, context: grpc.ServicerContext) -> Call:
        """Return what the items of a batch share whose options are to be examined.

        Raises:
            InvalidQuestionError: something is wrong with the options.
            NotEntitledError, NoPolicyError, NoHistoryError, RevisionNotReachedError: as `admit`.
        """
        request = eligibility_service_pb2.BatchCheckEligibilityRequest(options=options)
        faults = Faults(request, into_lists=False)
        call = self._begin(request, faults, context)
        faults.refuse()
        return call

    def ListRestrictions(  # noqa: N802
        self,
        request: eligibility_service_pb2.ListRestrictionsRequest,
        context: grpc.ServicerContext,
    ) -> eligibility_service_pb2.ListRestrictionsResponse:
        """List the rules in force for people connected to a place."""
        faults = Faults(request)
        faults.add(find_misused_options(request.options))
        call = self._begin(request, faults, context)
        faults.add(_unknown_in_list(request, call.vocabulary))
        faults.refuse()
        page = self._texts.list_restrictions(restriction_query_of(request), call.options)
        return restrictions_reply(page, call.options)

    def _begin(
        self,
        request: eligibility_service_pb2.CheckEligibilityRequest
        | eligibility_service_pb2.BatchCheckEligibilityRequest
        | eligibility_service_pb2.ListRestrictionsRequest,
        faults: Faults,
        context: grpc.ServicerContext,
    ) -> Call:
        """Return what the questions of a call share."""
        options, policy = admit(
            request.options, faults, context, self._entitlements, self._eligibility.policy_for
        )
        ruleset = policy.bundle.eligibility
        vocabulary = Vocabulary(ruleset.lexicon, ruleset.atlas)
        now = self._eligibility.clock()
        return Call(options, policy, vocabulary, now, request.options.SerializeToString())

    def result(
        self,
        item: eligibility_service_pb2.BatchCheckEligibilityItem,
        position: int,
        call: Call,
    ) -> bytes:
        """Return the result of one item: its answer, or what is wrong with it.

        It is serialised, as a field of the reply to the batch.
        """
        path = f"items[{position}]."
        known = self._known.find(item.facts.SerializeToString())
        faults = Faults(item, path, without="facts" if known else "")
        try:
            reply = self._answer(_Asked(item, known, path, position), faults, call)
        except InvalidQuestionError as error:
            status = invalid_status(error.violations)
            result = eligibility_service_pb2.BatchCheckEligibilityResult(error=status)
            return encode_result(result.SerializeToString())
        return encode_response(reply)

    def _answer(self, asked: _Asked, faults: Faults, call: Call) -> bytes:
        """Return the serialised answer to one question.

        Raises:
            InvalidQuestionError: something is wrong with the question.
        """
        question = self._examine(asked, faults, call)
        try:
            answer = self._eligibility.check(
                subject_of(asked.message.subject),
                question,
                call.options,
                policy=call.policy,
                position=asked.position,
            )
        except InvalidQuestionError as error:
            raise InvalidQuestionError(prefixed(error.violations, asked.path)) from error
        view, ruleset = call.options.view, call.policy.bundle.eligibility
        common = self._replies.common(answer, view, ruleset)
        if self._shortcuts is not None:
            message, form = asked.message, UNARY if asked.position is None else ITEM
            self._shortcuts.learn(
                Lesson(message, call.octets, call.options, call.policy, answer, common, form)
            )
        return finish(common, answer, view)

    def _examine(self, asked: _Asked, faults: Faults, call: Call) -> Question:
        """Return the facts of a question that is good in every way.

        Raises:
            InvalidQuestionError: something is wrong with the question.
        """
        subject, facts, path = asked.message.subject, asked.message.facts, asked.path
        digest = call.policy.bundle.digest
        if asked.known and asked.known.digest == digest:
            if not faults.hopeless:
                faults.add(beside_subject(subject, facts, path, call.now))
            faults.refuse()
            return asked.known.question
        if asked.message.HasField("facts") and not faults.hopeless:
            faults.add(find_contradictions(subject, facts, path, call.now))
            faults.add(unknown_names(facts, f"{path}facts", call.vocabulary))
        faults.refuse()
        return self._known.keep(facts, digest)


def _unknown_in_list(
    request: eligibility_service_pb2.ListRestrictionsRequest, vocabulary: Vocabulary
) -> Iterator[FieldViolation]:
    """Yield each name in a list request that the policies don't know."""
    yield from vocabulary.place(request.jurisdiction, "jurisdiction")
    yield from vocabulary.factors(request.factors, "factors")
    yield from vocabulary.value("product", request.product, "product")
