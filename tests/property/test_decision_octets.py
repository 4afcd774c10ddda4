"""What is joined from encoded parts is what the values of a decision say."""

from __future__ import annotations

import json
from dataclasses import replace

from comity.app.exact_values import to_plain
from comity.app.ports.decision_recorder import DecisionRecord
from comity.domain.question import Question
from comity.journal import LOCAL_PARENT, EventTemplate, SpanTemplate, encode_start
from comity.telemetry.attributes import REASON_EVENT, decision_attributes, reason_events
from comity.telemetry.descriptions import Descriptions
from comity.telemetry.exact_questions import QUESTION, names_sensitive, question_text
from hypothesis import HealthCheck, given, settings
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.trace import SpanKind
from property.decision_records import QUESTIONS, RECORDS, SENSITIVE

# Of all examples: what one leaves behind must not show in another.
DESCRIPTIONS = Descriptions()
CALLS = ({}, {"rpc.system": "grpc", "rpc.grpc.status_code": 0})


def asked_in(question: Question) -> str:
    """Return a question as it is recorded, written from its values at once."""
    connections = tuple(
        one if one.source in {"geoip", "phone", "caller"} else replace(one, source="caller")
        for one in question.connections
    )
    bare = replace(question, age=None, account_created=None, connections=connections)
    return json.dumps(to_plain(bare), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def named_in(question: Question) -> set[tuple[str, str | None]]:
    """Return each (dimension, value) that a question names."""
    named: set[tuple[str, str | None]] = {
        ("action", question.action),
        ("product", question.product),
        ("device", question.device),
    }
    named |= {("purpose", name) for name in question.purposes}
    named |= {("item", name) for name in question.items}
    named |= {("label", label.name) for label in question.labels}
    named |= {("label", name) for name in question.labels_absent}
    for connection in question.connections:
        people = connection.populations | connection.populations_absent
        named |= {("population", name) for name in people}
    return named


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(record=RECORDS)
def test_spans_from_encoded_parts_say_what_the_values_say(record: DecisionRecord) -> None:
    """In the same order, to the octet: seals, ghosts, empty lists and names of any script."""
    dated = record.facts.age is not None or record.facts.account_created is not None
    clear = not dated and not named_in(record.question) & record.sensitive
    said = decision_attributes(record) | ({QUESTION: asked_in(record.question)} if clear else {})
    events = [EventTemplate(REASON_EVENT, event) for event in reason_events(record)]
    description = DESCRIPTIONS.of(record)
    assert description.in_clear == clear
    assert description.attributes == said
    for own in CALLS:
        joined = description.template(encode_start("call", SpanKind.SERVER, own))
        whole = SpanTemplate("call", SpanKind.SERVER, {**own, **said}, events=events)
        identity = b"t" * 16, b"s" * 8, b"p" * 8, "", LOCAL_PARENT, 1, 2, b""
        octets = joined.assemble(*identity)
        assert Span.FromString(octets) == Span.FromString(whole.assemble(*identity))
        assert octets == whole.assemble(*identity)


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(question=QUESTIONS, sensitive=SENSITIVE)
def test_questions_are_written_from_parts_as_they_would_be_at_once(
    question: Question, sensitive: frozenset[tuple[str, str]]
) -> None:
    """And what is sensitive in them is seen wherever it stands."""
    assert question_text(question) == asked_in(question)
    assert names_sensitive(question, sensitive) == bool(named_in(question) & sensitive)
