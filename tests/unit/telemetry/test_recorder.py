"""What a span says of a decision, and what it never says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from comity.app.ports.decision_recorder import DecisionRecord, RouteRecord
from comity.domain.data_request import (
    Authenticity,
    DataPerson,
    DataRequest,
    Emergency,
    IssuingAuthority,
    Offence,
    PersonRole,
    RequestedData,
    RequestEvent,
    SilenceOrder,
)
from comity.domain.decision import Conflict, Decision, Determination, Reason, Standing
from comity.domain.effect import Outcome, Quota, Restrict, Verify, Warn, WithheldObject, Withhold
from comity.domain.facts import BornBetween, FactKey, Facts, Label, Members, Tie, UnknownReason
from comity.domain.question import Question
from comity.domain.request import DatabaseIdentity, Provenance, Revision
from comity.telemetry.pseudonyms import Pseudonyms
from comity.telemetry.recorder import OtelDecisionRecorder
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from opentelemetry.trace import (
    NonRecordingSpan,
    NoOpTracer,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    set_span_in_context,
    use_span,
)
from unit.grpc_api.small_world import NOW, ROUTE
from unit.telemetry.in_memory import KEY, InMemoryTelemetry

BIRTH = date(1990, 2, 17)
CREATED = datetime(2019, 3, 4, 5, 6, 7, tzinfo=UTC)
OTHER = datetime(2020, 3, 4, 5, 6, 7, tzinfo=UTC)
SENSITIVE = frozenset(
    {("population", "military"), ("population", "spy"), ("label", "informant"), ("item", "leak")}
)
SERVICE = Tie("works_for", "UA", Members(frozenset({"military", "spy", "official"})))
PRESENCE = Tie("presence", "FR", low_trust=True, source="canary_source")
RECORD = DecisionRecord(
    revision=Revision(7, "ab" * 32),
    evaluated_at=NOW,
    question=Question(
        "message_send",
        "telegram",
        unknown={"presence": UnknownReason.SOURCE_UNAVAILABLE, "age": UnknownReason.WITHHELD},
        indicators=frozenset({"managed_device"}),
    ),
    facts=Facts(
        action="message_send",
        product="telegram",
        purposes=Members(frozenset({"work"})),
        items=Members(frozenset({"leak", "post"})),
        labels=frozenset({Label("informant", CREATED), Label("vip")}),
        labels_absent=frozenset({"duty"}),
        age=BornBetween(BIRTH, BIRTH),
        account_created=CREATED,
        ties=frozenset({SERVICE, PRESENCE, Tie("network", ghost=True)}),
    ),
    decision=Decision(
        outcome=Outcome(
            obligations=frozenset(
                {
                    Verify("age"),
                    Warn("advice"),
                    Restrict("calls"),
                    Restrict("use", "day", "account", Quota(3600)),
                    Withhold(WithheldObject.ITEM),
                }
            )
        ),
        determination=Determination.INDETERMINATE,
        reasons=(
            Reason("a", Standing.CERTAIN, (SERVICE, PRESENCE)),
            Reason("b", Standing.POSSIBLE, ()),
        ),
        missing_facts=(FactKey("device"), FactKey("population", "military", "works_for", "UA")),
        would_change=(FactKey("label", "informant"),),
        presumed_facts=(FactKey("connection", "residence"),),
        conflicts=(Conflict("a", "c"),),
        valid_until=datetime(2030, 1, 1, tzinfo=UTC),
    ),
    jurisdictions=("FR", "UA"),
    degraded=("presence",),
    provenance=Provenance(
        "Country", CREATED, "cd" * 32, 24, ("vpn",), DatabaseIdentity("Anonymous", OTHER, "ef" * 32)
    ),
    hypothetical=False,
    sensitive=SENSITIVE,
    account_id="canary_account",
)
ROUTE_RECORD = RouteRecord(
    revision=Revision(7, "ab" * 32),
    evaluated_at=NOW,
    request=DataRequest(
        instrument="fr_court_order",
        authority=IssuingAuthority("court", "FR", "judge", Authenticity.VERIFIED),
        data=(RequestedData("phone_number"), RequestedData("content")),
        received_at=NOW,
        account_given=True,
        person=DataPerson(
            PersonRole.SUSPECT,
            "FR",
            protected_callings=frozenset({"journalist"}),
            populations=frozenset({"military", "official"}),
        ),
        offence=Offence(frozenset({"drug_trafficking"}), maximum_penalty_months=120),
        emergency=Emergency("life"),
        silence_order=SilenceOrder("court"),
        events=(RequestEvent("clarification", NOW),),
    ),
    route=ROUTE,
    jurisdictions=("FR", "any"),
    hypothetical=True,
    sensitive=SENSITIVE,
    account_id="canary_account",
)


def recorded(record: DecisionRecord | RouteRecord) -> tuple[dict[str, Any], str]:
    """Return the attributes of the span of `record`, and all of the span as text."""
    telemetry = InMemoryTelemetry()
    with telemetry.span("call"):
        if isinstance(record, DecisionRecord):
            telemetry.recorder.record(record)
        else:
            telemetry.recorder.record_route(record)
    span = telemetry.spans()[0]
    return dict(span.attributes or {}), span.to_json()


def test_a_decision_is_told_in_full() -> None:
    """Every attribute that is not empty, and no other."""
    found, _ = recorded(RECORD)
    pseudonyms = Pseudonyms(KEY)
    assert found == {
        "comity.decision.kind": "eligibility",
        "comity.decision.effect": "restrict",
        "comity.decision.determination": "indeterminate",
        "comity.decision.hypothetical": False,
        "comity.decision.evaluated_at": "2024-10-01T12:00:00+00:00",
        "comity.decision.valid_until": "2030-01-01T00:00:00+00:00",
        "comity.policy.epoch": 7,
        "comity.policy.digest": "ab" * 32,
        "comity.rule.ids": ("a", "b"),
        "comity.jurisdictions": ("FR", "UA"),
        "comity.obligations": (
            "restrict:calls",
            "restrict:use:3600s/day",
            "verify:age",
            "warn:advice",
            "withhold:item",
        ),
        "comity.conflicts": ("a/c",),
        "comity.missing_facts": ("device", "population:[sealed]@works_for:UA"),
        "comity.would_change": ("label:[sealed]",),
        "comity.presumed_facts": ("connection:residence",),
        "comity.degraded": ("presence",),
        "comity.facts.action": "message_send",
        "comity.facts.product": "telegram",
        "comity.facts.purposes": ("work",),
        "comity.facts.items": ("[sealed]", "post"),
        "comity.facts.labels": ("[sealed]", "vip"),
        "comity.facts.labels_absent": ("duty",),
        "comity.facts.connections": ("presence:FR", "works_for:UA"),
        "comity.facts.low_trust": ("presence:FR",),
        "comity.facts.open_factors": ("network",),
        "comity.facts.populations": ("[sealed]@works_for:UA", "official@works_for:UA"),
        "comity.facts.age_known": True,
        "comity.facts.account_created_known": True,
        "comity.facts.unknown": ("age=withheld", "presence=source_unavailable"),
        "comity.facts.indicators": ("managed_device",),
        "comity.provenance.database_type": "Country",
        "comity.provenance.built_at": CREATED.isoformat(),
        "comity.provenance.digest": "cd" * 32,
        "comity.provenance.network_prefix_length": 24,
        "comity.provenance.flags": ("vpn",),
        "comity.provenance.anonymous.database_type": "Anonymous",
        "comity.provenance.anonymous.built_at": OTHER.isoformat(),
        "comity.provenance.anonymous.digest": "ef" * 32,
        "comity.subject.pseudonym": pseudonyms.of("canary_account"),
        "comity.subject.pseudonym_key": pseudonyms.key_id,
    }


def test_a_question_that_tells_nothing_secret_is_kept_as_it_is() -> None:
    """So that the answer can be made once more; with a date it is not, lest it be made wrongly."""
    facts = replace(RECORD.facts, age=None, account_created=None)
    found, _ = recorded(replace(RECORD, facts=facts))
    assert found["comity.question"] == (
        '{"action":"message_send","indicators":["managed_device"],'
        '"product":"telegram","unknown":{"age":"withheld","presence":"source_unavailable"}}'
    )
    for dated in (replace(facts, account_created=CREATED), replace(facts, age=RECORD.facts.age)):
        assert "comity.question" not in recorded(replace(RECORD, facts=dated))[0]


def test_each_reason_is_an_event() -> None:
    """With how firmly and on which connections the rule meets."""
    _, text = recorded(RECORD)
    events = [(event["name"], event["attributes"]) for event in json.loads(text)["events"]]
    assert events == [
        (
            "comity.reason",
            {
                "comity.rule.id": "a",
                "comity.rule.standing": "certain",
                "comity.rule.connections": ["presence:FR", "works_for:UA"],
            },
        ),
        ("comity.reason", {"comity.rule.id": "b", "comity.rule.standing": "possible"}),
    ]


@pytest.mark.parametrize("record", [RECORD, ROUTE_RECORD])
@pytest.mark.parametrize(
    "secret", ["canary", "1990", "military", "spy", "informant", "leak", "journalist"]
)
def test_nothing_personal_and_nothing_sensitive_is_told(
    record: DecisionRecord | RouteRecord, secret: str
) -> None:
    """Accounts, birth dates, free text of callers, and what the vocabulary seals."""
    _, text = recorded(record)
    assert secret not in text


def test_a_hypothetical_answer_has_no_end() -> None:
    """It may not be cached."""
    found, _ = recorded(replace(RECORD, hypothetical=True))
    assert found["comity.decision.hypothetical"] is True
    assert "comity.decision.valid_until" not in found


@pytest.mark.parametrize("born", [date(2010, 3, 14), date(2012, 2, 29), date(2009, 3, 15)])
def test_an_end_that_is_a_birthday_is_not_told(born: date) -> None:
    """It would give the date of birth away; other ends are."""
    facts = replace(RECORD.facts, age=BornBetween(born, born))
    turns = datetime(2028, 3, 1 if born.day == 29 else 14, 22, tzinfo=UTC)
    for end, told in ((turns, False), (turns + timedelta(days=9), True)):
        decision = replace(RECORD.decision, valid_until=end)
        found, _ = recorded(replace(RECORD, facts=facts, decision=decision))
        assert ("comity.decision.valid_until" in found) is told


def test_a_route_is_told_in_full() -> None:
    """What was asked, and where it goes."""
    found, text = recorded(ROUTE_RECORD)
    assert (
        found.items()
        >= {
            "comity.decision.kind": "data_request",
            "comity.decision.hypothetical": True,
            "comity.policy.epoch": 7,
            "comity.rule.ids": ("any-secret", "fr-court-order"),
            "comity.jurisdictions": ("FR", "any"),
            "comity.conflicts": ("any-secret/fr-court-order",),
            "comity.missing_facts": ("offence.maximum_penalty_months",),
            "comity.route.desk": "li_intake",
            "comity.route.profile": "tg2024",
            "comity.route.due_kind": "instant",
            "comity.route.due": "2030-01-01T00:00:00+00:00",
            "comity.route.verdicts": ("phone_number=disclosable", "content=refused"),
            "comity.route.steps": ("authority_verification",),
            "comity.route.tasks": ("written_order",),
            "comity.route.preserves": True,
            "comity.route.user_notice_by": "platform",
            "comity.request.instrument": "fr_court_order",
            "comity.request.authority": "court",
            "comity.request.issuing_state": "FR",
            "comity.request.validated_by": "judge",
            "comity.request.authenticity": "verified",
            "comity.request.categories": ("phone_number", "content"),
            "comity.request.emergency": "life",
            "comity.request.silence_ordered": True,
            "comity.request.events": ("clarification",),
            "comity.request.person.role": "suspect",
            "comity.request.person.residence": "FR",
            "comity.request.person.populations": ("[sealed]", "official"),
            "comity.request.person.protected_callings": ("[sealed]",),
            "comity.request.offence.categories": ("drug_trafficking",),
            "comity.request.offence.maximum_penalty_months": 120,
            "comity.subject.pseudonym_key": Pseudonyms(KEY).key_id,
        }.items()
    )
    refused = json.loads(text)["events"][1]
    assert (refused["name"], refused["attributes"]) == (
        "comity.answer",
        {
            "comity.route.category": "content",
            "comity.route.verdict": "refused",
            "comity.route.grounds": ["ABOVE_CEILING"],
            "comity.route.escalations": ["general_counsel:ABOVE_CEILING"],
        },
    )


def test_an_item_of_a_batch_and_a_question_outside_any_call_get_spans_of_their_own() -> None:
    """The one below the call's, the other at the root."""
    telemetry = InMemoryTelemetry()
    with telemetry.span("call"):
        first = telemetry.recorder.record(replace(RECORD, position=0))
    second = telemetry.recorder.record(RECORD)
    item, call, alone = telemetry.spans()
    assert (item.name, item.parent) == ("comity.decision", call.context)
    assert (item.attributes or {})["comity.decision.position"] == 0
    assert (alone.name, alone.parent) == ("comity.decision", None)
    assert item.context is not None
    assert alone.context is not None
    assert first == f"{item.context.trace_id:032x}-{item.context.span_id:016x}"
    assert second == f"{alone.context.trace_id:032x}-{alone.context.span_id:016x}"


