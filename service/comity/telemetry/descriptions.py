"""What spans say of decisions, remembered: decisions with equal facts are described alike."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from comity.app.ports.decision_recorder import DecisionRecord
from comity.policy.engine.cache import Cache
from comity.telemetry.attributes import (
    Attributes,
    call_attributes,
    decision_attributes,
    reason_events,
)

KEPT = 2048

Parts = tuple[object, ...]
Description = tuple[Attributes, tuple[Attributes, ...]]


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What was said of a decision.

    Attributes:
        parts: what it was said of; held here, so that nothing else gets their identities.
        attributes: attributes of the span, without those of the one call.
        events: attributes of its events.
    """

    parts: Parts
    attributes: Attributes
    events: tuple[Attributes, ...]


class Descriptions:
    """Describes decisions; shared by threads."""

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._known: Cache[Hashable, _Remembered] = Cache(KEPT)

    def of(self, record: DecisionRecord) -> Description:
        """Return the attributes of a span, a dictionary of the caller's own, and of its events."""
        parts = _parts_of(record)
        key = (tuple(map(id, parts)), *_values_of(record))
        known = self._known.get(key)
        if known is None:
            events = tuple(reason_events(record))
            known = _Remembered(parts, decision_attributes(record), events)
            self._known.put(key, known)
        return {**known.attributes, **call_attributes(record)}, known.events


def _parts_of(record: DecisionRecord) -> Parts:
    """Return what is described and is the very same when facts are equal."""
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
