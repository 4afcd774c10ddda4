"""Interceptors: whatever goes wrong in a call leaves as one well-formed status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.message import DecodeError
from google.rpc import status_pb2
from grpc_status import rpc_status

from comity.domain.errors import ComityError
from comity.grpc_api.errors import MalformedRequestError, internal_status, status_of

Request = TypeVar("Request")
Reply = TypeVar("Reply")
Behaviour = Callable[[Request, grpc.ServicerContext], Reply]


class ErrorInterceptor(grpc.ServerInterceptor):  # type: ignore[type-arg] # generic in stubs only
    """Converts errors into statuses, and hides defects from callers after reporting them.

    Without it gRPC answers malformed bytes with INTERNAL, and any exception with its text.
    """

    def __init__(self, report_defect: Callable[[Exception], None]) -> None:
        """Call `report_defect` with every exception that has no meaning to the caller."""
        self._report_defect = report_defect

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the handler of a unary call, guarded; others as they are.

        It takes octets and gives octets, so that interceptors further out need no messages.
        """
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        return grpc.unary_unary_rpc_method_handler(self._guarded(_on_octets(handler)))

    def _guarded(self, behaviour: Behaviour[Request, Reply]) -> Behaviour[Request, Reply]:
        """Return `behaviour` with its errors converted."""

        def guarded(request: Request, context: grpc.ServicerContext) -> Reply:
            try:
                return behaviour(request, context)
            except Exception as error:
                if context.code() is not None:  # type: ignore[attr-defined] # ended on purpose
                    raise
                status = status_of(error) if isinstance(error, ComityError) else None
                if status is None:
                    self._report_defect(error)
                _abort(context, status or internal_status())

        return guarded


def _on_octets(handler: grpc.RpcMethodHandler[Any, Any]) -> Behaviour[bytes, bytes]:
    """Return the behaviour of a unary handler, taking and giving octets.

    Raises:
        MalformedRequestError: the octets are no message of the type that it takes.
    """
    behaviour, deserialize = handler.unary_unary, handler.request_deserializer
    serialize = handler.response_serializer
    assert behaviour is not None

    def on_octets(octets: bytes, context: grpc.ServicerContext) -> bytes:
        reply = behaviour(parse(deserialize, octets) if deserialize else octets, context)
        return bytes(serialize(reply) if serialize else reply)

    return on_octets


def parse(deserialize: Callable[[bytes], Request], octets: bytes) -> Request:
    """Return the message in `octets`.

    Raises:
        MalformedRequestError: there is none.
    """
    try:
        return deserialize(octets)
    except DecodeError as error:
        raise MalformedRequestError from error


def abort(context: grpc.ServicerContext, error: ComityError) -> NoReturn:
    """End the call with the status that tells of `error`."""
    _abort(context, status_of(error) or internal_status())


def _abort(context: grpc.ServicerContext, status: status_pb2.Status) -> NoReturn:
    """End the call with `status`."""
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError  # abort_with_status never returns
