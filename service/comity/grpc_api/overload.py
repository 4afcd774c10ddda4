"""Refuses calls at once when too many are in flight, and keeps batches from taking all threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final, NoReturn

import grpc
from grpc_status import rpc_status

from comity.grpc_api.call_threads import AtOnce, CallsInFlight, CallThreads, NotBegun, begin
from comity.grpc_api.errors import overloaded_status
from comity.grpc_api.wrapping import Behaviour, Continuation, UnaryInterceptor
from comity.metrics import WorkerMetrics
from comity.settings import Settings

PUSHBACK: Final = "grpc-retry-pushback-ms"

# Health and reflection are asked by those who must get an answer above all when there is overload.
_ALWAYS_LET_IN: Final = "/grpc."
_BATCH: Final = "Batch"
# It reads files and may have to compile: one at a time, a few in line, and nobody else waits.
_SLOW: Final = "GetDecision"
_MOST_SLOW: Final = 32
_THREADS_ASIDE: Final = 2


class OverloadInterceptor(UnaryInterceptor):
    """Lets in a bounded number of calls, and gives each kind its threads.

    It must be the outermost interceptor: gRPC looks for the threads of a call at the outermost
    handler. Interceptors run on the thread that polls, so refusing takes no thread that answers.
    """

    def __init__(self, settings: Settings, metrics: WorkerMetrics) -> None:
        """Let in as many calls as the settings say."""
        super().__init__()

        counters = {reason: metrics.not_begun.labels(reason.value) for reason in NotBegun}

        def tell(reason: NotBegun) -> None:
            counters[reason].inc()

        most, most_per_caller = settings.max_in_flight, settings.max_in_flight_per_caller
        self._in_flight = CallsInFlight(most, most_per_caller, tell)
        self._slow = CallsInFlight(_MOST_SLOW, _MOST_SLOW, tell)
        metrics.in_flight.set_function(lambda: self._in_flight.count + self._slow.count)
        known = settings.tls_client_ca is not None
        self._aside = ThreadPoolExecutor(_THREADS_ASIDE, thread_name_prefix="aside")
        self._threads = CallThreads(settings.threads, self._in_flight, self._aside, known=known)
        batch_threads = max(1, settings.threads // 2)
        self._batch_threads = CallThreads(batch_threads, self._in_flight, self._aside, known=known)
        self._slow_thread = CallThreads(1, self._slow, self._aside, known=False)
        self._refusing = self._make_refusing()

    def wrap(self, method: str, behaviour: Behaviour) -> Behaviour:
        """Return `behaviour` with its threads, not called for a caller who has too many calls."""

        def let_in(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
            return behaviour(request, context)

        if method.startswith(_ALWAYS_LET_IN):
            return _on(self._aside, let_in)
        short = method.rpartition("/")[2]
        if short == _SLOW:
            # It is one line for all callers.
            admitted = self._admitted(behaviour, self._slow, NotBegun.SERVER_FULL)
            return _on(self._slow_thread, admitted)
        admitted = self._admitted(behaviour, self._in_flight, NotBegun.CALLER_FULL)
        return _on(self._batch_threads if short.startswith(_BATCH) else self._threads, admitted)

    def _admitted(
        self, behaviour: Behaviour, in_flight: CallsInFlight, reason: NotBegun
    ) -> Behaviour:
        """Return `behaviour`, refused for `reason` if it is over a share of `in_flight`."""

        def admitted(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
            if not begin():
                _refuse(context, in_flight, reason)
            return behaviour(request, context)

        return admitted

    def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the handler of a call; one that refuses while too many are in flight."""
        handler = super().intercept_service(continuation, handler_call_details)
        if (
            not self._in_flight.full
            or handler is None
            or handler.unary_unary is None
            or str(handler_call_details.method).startswith(_ALWAYS_LET_IN)
        ):
            return handler
        return self._refusing

    def _make_refusing(self) -> grpc.RpcMethodHandler[Any, Any]:
        """Return a handler that refuses every call.

        It takes its requests as a stream, and so does not wait for the one to arrive.
        """

        def refuse(requests: Iterator[Any], context: grpc.ServicerContext) -> NoReturn:
            del requests
            _refuse(context, self._in_flight, NotBegun.SERVER_FULL)

        return grpc.stream_unary_rpc_method_handler(_on(AtOnce(), refuse))


def _refuse(context: grpc.ServicerContext, in_flight: CallsInFlight, reason: NotBegun) -> NoReturn:
    """End a call, and say when to come again."""
    pushback_ms = in_flight.refuse(reason)
    status = _status(of_caller=reason is NotBegun.CALLER_FULL)
    trailers = (*(status.trailing_metadata or ()), (PUSHBACK, str(pushback_ms)))
    context.set_trailing_metadata(trailers)
    context.abort(status.code, status.details)
    raise AssertionError  # abort never returns


@cache
def _status(*, of_caller: bool) -> grpc.Status:
    """Return the status of a call that is one too many."""
    status: grpc.Status = rpc_status.to_status(overloaded_status(of_caller=of_caller))
    return status


def _on(threads: ThreadPoolExecutor, behaviour: Behaviour) -> Behaviour:
    """Return `behaviour`, which gRPC is to run on `threads`."""
    behaviour.experimental_thread_pool = threads  # type: ignore[attr-defined] # gRPC looks for it
    return behaviour
