"""Records decisions as spans."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from opentelemetry import trace
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Span, Tracer

from comity.app.ports.decision_recorder import DecisionRecord, RouteRecord
from comity.telemetry.attributes import Attributes
from comity.telemetry.descriptions import Descriptions
from comity.telemetry.identifiers import decision_id
from comity.telemetry.pseudonyms import Pseudonyms
from comity.telemetry.route_attributes import answer_events, route_attributes

DECISION_SPAN: Final = "comity.decision"
REASON_EVENT: Final = "comity.reason"
ANSWER_EVENT: Final = "comity.answer"


class OtelDecisionRecorder:
    """A `DecisionRecorder` for which a span is the record.

    A single question is recorded in the current span, that of the call; each item of a batch in a
    child of it.
    """

    def __init__(self, tracer: Tracer, pseudonyms: Pseudonyms, ids: IdGenerator) -> None:
        """Make spans with `tracer`; `ids` gives identities when tracing is switched off."""
        self._tracer = tracer
        self._descriptions = Descriptions()
        self._pseudonyms = pseudonyms
        self._ids = ids

    def record(self, record: DecisionRecord) -> str:
        """Write `record` into a span and return its decision id."""
        attributes, events = self._descriptions.of(record)
        single = record.position is None
        return self._write(attributes, REASON_EVENT, events, record.account_id, single=single)

    def record_route(self, record: RouteRecord) -> str:
        """Write `record` into a span and return its decision id."""
        attributes, events = route_attributes(record), answer_events(record)
        return self._write(attributes, ANSWER_EVENT, events, record.account_id, single=True)

    def _write(
        self,
        attributes: Attributes,
        event_name: str,
        events: Iterable[Attributes],
        account_id: str,
        *,
        single: bool,
    ) -> str:
        """Write attributes and events into the span of a decision; return its decision id."""
        if account_id:
            attributes["comity.subject.pseudonym"] = self._pseudonyms.of(account_id)
            attributes["comity.subject.pseudonym_key"] = self._pseudonyms.key_id
        current = trace.get_current_span()
        if single and current.is_recording():
            return self._fill(current, attributes, event_name, events)
        span = self._tracer.start_span(DECISION_SPAN)
        identity = self._fill(span, attributes, event_name, events)
        span.end()
        return identity

    def _fill(
        self, span: Span, attributes: Attributes, event_name: str, events: Iterable[Attributes]
    ) -> str:
        """Write into `span`; return its decision id, or a fresh one if tracing is off."""
        if not span.is_recording():
            return decision_id(self._ids.generate_trace_id(), self._ids.generate_span_id())
        span.set_attributes(attributes)
        for event in events:
            span.add_event(event_name, event)
        context = span.get_span_context()
        return decision_id(context.trace_id, context.span_id)
