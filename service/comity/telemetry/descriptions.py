"""What spans say of decisions, remembered: decisions with equal facts are described alike."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final

from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue

from comity.app.ports.decision_recorder import DecisionRecord
from comity.journal import EventTemplate, SpanTemplate
from comity.policy.engine.cache import Cache
from comity.telemetry.attributes import Attributes, decision_attributes, reason_events
from comity.telemetry.exact_questions import QUESTION, exact_question

KEPT: Final = 2048
# A description is recorded by two methods at most, nearly always with one status.
MOST_TEMPLATES: Final = 8

KIND: Final = "comity.decision.kind"
DATA_REQUEST: Final = "data_request"
REASON_EVENT: Final = "comity.reason"
# Names the decision whose sealed facts are opened.
OPENED: Final = "comity.explain.decision_id"

Parts = tuple[object, ...]


class Description:
    """What is said of every decision with equal facts.

    Attributes:
        attributes: attributes of the span, without those of the one call.
        events: attributes of its events.
        asked: the question itself, without dates; among the attributes if nothing is to be sealed.
    """

    __slots__ = ("_parts", "_templates", "asked", "attributes", "events")

    def __init__(
        self,
        parts: Parts,
        attributes: Attributes,
        events: tuple[Attributes, ...],
        asked: str,
    ) -> None:
        """Describe decisions made of `parts`; holding them, nothing else gets their identities."""
        self._parts = parts
        self.attributes = attributes
        self.events = events
        self.asked = asked
        self._templates: dict[Hashable, SpanTemplate] = {}

    def template(
        self, name: str, kind: SpanKind, own: Mapping[str, AttributeValue]
    ) -> SpanTemplate:
        """Return what makes spans of this description, `own` being the attributes of their call."""
        key = (name, kind, *own.items())
        template = self._templates.get(key)
        if template is None:
            events = [EventTemplate(REASON_EVENT, event) for event in self.events]
            template = SpanTemplate(name, kind, {**own, **self.attributes}, events=events)
            if len(self._templates) < MOST_TEMPLATES:
                self._templates[key] = template
        return template


class Descriptions:
    """Describes decisions; shared by threads."""

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._known: Cache[Hashable, Description] = Cache(KEPT)
        self._epoch = 0

    def of(self, record: DecisionRecord) -> Description:
        """Return what is said of the decision but for what belongs to the one call."""
        if record.revision.epoch > self._epoch:
            # What is remembered holds objects of the revision before, which is to be let go of.
            self._epoch = record.revision.epoch
            self._known = Cache(KEPT)
        parts = _parts_of(record)
        key = (tuple(map(id, parts)), *_values_of(record))
        known = self._known.get(key)
        if known is None:
            events = tuple(reason_events(record))
            attributes = decision_attributes(record)
            asked = exact_question(record.question, record.sensitive)
            dated = record.facts.age is not None or record.facts.account_created is not None
            if not asked.sensitive and not dated:
                attributes[QUESTION] = asked.text
            known = Description(parts, attributes, events, asked.text)
            self._known.put(key, known)
        return known


def _parts_of(record: DecisionRecord) -> Parts:
    """Return what is described and is the very same when facts are equal.

    The purposes of facts are made anew for each question that differs in more than dates.
    """
    decision, facts = record.decision, record.facts
    return (
        record.revision,
        record.sensitive,
        record.question.indicators,
        decision.outcome,
        decision.reasons,
        decision.missing_facts,
        decision.would_change,
        decision.presumed_facts,
        decision.conflicts,
        facts.purposes,
        facts.items,
        facts.labels,
        facts.labels_absent,
        facts.ties,
    )


def _values_of(record: DecisionRecord) -> tuple[Hashable, ...]:
    """Return what else is described."""
    facts = record.facts
    return (
        record.decision.determination,
        record.hypothetical,
        record.jurisdictions,
        record.degraded,
        tuple(record.question.unknown.items()),
        facts.action,
        facts.product,
        facts.device,
        facts.age is None,
        facts.account_created is None,
    )
