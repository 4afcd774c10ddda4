"""Servers with troubles, for tests of the client."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from comity.v1 import policy_service_pb2, policy_service_pb2_grpc
from comity.v1.common_pb2 import PolicyRevision

PATIENCE_SECONDS = 20.0


@dataclass
class Troubles(grpc.ServerInterceptor):  # type: ignore[type-arg] # generic in stubs only
    """Fails the first calls, one after another as told, and counts all of them."""

    first: list[tuple[grpc.StatusCode, str | None]] = field(default_factory=list)
    slow_seconds: float = 0.0
    calls: int = 0

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return a handler that fails, or the one of the service."""
        self.calls += 1
        time.sleep(self.slow_seconds)
        handler = continuation(handler_call_details)
        if not self.first or handler is None:
            return handler
        code, pushback = self.first.pop(0)

        def fail(_: object, context: grpc.ServicerContext) -> None:
            if pushback is not None:
                context.set_trailing_metadata((("grpc-retry-pushback-ms", pushback),))
            context.abort(code, "trouble")

        return grpc.unary_unary_rpc_method_handler(
            fail, handler.request_deserializer, handler.response_serializer
        )


class ControlPort(policy_service_pb2_grpc.PolicyWatchServiceServicer):
    """Tells watchers what it is told to; `None` breaks the stream."""

    def __init__(self) -> None:
        """Begin with nothing to tell."""
        self.news: queue.Queue[PolicyRevision | None] = queue.Queue()

    def Watch(  # noqa: N802 - the contract names it
        self, request: policy_service_pb2.WatchRequest, context: grpc.ServicerContext
    ) -> Iterator[policy_service_pb2.WatchResponse]:
        """Send each revision, until told to break."""
        assert request.after_epoch == 0
        while (revision := self.news.get(timeout=PATIENCE_SECONDS)) is not None:
            yield policy_service_pb2.WatchResponse(policy_revision=revision)
        context.abort(grpc.StatusCode.UNAVAILABLE, "the server is shutting down")

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Serve on a free port and yield its address."""
        server = grpc.server(ThreadPoolExecutor(2))
        policy_service_pb2_grpc.add_PolicyWatchServiceServicer_to_server(self, server)
        port = server.add_insecure_port("localhost:0")
        server.start()
        try:
            yield f"localhost:{port}"
        finally:
            self.news.put(None)
            server.stop(grace=None).wait()


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; fail if it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)
