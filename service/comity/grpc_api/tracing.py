"""Every call is a span, a child of the caller's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import grpc
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import (
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from comity.domain.errors import NotRecordedError
from comity.grpc_api.interceptors import abort
from comity.grpc_api.wrapping import Behaviour, UnaryInterceptor
from comity.telemetry.prepared_spans import Parent

Metadata = Sequence[tuple[str, str | bytes]]

# Health and reflection are asked all the time and decide nothing.
_UNTRACED: Final = "/grpc."
_PARENT: Final = "traceparent"
_STATE: Final = "tracestate"
# Of the one version that there is; others, and white space around it, are for the propagator.
# Source: https://www.w3.org/TR/trace-context/
_PLAIN_PARENT: Final = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}").fullmatch
_PROPAGATOR: Final = TraceContextTextMapPropagator()
STATUS_CODE: Final = "rpc.grpc.status_code"
# The other codes tell of the caller's mistakes, which don't make the server's span a failure.
# Source: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
_FAILURES: Final = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)


class TracingInterceptor(UnaryInterceptor):
    """Makes a SERVER span of every unary call, current in the thread that answers it.

    The caller's `traceparent` and `tracestate` give its parent; what can't be read of them is
    passed over. Nothing else of a call's metadata, and nothing of its peer, is recorded.
    """

    def __init__(self, tracer: Tracer) -> None:
        """Make spans with `tracer`."""
        super().__init__()
        self._tracer = tracer

    def wrap(self, method: str, behaviour: Behaviour) -> Behaviour:
        """Return `behaviour`, traced."""
        if method.startswith(_UNTRACED):
            return behaviour
        name = method.removeprefix("/")
        attributes = rpc_attributes(name)

        def recorded(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401
            try:
                return traced(request, context)
            except NotRecordedError as error:
                # The span of the call itself, which ends when everything else has been done.
                abort(context, error)

        def traced(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
            span = self._tracer.start_span(
                name, _remote_context(context), SpanKind.SERVER, attributes
            )
            code = grpc.StatusCode.UNKNOWN
            # An exception's text may quote anything; the status that it ends the call with doesn't.
            with use_span(
                span, end_on_exit=True, record_exception=False, set_status_on_exception=False
            ):
                try:
                    reply = behaviour(request, context)
                    code = _code_of(context) or grpc.StatusCode.OK
                except Exception:
                    code = _code_of(context) or code
                    raise
                finally:
                    span.set_attribute(STATUS_CODE, code.value[0])
                    if code is not grpc.StatusCode.OK:
                        span.set_attribute("error.type", code.name)
                    if code in _FAILURES:
                        span.set_status(Status(StatusCode.ERROR))
                return reply

        return recorded


def rpc_attributes(name: str) -> dict[str, str]:
    """Return what is said of every call of the method `name`, with its service."""
    service, _, method = name.rpartition("/")
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}


def parent_of(context: grpc.ServicerContext) -> Parent | None:
    """Return the caller's span; None if the caller tells of none that can be read."""
    told = state = None
    for name, value in context.invocation_metadata():
        if name == _PARENT:
            told = value if told is None else ""  # several are left to the propagator
        elif name == _STATE:
            state = value
    if told is None:
        return None
    plain = _PLAIN_PARENT(told) if state is None and isinstance(told, str) else None
    if plain is not None:
        trace_id, span_id = map(bytes.fromhex, plain.groups())
        return Parent(trace_id, span_id) if any(trace_id) and any(span_id) else None
    span = get_current_span(_remote_context(context)).get_span_context()
    return Parent.of(span) if span.is_valid else None


def _remote_context(context: grpc.ServicerContext) -> Context:
    """Return the context of the caller's span; an empty one if it tells of none."""
    metadata: Metadata = context.invocation_metadata()
    if not any(name == _PARENT for name, _ in metadata):  # saves the look for the rest
        return Context()
    return _PROPAGATOR.extract(metadata, Context(), _METADATA)


class _MetadataGetter(Getter[Metadata]):
    """Reads text of a call's metadata."""

    def get(self, carrier: Metadata, key: str) -> list[str] | None:
        """Return the texts under `key`; None for none."""
        found = [value for name, value in carrier if name == key and isinstance(value, str)]
        return found or None

    def keys(self, carrier: Metadata) -> list[str]:
        """Return all keys."""
        return [name for name, _ in carrier]


_METADATA: Final = _MetadataGetter()


def _code_of(context: grpc.ServicerContext) -> grpc.StatusCode | None:
    """Return the status that the call was given; None for none."""
    code = context.code()  # type: ignore[attr-defined] # missing in the stubs
    return code if isinstance(code, grpc.StatusCode) else None
