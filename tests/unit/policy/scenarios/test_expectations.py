"""What is expected of a decision, held against hand-made decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from comity.domain.decision import Conflict, Decision, Determination, Reason, Standing
from comity.domain.effect import DENIED, Outcome, Quota, Restrict, Warn, WithheldObject, Withhold
from comity.domain.facts import FactKey
from comity.policy.documents.expected import AnswerExpectation
from comity.policy.rule_texts import Citation, RuleText
from comity.policy.rules import Modality, Rule
from comity.policy.scenarios.expectations import compare, expectation_of
from comity.policy.timeline import Timeline

TEXTS = {
    "sure": RuleText("", "", Citation("")),
    "doubted": RuleText("", "", Citation(""), legal_effect="advice", confidence="recalled"),
    "maybe": RuleText("", "", Citation(""), legal_effect="practice"),
}
RULES = {
    rule_id: Rule(rule_id, "UA", Modality.FORBID, Timeline((), (DENIED,)), (), text=text)
    for rule_id, text in TEXTS.items()
}
QUOTA = Restrict("calls", "day", "product", Quota(5400, "guardian"))
DECISION = Decision(
    outcome=Outcome(obligations=frozenset({QUOTA, Warn("careful")})),
    determination=Determination.INDETERMINATE,
    reasons=(
        Reason("doubted", Standing.UNPROVEN_EXCEPTION, ()),
        Reason("maybe", Standing.POSSIBLE, ()),
        Reason("sure", Standing.CERTAIN, ()),
    ),
    missing_facts=(FactKey("device"),),
    would_change=(),
    presumed_facts=(FactKey("connection", "nationality"),),
    conflicts=(Conflict("sure", "duty"), Conflict("sure", "other", "other")),
    valid_until=None,
)
RIGHT: Mapping[str, Any] = {
    "effect": "restrict",
    "because": ("sure", "doubted"),
    "obligations": (
        {"warn": "careful"},
        {
            "restrict": "calls",
            "at_most": "90 minutes",
            "per": "day",
            "each": "product",
            "adjustable_by": "guardian",
        },
    ),
    "state": "INDETERMINATE",
    "missing": "device",
    "possible": "maybe",
    "unproven": "doubted",
    "conflicts": ("sure/duty", "sure/other>other"),
    "presumed": "connection:nationality",
    "notes": ("advice", "recalled"),
}


def differences(**changed: Any) -> list[str]:
    """Return where the decision differs from what is right for it, but for `changed`."""
    answer = AnswerExpectation.model_validate({**RIGHT, **changed})
    return [str(difference) for difference in compare(expectation_of(answer), DECISION, RULES)]


def test_a_decision_that_is_expected_in_full_has_no_difference() -> None:
    assert differences() == []
    assert differences(presumed=None, notes=None) == []


QUOTA_WORDS = "restrict calls to 90 minutes per day and product, adjustable by guardian"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"effect": "deny"}, "effect: expected deny, but restrict came."),
        ({"because": ()}, "because: expected none, but doubted, sure came."),
        (
            {"obligations": ({"warn": "careful"}, {"withhold": "channel", "follows": ("copies",)})},
            (
                f"obligations: expected warn careful, withhold channel with copies, "
                f"but {QUOTA_WORDS}, warn careful came."
            ),
        ),
        ({"state": "DECIDED"}, "state: expected decided, but indeterminate came."),
        ({"missing": ()}, "missing: expected none, but device came."),
        ({"possible": ("sure",)}, "possible: expected sure, but maybe came."),
        ({"unproven": ()}, "unproven: expected none, but doubted came."),
        (
            {"conflicts": ("sure/duty", "sure/other")},
            "conflicts: expected sure/duty, sure/other, but sure/duty, sure/other>other came.",
        ),
        ({"presumed": ()}, "presumed: expected none, but connection:nationality came."),
        ({"notes": ("advice",)}, "notes: expected advice, but advice, recalled came."),
    ],
)
def test_each_part_of_a_decision_is_compared(changed: Mapping[str, Any], said: str) -> None:
    assert differences(**changed) == [said]


def test_allow_expects_that_nothing_comes() -> None:
    nothing = Decision(Outcome(), Determination.DECIDED, (), (), (), (), (), None)
    assert list(compare(expectation_of("allow"), nothing, RULES)) == []
    told = [difference.what for difference in compare(expectation_of("allow"), DECISION, RULES)]
    assert told == [
        "effect", "obligations", "state", "because", "missing", "possible", "unproven", "conflicts",
    ]  # fmt: skip


def test_withholding_follows_reposts_unless_told_otherwise() -> None:
    answer = AnswerExpectation.model_validate(
        {"effect": "restrict", "because": "sure", "obligations": ({"withhold": "item"},)}
    )
    obligations = expectation_of(answer).obligations
    assert obligations == {Withhold(WithheldObject.ITEM, frozenset({"reposts"}))}
