"""Keeps long streams from taking the threads that answer calls."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Final

import grpc

from comity.grpc_api.wrapping import Continuation

MOST_STREAMS: Final = 2
LONGEST_STREAM_SECONDS: Final = 30.0


class StreamLimitInterceptor(grpc.ServerInterceptor):  # type: ignore[type-arg] # generic in stubs only
    """Allows a few bidirectional streams at a time, each for a limited time.

    Reflection is the one service with such streams, and each holds a thread while it is open.
    Watches of health hold none and pass as they are.
    """

    def __init__(
        self, most: int = MOST_STREAMS, longest_seconds: float = LONGEST_STREAM_SECONDS
    ) -> None:
        """Allow `most` streams at a time, each for `longest_seconds`."""
        self._free = threading.BoundedSemaphore(most)
        self._longest_seconds = longest_seconds

    def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the handler, limited if it is of a bidirectional stream."""
        handler = continuation(handler_call_details)
        if handler is None or handler.stream_stream is None:
            return handler
        behaviour = handler.stream_stream

        def limited(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
            if not self._free.acquire(blocking=False):
                text = "too many streams are open; try again later"
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
            timer = threading.Timer(self._longest_seconds, context.cancel)
            timer.daemon = True
            timer.start()
            try:
                yield from behaviour(requests, context)
            finally:
                timer.cancel()
                self._free.release()

        return grpc.stream_stream_rpc_method_handler(
            limited,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
