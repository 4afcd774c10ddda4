"""Answers calls from what was answered before, without taking their messages apart."""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Callable, Mapping
from time import perf_counter, time_ns
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError

from comity.domain.errors import NotRecordedError
from comity.grpc_api.callers import Entitlements, is_entitled
from comity.grpc_api.deadlines import is_late
from comity.grpc_api.reply_octets import encode_decision_ids, encode_evaluated_at
from comity.grpc_api.shortcuts import CHECK, UNARY, Shortcuts
from comity.grpc_api.swift_batches import SwiftBatches
from comity.grpc_api.tracing import parent_of
from comity.grpc_api.views import QUESTION_VIEW, is_plain
from comity.grpc_api.wrapping import Behaviour, Continuation, UnaryInterceptor
from comity.metrics import WorkerMetrics
from comity.telemetry.prepared_spans import SpanPreparer

BATCH: Final = "/comity.v1.EligibilityService/BatchCheckEligibility"
_NO_POSITION: Final = (b"",)

Answer = Callable[[bytes, grpc.ServicerContext], bytes | None]


class SwiftQuestions:
    """Answers single questions whose answer is known, or whose parts are."""

    def __init__(
        self, shortcuts: Shortcuts, preparer: SpanPreparer, entitlements: Entitlements
    ) -> None:
        """Answer from `shortcuts`, recorded by `preparer`, what `entitlements` allow the caller."""
        self._shortcuts = shortcuts
        self._preparer = preparer
        self._entitlements = entitlements

    def answer(self, octets: bytes, context: grpc.ServicerContext) -> bytes | None:
        """Return the reply to a question; None if something about it is not known.

        Raises:
            DecodeError: the octets are no question.
            NotRecordedError: the decision can't be recorded.
        """
        start, shortcuts, view = time_ns(), self._shortcuts, QUESTION_VIEW.FromString(octets)
        moment = shortcuts.moment(UNARY)
        if moment is None:
            return None
        names = view.options, view.facts
        asked = moment.memory.asked.get(names)
        options = asked.options if asked else moment.memory.options.get(view.options)
        if (
            options is None
            or not is_plain(view, octets)
            or is_late(context)
            or not is_entitled(self._entitlements, options, context)
        ):
            return None
        recalled = shortcuts.recall(moment, asked, view.subject) if asked else None
        recalled = recalled or shortcuts.work_out(moment, names, view.subject)
        if recalled is None:
            return None
        known, ending, decided = recalled
        preparer, now = self._preparer, moment.now
        call = preparer.begin(parent_of(context), start, now)
        spans, (span_id,) = preparer.assemble(call, (decided,), _NO_POSITION)
        preparer.keep(spans)
        known.count(1)
        return b"".join(
            (
                *(known.reply, ending, encode_evaluated_at(now)),
                *(encode_decision_ids(call.trace_id), hexlify(span_id)),
            )
        )


class SwiftInterceptor(UnaryInterceptor):
    """Answers questions and batches whose answers are known; others go the long way.

    It does for them all that the interceptors behind it do for the others: deadline, span, counts.
    """

    def __init__(
        self,
        shortcuts: Shortcuts,
        preparer: SpanPreparer,
        entitlements: Entitlements,
        metrics: WorkerMetrics,
        report_defect: Callable[[Exception], None],
    ) -> None:
        """Answer from `shortcuts`, recorded by `preparer`, what `entitlements` allow the caller.

        `report_defect` is told of an exception that should not come; the call goes the long way.
        """
        super().__init__()
        self._answers: Mapping[str, Answer] = {
            CHECK: SwiftQuestions(shortcuts, preparer, entitlements).answer,
            BATCH: SwiftBatches(shortcuts, preparer, entitlements, BATCH).answer,
        }
        self._calls = metrics.calls
        self._report_defect = report_defect

    def wrap(self, method: str, behaviour: Behaviour) -> Behaviour:
        """Return `behaviour`, called for what has no known answer."""
        answer = self._answers.get(method)
        if answer is None:
            return behaviour
        tally = self._calls.of(method.removeprefix("/"))

        def answered(octets: bytes, context: grpc.ServicerContext) -> Any:  # noqa: ANN401
            start = perf_counter()
            try:
                reply = answer(octets, context)
            except (DecodeError, NotRecordedError):  # the long way has words for it
                reply = None
            except Exception as error:  # noqa: BLE001 - the long way is still open
                self._report_defect(error)
                reply = None
            if reply is None:
                return behaviour(octets, context)
            tally.add(perf_counter() - start)
            return reply

        return answered


class OctetBatchInterceptor(grpc.ServerInterceptor):  # type: ignore[type-arg] # generic in stubs only
    """Has batches answered from their octets. It belongs behind all other interceptors."""

    def __init__(self, answer_batch: Callable[[bytes, grpc.ServicerContext], bytes]) -> None:
        """Have `answer_batch` answer them."""
        self._handler: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(
            answer_batch
        )

    def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the handler of a call."""
        handler = continuation(handler_call_details)
        if handler is None or str(handler_call_details.method) != BATCH:
            return handler
        return self._handler
