"""Calls without a network: handlers behind their interceptors, called as gRPC would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NoReturn

import grpc
from google.rpc import status_pb2
from grpc_status.rpc_status import GRPC_DETAILS_METADATA_KEY

HERE = "ipv4:127.0.0.1:1"

Metadata = Sequence[tuple[str, str | bytes]]
Handler = grpc.RpcMethodHandler


class CallEndedError(Exception):
    """A call was ended on purpose."""


@dataclass(frozen=True)
class Details(grpc.HandlerCallDetails):
    """What an interceptor is told of a call."""

    method: str
    invocation_metadata: Metadata = ()


@dataclass(frozen=True)
class Outcome:
    """How a call ended.

    Attributes:
        reply: the reply; None if it was ended without.
        code: the status that it was ended with.
        text: the text of the status.
        details: the status with its details, if it has any.
    """

    reply: bytes | None
    code: grpc.StatusCode | None = None
    text: str = ""
    details: status_pb2.Status | None = None


class LocalCall(grpc.ServicerContext):  # type: ignore[misc] # abstract in the library
    """A call, as far as the server looks at one."""

    def __init__(
        self,
        metadata: Metadata = (),
        *,
        peer: str = HERE,
        identity: str = "",
        remaining: Callable[[], float | None] = lambda: None,
        active: bool = True,
    ) -> None:
        """Call from `peer`, with a certificate of `identity`; `remaining` seconds are left."""
        self._metadata = metadata
        self._peer = peer
        self._identity = identity
        self._remaining = remaining
        self._active = active
        self._code: grpc.StatusCode | None = None
        self._text = ""
        self._trailers: Metadata = ()

    def invocation_metadata(self) -> Metadata:
        return self._metadata

    def peer(self) -> str:
        return self._peer

    def auth_context(self) -> dict[str, list[bytes]]:
        if not self._identity:
            return {}
        return {"x509_subject_alternative_name": [self._identity.encode()]}

    def time_remaining(self) -> float | None:
        return self._remaining()

    def is_active(self) -> bool:
        return self._active

    def code(self) -> grpc.StatusCode | None:
        return self._code

    def set_trailing_metadata(self, trailing_metadata: Metadata) -> None:
        self._trailers = trailing_metadata

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        self._code, self._text = code, details
        raise CallEndedError

    def abort_with_status(self, status: grpc.Status) -> NoReturn:
        self._trailers = status.trailing_metadata or ()
        self.abort(status.code, status.details)

    def outcome(self, reply: bytes | None) -> Outcome:
        """Return how the call ended, with `reply` if it got one."""
        if self._code is None:
            return Outcome(reply)
        told = dict(self._trailers).get(GRPC_DETAILS_METADATA_KEY)
        status = status_pb2.Status.FromString(told) if isinstance(told, bytes) else None
        return Outcome(None, self._code, self._text, status)


LocalCall.__abstractmethods__ = frozenset()


class LocalServer:
    """Stands in for a gRPC server to whatever adds its servicers.

    Attributes:
        interceptors: what calls go through, the first one outermost.
        handlers: those of all services.
    """

    def __init__(self, *interceptors: grpc.ServerInterceptor) -> None:
        """Call through `interceptors`."""
        self.interceptors = interceptors
        self.handlers: list[grpc.GenericRpcHandler] = []

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Take up the handlers of a service."""
        self.handlers += handlers

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """Leave it: the same handlers come the other way, too."""

    def call(self, method: str, octets: bytes, call: LocalCall) -> Outcome:
        """Return how a call of a unary method ends."""
        handler = self._handler(Details(method, call.invocation_metadata()))
        assert handler is not None
        assert handler.unary_unary is not None
        take, give = handler.request_deserializer, handler.response_serializer
        try:
            reply: Any = handler.unary_unary(take(octets) if take else octets, call)
        except CallEndedError:
            return call.outcome(None)
        return call.outcome(bytes(give(reply) if give else reply))

    def _handler(self, details: grpc.HandlerCallDetails) -> Handler[Any, Any] | None:
        """Return the handler of a method, wrapped by all interceptors."""

        def innermost(details: grpc.HandlerCallDetails) -> Handler[Any, Any] | None:
            found = (handlers.service(details) for handlers in self.handlers)
            return next((handler for handler in found if handler is not None), None)

        def around(inner: Any, interceptor: grpc.ServerInterceptor) -> Any:
            return lambda details: interceptor.intercept_service(inner, details)

        outermost = reduce(around, reversed(self.interceptors), innermost)
        return outermost(details)
