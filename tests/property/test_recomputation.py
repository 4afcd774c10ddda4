"""Recorded decisions, generated, give the same answer when they are made once more."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from comity.app.eligibility import degraded_sources, named_rules
from comity.app.ports.decision_recorder import DecisionRecord
from comity.app.recomputation import recompute_decision
from comity.domain.facts import BornBetween
from comity.domain.request import Revision
from comity.policy.coarse_dates import DateSteps
from comity.policy.engine import Engine
from comity.policy.presumptions import resolve
from comity.policy.rules import Ruleset
from comity.telemetry.decoding import stored_span
from comity.telemetry.exact_questions import read_question
from comity.telemetry.identifiers import identity_octets
from comity.telemetry.pseudonyms import Pseudonyms
from comity.telemetry.recollection import Recollection, recollect
from comity.telemetry.recorder import OtelDecisionRecorder
from comity.telemetry.sealed_facts import Sealer, open_seal
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from property.choices import Choices, RandomChoices
from property.revisions import Revised, questions
from property.worlds import build_ruleset
from unit.telemetry.in_memory import KEY, InMemoryTelemetry

WORLDS = 50
QUESTIONS = 20
CHUNKS = 2
LEGAL_KEY = X25519PrivateKey.generate()


@dataclass(frozen=True)
class Policy:
    """Rules, ready to answer."""

    revision: Revision
    bundle: Any
    engine: Engine


def recorded(policy: Policy, ruleset: Ruleset, choices: Choices) -> list[tuple[Any, Recollection]]:
    """Return questions with what the journal has of their answers."""
    telemetry = InMemoryTelemetry()
    recorder = OtelDecisionRecorder(
        telemetry.tracer, Pseudonyms(KEY), telemetry._ids, Sealer(LEGAL_KEY.public_key())
    )
    asked = []
    for question, now in questions(choices, Revised(ruleset, ruleset), QUESTIONS):
        facts = resolve(question, ruleset.lexicon, ruleset.atlas)
        decision = policy.engine.evaluate(facts, now)
        recorder.record(
            DecisionRecord(
                revision=policy.revision,
                evaluated_at=now,
                question=question,
                facts=facts,
                decision=decision,
                jurisdictions=tuple(
                    sorted({ruleset.by_id[i].jurisdiction for i in named_rules(decision)})
                ),
                degraded=degraded_sources(question),
                provenance=None,
                hypothetical=False,
                sensitive=ruleset.lexicon.sealed,
                dates=DateSteps(ruleset).coarse(question, now),
            )
        )
        asked.append(question)
    spans = (stored_span(octets, "worker") for octets in telemetry.encoded())
    return [(q, recollect(span)) for q, span in zip(asked, spans, strict=True) if span]


def kept_of(recollection: Recollection) -> str:
    """Return what was asked, opened if it was sealed."""
    if recollection.clear:
        return recollection.clear
    octets = identity_octets(recollection.span.decision_id)
    return open_seal(LEGAL_KEY, recollection.span.attributes, octets)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_is_recorded_is_enough_to_recompute(chunk: int) -> None:
    """But for birthdays that have begun in some zones only; and no birth date is recorded."""
    same = inexact = sealed = 0
    for seed in range(chunk * WORLDS // CHUNKS, (chunk + 1) * WORLDS // CHUNKS):
        choices = RandomChoices(seed)
        ruleset = build_ruleset(choices)
        policy = Policy(
            Revision(1, "ab" * 32), SimpleNamespace(eligibility=ruleset), Engine(ruleset)
        )
        for question, recollection in recorded(policy, ruleset, choices):
            kept = kept_of(recollection)
            asked, dates = read_question(kept)
            sealed += not recollection.clear
            if isinstance(question.age, BornBetween):
                assert str(question.age.latest) not in kept
            if not dates.exact:
                inexact += 1
                continue
            again = recompute_decision(
                policy,
                asked,
                dates,
                recollection.evaluated_at,
                most_close=2,  # type: ignore[arg-type]
            )
            differences = recollection.differences(again.record)
            assert differences == (), f"example {seed}: {differences} for {question}"
            same += 1
    assert same > 30 * inexact
    assert same - sealed > 0
    assert sealed > same / 10
