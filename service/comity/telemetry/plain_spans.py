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

from opentelemetry.context import Context
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

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_NO_STATE = TraceState()
_UNSET = Status()

Deliver = Callable[[ReadableSpan], None]


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
        "_ended",
        "_events",
        "_finish",
        "_name",
        "_parent",
        "_start",
        "_status",
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
        self._ended = False

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

    def end(self, end_time: int | None = None) -> None:
        """End it and have it delivered; once."""
        if self._ended:
            return
        self._ended = True
        finish = self._finish
        finish.deliver(
            ReadableSpan(
                name=self._name,
                context=self._context,
                parent=self._parent,
                resource=finish.resource,
                attributes=self._attributes,
                events=self._events,
                links=finish.links,
                kind=finish.kind,
                status=self._status,
                start_time=self._start,
                end_time=time_ns() if end_time is None else end_time,
                instrumentation_scope=finish.scope,
            )
        )
