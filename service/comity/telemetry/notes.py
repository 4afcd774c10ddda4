"""What is said of a decision, added to its span when that ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.trace import Span

from comity.telemetry.attributes import Attributes


@dataclass(frozen=True, slots=True)
class _Note:
    """What is to be added to a span.

    Attributes:
        attributes: further attributes.
        events: all of its events.
    """

    attributes: Attributes
    events: Sequence[Event]


class NotingProcessor(SpanProcessor):
    """Adds to each span that ends what was noted of it, and passes it on.

    The SDK examines and copies every attribute that is set on a span, which takes longer than the
    decision itself. Ours are of the right types by construction.
    """

    def __init__(self, inner: SpanProcessor | None) -> None:
        """Pass spans on to `inner`; None for nowhere."""
        self._inner = inner
        self._notes: dict[int, _Note] = {}

    def note(self, span: Span, attributes: Attributes, events: Sequence[Event]) -> None:
        """Have attributes and events added to `span`, which has not ended; once for each span."""
        self._notes[span.get_span_context().span_id] = _Note(attributes, events)

    def on_end(self, span: ReadableSpan) -> None:
        """Pass `span` on with what was noted of it."""
        note = self._notes.pop(span.context.span_id, None) if span.context else None
        if self._inner is not None:
            self._inner.on_end(span if note is None else _completed(span, note))

    def shutdown(self) -> None:
        """Let go of what spans are passed on to."""
        if self._inner is not None:
            self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have delivered what is waiting; return whether all of it was handed over in time."""
        return self._inner is None or self._inner.force_flush(timeout_millis)


def _completed(span: ReadableSpan, note: _Note) -> ReadableSpan:
    """Return `span` with what was noted of it."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={**(span.attributes or {}), **note.attributes},
        events=(*span.events, *note.events),
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
