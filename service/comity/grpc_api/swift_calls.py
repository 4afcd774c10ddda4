"""Answers calls from what was answered before, without taking their messages apart."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, time_ns
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError

from comity.domain.errors import NotEntitledError, NotRecordedError
from comity.domain.request import Options
from comity.grpc_api.callers import Entitlements, caller_of
from comity.grpc_api.deadlines import is_late
from comity.grpc_api.reply_octets import encode_evaluated_at
from comity.grpc_api.shortcuts import CHECK, UNARY, Shortcuts
from comity.grpc_api.tracing import parent_of
from comity.grpc_api.views import QUESTION_VIEW, is_plain
from comity.grpc_api.wrapping import Behaviour, Continuation, UnaryInterceptor
from comity.metrics import WorkerMetrics
from comity.telemetry.prepared_spans import SpanPreparer

BATCH: Final = "/comity.v1.EligibilityService/BatchCheckEligibility"


class SwiftInterceptor(UnaryInterceptor):
    """Answers single questions whose answer is known; others go the long way.

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
        self._shortcuts = shortcuts
        self._preparer = preparer
        self._entitlements = entitlements
        self._tally = metrics.calls.of(CHECK.removeprefix("/"))
        self._report_defect = report_defect

    def wrap(self, method: str, behaviour: Behaviour) -> Behaviour:
        """Return `behaviour`, called for questions whose answer is not known."""
        if method != CHECK:
            return behaviour

        def answered(octets: bytes, context: grpc.ServicerContext) -> Any:  # noqa: ANN401
            start = perf_counter()
            try:
                reply = self._answer(octets, context)
            except (DecodeError, NotRecordedError):  # the long way has words for it
                reply = None
            except Exception as error:  # noqa: BLE001 - the long way is still open
                self._report_defect(error)
                reply = None
            if reply is None:
                return behaviour(octets, context)
            self._tally.add(perf_counter() - start)
            return reply

        return answered

    def _answer(self, octets: bytes, context: grpc.ServicerContext) -> bytes | None:
        """Return the reply to a question; None if its answer is not known.

        Raises:
            DecodeError: the octets are no question.
            NotRecordedError: the decision can't be recorded.
        """
        start, shortcuts, view = time_ns(), self._shortcuts, QUESTION_VIEW.FromString(octets)
        memory = shortcuts.memory()
        if memory is None:
            return None
        asked = memory.asked.get((view.options, view.facts))
        if (
            asked is None
            or not is_plain(view, octets)
            or is_late(context)
            or not self._may(asked.options, context)
        ):
            return None
        subject, now = view.subject, shortcuts.clock()
        recalled = shortcuts.recall(memory, asked, subject, now, UNARY)
        if recalled is None:
            return None
        known, _, ending = recalled
        call = self._preparer.begin(parent_of(context), start, now)
        span, decision_id = self._preparer.assemble(known.span, call, subject.account_id, ending)
        self._preparer.keep((span,))
        known.count()
        return recalled.reply(encode_evaluated_at(now), decision_id)

    def _may(self, options: Options, context: grpc.ServicerContext) -> bool:
        """Return whether the caller may use `options`."""
        if self._entitlements.open_to_all(options):
            return True
        try:
            self._entitlements.require(caller_of(context), options)
        except NotEntitledError:
            return False
        return True


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
