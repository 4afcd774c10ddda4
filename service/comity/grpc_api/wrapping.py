"""Interceptors that wrap unary calls, with the wrapping done once a method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import grpc

Behaviour = Callable[[Any, grpc.ServicerContext], Any]
Continuation = Callable[[grpc.HandlerCallDetails], "grpc.RpcMethodHandler[Any, Any] | None"]


class UnaryInterceptor(grpc.ServerInterceptor, ABC):  # type: ignore[type-arg] # generic in stubs only
    """Wraps the behaviour of every unary method; streams pass as they are.

    What lies further in is asked for each method once, so it must not depend on the single call.
    """

    def __init__(self) -> None:
        """Begin with nothing wrapped."""
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    @abstractmethod
    def wrap(self, method: str, behaviour: Behaviour) -> Behaviour:
        """Return what is called in place of `behaviour`, the unary method `method`."""

    def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the wrapped handler; None for a method that doesn't exist."""
        method = str(handler_call_details.method)
        wrapped = self._wrapped.get(method)
        if wrapped is not None:
            return wrapped
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        wrapped = grpc.unary_unary_rpc_method_handler(
            self.wrap(method, handler.unary_unary),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
        self._wrapped[method] = wrapped
        return wrapped
