"""Parts of replies: nothing of the domain lacks a word in the contract."""

from __future__ import annotations

import pytest
from comity.domain.effect import (
    Hold,
    Obligation,
    Quota,
    Restrict,
    Verify,
    Warn,
    WithheldObject,
    Withhold,
    outcome_of,
)
from comity.grpc_api.parts import CONFIDENCES, EFFECTS, LEGAL_EFFECTS, MODALITIES, obligations_of
from comity.v1 import common_pb2
from google.protobuf import json_format


@pytest.mark.parametrize(
    ("obligation", "told"),
    [
        (Verify("age"), {"verify": {"method": "age"}}),
        (Restrict("calls"), {"restrict": {"feature": "calls"}}),
        (
            Restrict("daily_use", "day", "account", Quota(0)),
            {
                "restrict": {
                    "feature": "daily_use",
                    "quota": {"atMost": "0s", "per": "day", "each": "account"},
                }
            },
        ),
        (Warn("advice"), {"warn": {"notice": "advice"}}),
        (
            Withhold(WithheldObject.CHANNEL, frozenset({"reposts", "copies"})),
            {
                "withhold": {
                    "object": "WITHHELD_OBJECT_CHANNEL",
                    "follows": ["copies", "reposts"],
                }
            },
        ),
        (Hold("item"), {"hold": {"object": "item"}}),
    ],
)
def test_each_obligation_has_a_form_of_its_own(
    obligation: Obligation, told: dict[str, object]
) -> None:
    """A feature that is off has no quota; one that may be used for no time has one of zero."""
    (found,) = obligations_of(outcome_of([obligation]))
    assert json_format.MessageToDict(found) == told


def test_obligations_come_strictest_first() -> None:
    """Whatever order they were joined in."""
    outcome = outcome_of([Warn("advice"), Verify("age"), Restrict("calls")])
    kinds = [obligation.WhichOneof("kind") for obligation in obligations_of(outcome)]
    assert kinds == ["restrict", "verify", "warn"]


@pytest.mark.parametrize(
    ("table", "enum"),
    [
        (EFFECTS, common_pb2.Effect),
        (MODALITIES, common_pb2.Modality),
        (LEGAL_EFFECTS, common_pb2.LegalEffect),
        (CONFIDENCES, common_pb2.Confidence),
    ],
)
def test_words_and_enums_match_one_to_one(table: dict[object, int], enum: object) -> None:
    """Every word is told by a number of its own, and zero is never sent."""
    numbers = set(enum.values())  # type: ignore[attr-defined]
    assert sorted(table.values()) == sorted(numbers - {0})
