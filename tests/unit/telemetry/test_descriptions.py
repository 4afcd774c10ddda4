"""What is remembered of descriptions changes no span."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from comity.telemetry.descriptions import Descriptions
from unit.telemetry.test_recorder import RECORD


def test_remembered_descriptions_are_those_of_the_record() -> None:
    """Records that differ in anything a span tells are told apart, whatever came before."""
    variants = [
        RECORD,
        replace(RECORD, hypothetical=True),
        replace(RECORD, degraded=("presence",)),
        replace(RECORD, jurisdictions=("FR",)),
        replace(RECORD, facts=replace(RECORD.facts, device=None)),
        replace(RECORD, facts=replace(RECORD.facts, age=None)),
        replace(RECORD, facts=replace(RECORD.facts, ties=frozenset())),
        replace(RECORD, sensitive=frozenset()),
        replace(RECORD, decision=replace(RECORD.decision, missing_facts=())),
        replace(RECORD, evaluated_at=RECORD.evaluated_at + timedelta(days=1)),
    ]
    remembering = Descriptions()
    for record in variants * 2:
        known, fresh = remembering.of(record), Descriptions().of(record)
        assert (known.attributes, known.events) == (fresh.attributes, fresh.events)
    told = [repr(Descriptions().of(record).attributes) for record in variants]
    assert len(set(told)) > len(variants) / 2


def test_a_description_is_remembered_while_facts_are_equal() -> None:
    """Another instant does not matter to it."""
    remembering = Descriptions()
    later = replace(RECORD, evaluated_at=RECORD.evaluated_at + timedelta(days=1))
    assert remembering.of(RECORD) is remembering.of(later)
    assert remembering.of(RECORD) is not remembering.of(replace(RECORD, degraded=()))
