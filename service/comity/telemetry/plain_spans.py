"""Spans that keep what they are told as it is.

The SDK examines and copies every attribute that is set on a span, and asks a sampler about each,
which together take longer than the decision itself. Ours are of the right types by construction,
and every span is recorded: decisions are evidence, not a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import time_ns
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TraceState,
    get_current_span,
    use_span,
)
from opentelemetry.util.types import Attributes, AttributeValue

from comity.journal import LOCAL_PARENT, REMOTE_PARENT, encode_start
from comity.telemetry.attributes import REASON_EVENT
from comity.telemetry.descriptions import DATA_REQUEST, KIND, OPENED
from comity.telemetry.memo import Memo
from comity.telemetry.told import Told

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_NO_STATE = TraceState()
_UNSET = Status()


class PlainTracer(Tracer):
    """Makes plain spans, children of the span that is current unless told otherwise."""

    def __init__(
        self, resource: Resource, scope: InstrumentationScope, ids: IdGenerator, deliver: Deliver
    ) -> None:
        """Have spans of `resource` and `scope` delivered when they end."""
        self._resource = resource
        self._scope = scope
        self._ids = ids
        self._deliver = deliver

    def start_span(  # noqa: PLR0917 - the interface has it so
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
    ) -> Span:
        """Return a span that has begun; it records no exception by itself."""
        del record_exception, set_status_on_exception
        parent = get_current_span(context).get_span_context()
        known = parent if parent.is_valid else None
        own = SpanContext(
            known.trace_id if known else self._ids.generate_trace_id(),
            self._ids.generate_span_id(),
            is_remote=False,
            trace_flags=_SAMPLED,
            trace_state=known.trace_state if known else _NO_STATE,
        )
        began = time_ns() if start_time is None else start_time
        finish = _Finish(self._resource, self._scope, kind, tuple(links or ()), self._deliver)
        given = dict(attributes or {})
        return PlainSpan(name, own, known, attributes=given, start=began, finish=finish)

    @contextmanager
    def start_as_current_span(  # type: ignore[override]  # noqa: PLR0917 - the interface has it so
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
        end_on_exit: bool = True,  # noqa: FBT001, FBT002
    ) -> Iterator[Span]:
        """Make a span the current one within."""
        span = self.start_span(name, context, kind, attributes, links, start_time)
        with use_span(span, end_on_exit, record_exception, set_status_on_exception):
            yield span


Deliver = Callable[["PlainSpan"], None]


@dataclass(slots=True)
class _Finish:
    """What a span needs to know only when it ends."""

    resource: Resource
    scope: InstrumentationScope
    kind: SpanKind
    links: tuple[Link, ...]
    deliver: Deliver


class PlainSpan(Span):
    """A span that is used by one thread, and delivered when it ends."""

    __slots__ = (
        "_attributes",
        "_context",
        "_end",
        "_ended",
        "_events",
        "_finish",
        "_name",
        "_parent",
        "_start",
        "_status",
        "_told",
    )

    def __init__(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        *,
        attributes: dict[str, AttributeValue],
        start: int,
        finish: _Finish,
    ) -> None:
        """Begin at `start`, in nanoseconds."""
        self._name = name
        self._context = context
        self._parent = parent
        self._attributes = attributes
        self._start = start
        self._finish = finish
        self._events: list[Event] = []
        self._status = _UNSET
        self._told: Told | None = None
        self._ended = False
        self._end = 0

    def get_span_context(self) -> SpanContext:
        """Return its identity."""
        return self._context

    def is_recording(self) -> bool:
        """Return whether it has not ended."""
        return not self._ended

    def update_name(self, name: str) -> None:
        """Call it otherwise."""
        self._name = name

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Say something of it."""
        self._attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Say several things of it."""
        self._attributes.update(attributes)

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """Say what happened in it."""
        self._events.append(Event(name, attributes, timestamp))

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Say how it went."""
        self._status = status if isinstance(status, Status) else Status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: FBT001, FBT002 - the interface has it so
    ) -> None:
        """Say which type of exception came; its text may quote anything."""
        del escaped
        told = {**(attributes or {}), "exception.type": type(exception).__qualname__}
        self.add_event("exception", told, timestamp)

    def tell(self, told: Told) -> None:
        """Say everything of a decision at once."""
        self._told = told

    def end(self, end_time: int | None = None) -> None:
        """End it and have it delivered; once.

        Raises:
            NotRecordedError: it records a decision, which could not be recorded.
        """
        if self._ended:
            return
        self._ended = True
        self._end = time_ns() if end_time is None else end_time
        self._finish.deliver(self)

    @property
    def decides(self) -> bool:
        """Whether it records a decision."""
        return self._told is not None or KIND in self._attributes

    @property
    def testifies(self) -> bool:
        """Whether what it tells must not go unrecorded: a decision, or that a seal is opened."""
        return self.decides or OPENED in self._attributes

    @property
    def legal(self) -> bool:
        """Whether it records a decision on a request of an authority."""
        return self._attributes.get(KIND) == DATA_REQUEST

    def readable(self) -> ReadableSpan:
        """Return it as the SDK's exporters take it."""
        finish, told = self._finish, self._told
        attributes: Mapping[str, AttributeValue] = self._attributes
        events = self._events
        if told is not None:
            attributes = {**attributes, **told.attributes}
            reasons = told.description.events
            events = [*events, *(Event(REASON_EVENT, e, self._end) for e in reasons)]
        return ReadableSpan(
            name=self._name,
            context=self._context,
            parent=self._parent,
            resource=finish.resource,
            attributes=attributes,
            events=events,
            links=finish.links,
            kind=finish.kind,
            status=self._status,
            start_time=self._start,
            end_time=self._end,
            instrumentation_scope=finish.scope,
        )

    def encoded(self) -> bytes:
        """Return it as a serialised OTLP span."""
        told = self._told
        if told is None or self._events or self._status is not _UNSET or self._finish.links:
            message = encode_spans([self.readable()])
            return message.resource_spans[0].scope_spans[0].spans[0].SerializeToString()
        own, parent = self._context, self._parent
        flags = REMOTE_PARENT if parent is not None and parent.is_remote else LOCAL_PARENT
        start = _STARTS[self._name, self._finish.kind, *self._attributes.items()]
        template = told.description.template(start)
        return template.assemble(
            own.trace_id.to_bytes(16, "big"),
            own.span_id.to_bytes(8, "big"),
            parent.span_id.to_bytes(8, "big") if parent is not None else b"",
            text_of_state(own.trace_state),
            flags,
            self._start,
            self._end,
            told.encode_varying(),
        )


def _start(key: tuple[Any, ...]) -> bytes:
    """Return what spans of a call begin with: `key` is its name, its kind and its attributes."""
    name, kind, *attributes = key
    return encode_start(name, kind, dict(attributes))


# There are few methods, and nearly all their calls that decide something have one status.
_STARTS: Final = Memo(_start, 64)


def text_of_state(state: TraceState) -> str:
    """Return a trace state as its header has it, and as the SDK's encoder writes it."""
    return ",".join(f"{key}={value}" for key, value in state.items()) if state else ""
