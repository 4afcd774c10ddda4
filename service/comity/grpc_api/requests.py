"""Turns requests, already held against the contract, into values of the domain."""

from __future__ import annotations

from datetime import UTC, date, datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from comity.app.restrictions import RestrictionQuery
from comity.domain.facts import Age, AtLeastYears, BornBetween, Label, UnknownReason
from comity.domain.question import Connection, Question
from comity.domain.request import Options, Subject, View
from comity.v1 import common_pb2, eligibility_service_pb2, facts_pb2

DEFAULT_SOURCE = "caller"

_VIEWS = {
    common_pb2.VIEW_UNSPECIFIED: View.CALLER,
    common_pb2.VIEW_CALLER: View.CALLER,
    common_pb2.VIEW_USER: View.USER,
    common_pb2.VIEW_LEGAL: View.LEGAL,
}
_REASONS = {
    facts_pb2.UNKNOWN_REASON_NOT_RECORDED: UnknownReason.NOT_RECORDED,
    facts_pb2.UNKNOWN_REASON_SOURCE_UNAVAILABLE: UnknownReason.SOURCE_UNAVAILABLE,
    facts_pb2.UNKNOWN_REASON_CONTRADICTORY: UnknownReason.CONTRADICTORY,
    facts_pb2.UNKNOWN_REASON_WITHHELD: UnknownReason.WITHHELD,
}


def options_of(options: common_pb2.Options) -> Options:
    """Return the options of a call."""
    return Options(
        as_of=instant_in(options, "as_of"),
        as_known=instant_in(options, "as_known"),
        view=_VIEWS[options.view],
        language=options.language,
        min_epoch=options.min_revision,
        explain_missing=options.explain_missing,
    )


def subject_of(subject: facts_pb2.Subject) -> Subject:
    """Return who is asked about."""
    return Subject(
        account_id=subject.account_id,
        ip_address=subject.ip_address,
        phone_number=subject.phone_number,
        age=_age_of(subject),
        account_created=instant_in(subject, "account_created"),
    )


def question_of(facts: facts_pb2.Facts) -> Question:
    """Return the facts of a question."""
    return Question(
        action=facts.action or None,
        product=facts.product or None,
        device=facts.device or None,
        purposes=frozenset(facts.purposes),
        items=frozenset(facts.item_classes),
        connections=tuple(map(connection_of, facts.connections)),
        open_factors=frozenset(facts.open_factors),
        open_sets=frozenset(facts.open_sets),
        labels=frozenset(Label(label.name, instant_in(label, "until")) for label in facts.labels),
        labels_absent=frozenset(facts.labels_absent),
        unknown={unknown.dimension: _REASONS[unknown.reason] for unknown in facts.unknown},
        indicators=frozenset(facts.indicators),
    )


def restriction_query_of(
    request: eligibility_service_pb2.ListRestrictionsRequest,
) -> RestrictionQuery:
    """Return which rules to list."""
    return RestrictionQuery(
        place=request.jurisdiction,
        factors=frozenset(request.factors),
        product=request.product,
        page_size=request.page_size,
        page_token=request.page_token,
    )


def connection_of(connection: facts_pb2.Connection) -> Connection:
    """Return one connecting factor."""
    return Connection(
        factor=connection.factor,
        place=connection.place,
        populations=frozenset(connection.populations),
        populations_absent=frozenset(connection.populations_absent),
        source=connection.source or DEFAULT_SOURCE,
        trust=connection.trust,
        since=instant_in(connection, "since"),
        until=instant_in(connection, "until"),
    )


def _age_of(subject: facts_pb2.Subject) -> Age | None:
    """Return what is known of the age; None if nothing."""
    match subject.WhichOneof("birth"):
        case "birth_date":
            day = date.fromisoformat(subject.birth_date)
            return BornBetween(day, day)
        case "birth_year":
            year = subject.birth_year
            return BornBetween(date(year, 1, 1), date(year, 12, 31))
        case "age_at_least":
            return AtLeastYears(subject.age_at_least)
        case None:
            return None


def instant_in(message: Message, field: str) -> datetime | None:
    """Return the timestamp in `field`; None if it is not set."""
    if not message.HasField(field):
        return None
    timestamp = getattr(message, field)
    assert isinstance(timestamp, Timestamp)
    return instant_of(timestamp)


def instant_of(timestamp: Timestamp) -> datetime:
    """Return a timestamp to the microsecond, aware."""
    return timestamp.ToDatetime(tzinfo=UTC)