def test_without_tracing_decisions_have_identities_still() -> None:
    """Replies promise one."""
    ids = InMemoryTelemetry()._ids
    recorder = OtelDecisionRecorder(NoOpTracer(), Pseudonyms(KEY), ids)
    found = {recorder.record(RECORD), recorder.record(RECORD), recorder.record_route(ROUTE_RECORD)}
    assert len(found) == 3
    assert all(len(decision_id) == 32 + 1 + 16 for decision_id in found)


def test_the_journal_has_what_collectors_would_get_from_the_sdk() -> None:
    """Spans put together from templates, with parent, trace state, events and pseudonym."""
    telemetry = InMemoryTelemetry()
    state = TraceState([("a", "b"), ("c", "d")])
    caller = SpanContext(5, 7, is_remote=True, trace_flags=TraceFlags(0), trace_state=state)
    context = set_span_in_context(NonRecordingSpan(caller))
    for record in (RECORD, replace(RECORD, account_id="", provenance=None), RECORD):
        call = telemetry.tracer.start_span(
            "call", context, SpanKind.SERVER, {"rpc.method": "Check"}
        )
        with use_span(call, end_on_exit=True):
            telemetry.recorder.record(record)
            call.set_attribute("rpc.grpc.status_code", 0)
    with telemetry.span("batch"):
        telemetry.recorder.record(replace(RECORD, position=3))
    telemetry.recorder.record_route(ROUTE_RECORD)
    assert len(telemetry.spans()) == 6
    for readable, encoded in zip(telemetry.spans(), telemetry.encoded(), strict=True):
        (batch,) = encode_spans([readable]).resource_spans
        expected, found = batch.scope_spans[0].spans[0], OtlpSpan.FromString(encoded)
        for span in (expected, found):
            span.attributes.sort(key=lambda pair: pair.key)
        assert found == expected
