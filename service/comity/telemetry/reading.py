"""Spans as they were kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opentelemetry.util.types import AttributeValue

from comity.telemetry.identifiers import decision_id


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """Something noted in a span.

    Attributes:
        name: what kind of thing.
        attributes: what it says.
    """

    name: str
    attributes: Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """A span as it was kept.

    Attributes:
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        parent_id: id of the span that this one is a child of; zeros for none.
        name: what was done.
        start_ns: when it began, in nanoseconds since 1970.
        end_ns: when it ended.
        failed: whether it failed.
        attributes: what it says.
        events: what was noted in it, in order.
        role: which of our processes made it.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_ns: int
    end_ns: int
    failed: bool
    attributes: Mapping[str, AttributeValue]
    events: tuple[StoredEvent, ...]
    role: str

    @property
    def decision_id(self) -> str:
        """The identity of the decision that it records, if it records one."""
        return decision_id(int(self.trace_id, 16), int(self.span_id, 16))

    @property
    def is_decision(self) -> bool:
        """Whether it records a decision."""
        return "comity.decision.kind" in self.attributes

    def text(self, name: str) -> str:
        """Return an attribute as text; empty if it is not there."""
        return str(self.attributes.get(name, ""))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an attribute that is a list of texts; empty if it is not there."""
        value = self.attributes.get(name, ())
        return tuple(map(str, value)) if isinstance(value, tuple) else ()
