"""What spans say of decisions, but for what belongs to the one call."""

from __future__ import annotations

from typing import Final

from comity.app.ports.decision_recorder import DecisionRecord
from comity.journal import AttributeKey, JoinedTemplate, SpanTemplate
from comity.telemetry.attributes import Attributes, decision_attributes, reason_events
from comity.telemetry.decision_octets import DecisionOctets
from comity.telemetry.exact_questions import (
    QUESTION,
    SENSITIVE_KEPT,
    names_sensitive,
    question_text,
)
from comity.telemetry.memo import Memo

KIND: Final = "comity.decision.kind"
DATA_REQUEST: Final = "data_request"
# Names the decision whose sealed facts are opened.
OPENED: Final = "comity.explain.decision_id"

_QUESTION: Final = AttributeKey(QUESTION)


class Description:
    """What is said of a decision but for what belongs to the one call.

    Attributes:
        in_clear: whether the question itself is among what is said. It isn't if it names something
            sensitive or has dates: it is sealed then, or not kept.
    """

    __slots__ = ("_octets", "_record", "in_clear")

    def __init__(self, record: DecisionRecord, octets: DecisionOctets) -> None:
        """Describe `record`, encoded by `octets`."""
        self._record = record
        self._octets = octets
        facts = record.facts
        dated = facts.age is not None or facts.account_created is not None
        self.in_clear = not dated and not names_sensitive(record.question, record.sensitive)

    @property
    def asked(self) -> str:
        """The question itself, without dates."""
        return question_text(self._record.question)

    @property
    def attributes(self) -> Attributes:
        """Attributes of the span, without those of the one call."""
        asked: Attributes = {QUESTION: self.asked} if self.in_clear else {}
        return {**decision_attributes(self._record), **asked}

    @property
    def events(self) -> tuple[Attributes, ...]:
        """Attributes of its events."""
        return tuple(reason_events(self._record))

    def template(self, start: bytes) -> SpanTemplate:
        """Return what makes spans that say this, and begin with what `encode_start` gave."""
        octets, record = self._octets, self._record
        attributes = octets.attributes(record)
        if self.in_clear:
            attributes += _QUESTION.encode(self.asked)
        return JoinedTemplate(start, attributes, list(map(octets.event, record.decision.reasons)))


class Descriptions:
    """Describes decisions; shared by threads."""

    def __init__(self) -> None:
        """Begin with nothing encoded."""
        self._octets = Memo(DecisionOctets, SENSITIVE_KEPT)

    def of(self, record: DecisionRecord) -> Description:
        """Return what is said of the decision but for what belongs to the one call."""
        return Description(record, self._octets[record.sensitive])
