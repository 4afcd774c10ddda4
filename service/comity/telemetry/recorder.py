"""Records decisions as spans."""

from __future__ import annotations

from typing import Final

from opentelemetry import trace
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Span, Tracer

from comity.app.ports.decision_recorder import DecisionRecord, RouteRecord
from comity.policy.coarse_dates import NO_DATES, CoarseDates
from comity.telemetry.attributes import (
    PSEUDONYM,
    PSEUDONYM_KEY,
    Attributes,
    call_attributes,
)
from comity.telemetry.descriptions import Descriptions
from comity.telemetry.exact_questions import QUESTION, exact_request, with_dates
from comity.telemetry.identifiers import decision_id, identity_octets
from comity.telemetry.plain_spans import PlainSpan
from comity.telemetry.pseudonyms import PseudonymRing, Pseudonyms
from comity.telemetry.route_attributes import answer_events, route_attributes
from comity.telemetry.sealed_facts import Sealer
from comity.telemetry.told import Told

DECISION_SPAN: Final = "comity.decision"
ANSWER_EVENT: Final = "comity.answer"


class OtelDecisionRecorder:
    """A `DecisionRecorder` for which a span is the record.

    A single question is recorded in the current span, that of the call; each item of a batch in a
    child of it.
    """

    def __init__(
        self,
        tracer: Tracer,
        pseudonyms: Pseudonyms | PseudonymRing,
        ids: IdGenerator,
        sealer: Sealer | None = None,
        descriptions: Descriptions | None = None,
    ) -> None:
        """Make spans with `tracer`; `ids` gives identities when tracing is switched off.

        Without `sealer` what is sensitive is not kept at all. `descriptions` may be others' too.
        """
        self._sealer = sealer
        self._tracer = tracer
        self._descriptions = descriptions or Descriptions()
        self._pseudonyms = pseudonyms
        self._ids = ids

    def record(self, record: DecisionRecord) -> str:
        """Write `record` into a span and return its decision id.

        Raises:
            NotRecordedError: the span of an item of a batch can't be recorded.
        """
        description = self._descriptions.of(record)
        varying = call_attributes(record)
        self._add_account(varying, record.account_id)
        current = trace.get_current_span()
        own = record.position is not None or not current.is_recording()
        span = self._tracer.start_span(DECISION_SPAN) if own else current
        if not isinstance(span, PlainSpan):
            return self._fresh_identity()
        if not description.in_clear and self._sealer is not None:
            self._seal(varying, description.asked, record.dates, span)
        span.tell(Told(description, varying, record.provenance))
        if own:
            span.end()
        return _identity(span)

    def record_route(self, record: RouteRecord) -> str:
        """Write `record` into a span and return its decision id.

        Raises:
            NotRecordedError: it has a span of its own, which can't be recorded.
        """
        attributes = route_attributes(record)
        self._add_account(attributes, record.account_id)
        current = trace.get_current_span()
        own = not current.is_recording()
        span = self._tracer.start_span(DECISION_SPAN) if own else current
        if not span.is_recording():
            return self._fresh_identity()
        asked = exact_request(record.request, record.sensitive)
        if asked.sensitive:
            self._seal(attributes, asked.text, NO_DATES, span)
        else:
            attributes[QUESTION] = asked.text
        span.set_attributes(attributes)
        for event in answer_events(record):
            span.add_event(ANSWER_EVENT, event)
        if own:
            span.end()
        return _identity(span)

    def _add_account(self, attributes: Attributes, account_id: str) -> None:
        """Add the pseudonym of an account, if one is given."""
        if account_id:
            pseudonyms = self._pseudonyms.current()
            attributes[PSEUDONYM] = pseudonyms.of(account_id)
            attributes[PSEUDONYM_KEY] = pseudonyms.key_id

    def _seal(self, attributes: Attributes, asked: str, dates: CoarseDates, span: Span) -> None:
        """Add what it takes to ask again, for the holder of the legal key if there is one."""
        if self._sealer is not None:
            kept = with_dates(asked, dates)
            attributes.update(self._sealer.seal(kept, identity_octets(_identity(span))))

    def _fresh_identity(self) -> str:
        """Return the decision id of a decision that no span records."""
        return decision_id(self._ids.generate_trace_id(), self._ids.generate_span_id())


def _identity(span: Span) -> str:
    """Return the decision id of what `span` records."""
    context = span.get_span_context()
    return decision_id(context.trace_id, context.span_id)
