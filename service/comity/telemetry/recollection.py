"""What a span of a decision says of it, read back; and whether an answer is the one recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from opentelemetry.util.types import AttributeValue

from comity.app.exact_values import ExactValueError
from comity.app.ports.decision_recorder import DecisionRecord, RouteRecord
from comity.app.ports.decision_records import Difference
from comity.domain.data_request import DataRequest
from comity.domain.question import Question
from comity.domain.request import DatabaseIdentity, Provenance, Revision
from comity.policy.coarse_dates import NO_DATES, CoarseDates
from comity.telemetry.attributes import REASON_EVENT, decision_attributes, reason_events
from comity.telemetry.descriptions import DATA_REQUEST, KIND
from comity.telemetry.exact_questions import (
    QUESTION,
    read_question,
    read_request,
    with_dates,
)
from comity.telemetry.reading import StoredSpan
from comity.telemetry.recorder import ANSWER_EVENT
from comity.telemetry.route_attributes import answer_events, route_attributes
from comity.telemetry.sealed_facts import DATA, KEY

_PROVENANCE: Final = "comity.provenance."
# What belongs to the call, to who was asked about, or to the record itself.
_NOT_ANSWERS: Final = (
    "comity.decision.evaluated_at",
    "comity.decision.valid_until",
    "comity.decision.position",
    _PROVENANCE,
    "comity.subject.",
    "comity.sealed.",
    QUESTION,
)
_HYPOTHETICAL: Final = "comity.decision.hypothetical"


@dataclass(frozen=True, slots=True)
class Recollection:
    """A `RecordedDecision`: as its span tells it.

    Attributes:
        span: the span.
        revision: policy revision that answered.
        evaluated_at: the instant that the question was answered for.
        route: whether it is about an authority's request for data.
        clear: what was asked, if it was kept in clear; else empty.
        sealed_to: name of the key that what was asked is sealed to; empty if it is not sealed.
    """

    span: StoredSpan
    revision: Revision
    evaluated_at: datetime
    route: bool
    clear: str
    sealed_to: str

    @property
    def decision_id(self) -> str:
        """Its identity."""
        return self.span.decision_id

    @property
    def hypothetical(self) -> bool:
        """Whether another instant or another state of the policies was asked about."""
        return self.span.attributes.get(_HYPOTHETICAL) is True

    @property
    def provenance(self) -> Provenance | None:
        """The database behind a look-up; None if none was made, or if it can't be read."""
        place = self._database(_PROVENANCE)
        if place is None:
            return None
        bits = self.span.attributes.get(f"{_PROVENANCE}network_prefix_length")
        return Provenance(
            database_type=place.database_type,
            built_at=place.built_at,
            digest=place.digest,
            network_prefix_length=bits if isinstance(bits, int) else None,
            flags=self.span.texts(f"{_PROVENANCE}flags"),
            anonymous=self._database(f"{_PROVENANCE}anonymous."),
        )

    def _database(self, prefix: str) -> DatabaseIdentity | None:
        """Return the database that attributes with `prefix` tell; None if they tell none."""
        try:
            built_at = datetime.fromisoformat(self.span.text(f"{prefix}built_at"))
        except ValueError:
            return None
        if built_at.tzinfo is None:
            return None
        kind, digest = self.span.text(f"{prefix}database_type"), self.span.text(f"{prefix}digest")
        return DatabaseIdentity(kind, built_at, digest)

    def question(self, kept: str) -> tuple[Question, CoarseDates]:
        """Return the question, without dates, that `kept` tells, and its dates.

        Raises:
            ExactValueError: it tells none.
        """
        return read_question(kept)

    def request(self, kept: str) -> DataRequest:
        """Return the data request that `kept` tells.

        Raises:
            ExactValueError: it tells none.
        """
        return read_request(kept)

    def differences(self, record: DecisionRecord | RouteRecord) -> tuple[Difference, ...]:
        """Return in what `record` is not the answer that the span tells."""
        hypothetical = self.hypothetical
        kind: str
        if isinstance(record, DecisionRecord):
            record = replace(record, hypothetical=hypothetical)
            now, events, kind = decision_attributes(record), reason_events(record), REASON_EVENT
        else:
            record = replace(record, hypothetical=hypothetical)
            now, events, kind = route_attributes(record), answer_events(record), ANSWER_EVENT
        then = [event.attributes for event in self.span.events if event.name == kind]
        return (
            *_attribute_differences(_answers(self.span.attributes), _answers(now)),
            *_event_differences(kind, then, list(events)),
        )


def recollect(span: StoredSpan) -> Recollection:
    """Return what the span of a decision says.

    Raises:
        ExactValueError: it is none, or not one that tells a revision and an instant.
    """
    epoch, digest = span.attributes.get("comity.policy.epoch"), span.text("comity.policy.digest")
    try:
        evaluated_at = datetime.fromisoformat(span.text("comity.decision.evaluated_at"))
    except ValueError as error:
        message = "the record names no instant"
        raise ExactValueError(message) from error
    if not span.is_decision or not isinstance(epoch, int) or evaluated_at.tzinfo is None:
        message = "the record is no decision's, or names no revision"
        raise ExactValueError(message)
    question = span.text(QUESTION)
    return Recollection(
        span,
        Revision(epoch, digest),
        evaluated_at,
        route=span.text(KIND) == DATA_REQUEST,
        clear=with_dates(question, NO_DATES) if question else "",
        sealed_to=span.text(KEY) if DATA in span.attributes else "",
    )


def _answers(attributes: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """Return those of `attributes` that answers are compared by."""
    return {
        name: value
        for name, value in attributes.items()
        if name.startswith("comity.") and not name.startswith(_NOT_ANSWERS)
    }


def _attribute_differences(
    then: Mapping[str, AttributeValue], now: Mapping[str, AttributeValue]
) -> Iterator[Difference]:
    """Yield each attribute that is not the same."""
    for name in sorted(then.keys() | now.keys()):
        if then.get(name) != now.get(name):
            yield Difference(name, _text(then.get(name)), _text(now.get(name)))


def _event_differences(
    kind: str,
    then: Sequence[Mapping[str, AttributeValue]],
    now: Sequence[Mapping[str, AttributeValue]],
) -> Iterator[Difference]:
    """Yield a difference if events are not the same."""
    if list(map(dict, then)) != list(map(dict, now)):
        yield Difference(kind, "; ".join(map(_event, then)), "; ".join(map(_event, now)))


def _event(attributes: Mapping[str, AttributeValue]) -> str:
    """Return an event as text."""
    return " ".join(_text(value) for value in attributes.values())


def _text(value: AttributeValue | None) -> str:
    """Return a value as text; of nothing, nothing."""
    match value:
        case None:
            return ""
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
