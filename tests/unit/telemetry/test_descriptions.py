"""What was encoded for one decision changes nothing of what is said of another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from comity.journal import encode_start
from comity.telemetry.descriptions import Descriptions
from opentelemetry.trace import SpanKind
from unit.telemetry.test_recorder import RECORD

START = encode_start("call", SpanKind.SERVER, {})
IDENTITY = b"t" * 16, b"s" * 8, b"", "", 0, 1, 2


def test_descriptions_are_those_of_the_record() -> None:
    """Records that differ in anything a span tells are told apart, whatever came before."""
    variants = [
        RECORD,
        replace(RECORD, hypothetical=True),
        replace(RECORD, degraded=("presence", "residence")),
        replace(RECORD, jurisdictions=("FR",)),
        replace(RECORD, revision=replace(RECORD.revision, epoch=8)),
        replace(RECORD, facts=replace(RECORD.facts, device="official")),
        replace(RECORD, facts=replace(RECORD.facts, age=None)),
        replace(RECORD, facts=replace(RECORD.facts, ties=frozenset())),
        replace(RECORD, sensitive=frozenset()),
        replace(RECORD, decision=replace(RECORD.decision, missing_facts=())),
        replace(RECORD, decision=replace(RECORD.decision, reasons=RECORD.decision.reasons[:1])),
    ]
    sharing = Descriptions()
    told = set()
    for record in variants * 2:
        shared, alone = (
            descriptions.of(record).template(START).assemble(*IDENTITY)
            for descriptions in (sharing, Descriptions())
        )
        assert shared == alone
        told.add(shared)
    assert len(told) == len(variants)


def test_another_instant_is_described_alike() -> None:
    """It belongs to the call."""
    later = replace(RECORD, evaluated_at=RECORD.evaluated_at + timedelta(days=1))
    now, then = (Descriptions().of(record) for record in (RECORD, later))
    assert now.attributes == then.attributes
    assert now.asked == then.asked
