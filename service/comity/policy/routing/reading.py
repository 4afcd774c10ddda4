"""The rules on data requests as those who look a rule up read them."""

from __future__ import annotations

from typing import Final

from comity.domain.effect import ALLOWED, DENIED
from comity.policy.atlas import Span
from comity.policy.compiling.spans import build_timeline
from comity.policy.routing.law import RequestLaw
from comity.policy.rules import Modality, Rule

DISCLOSE: Final = "disclose"


def find_request_rule(rule_id: str, law: RequestLaw) -> Rule | None:
    """Return the instrument or check `rule_id`, or None.

    An instrument requires disclosure, unless it only keeps data; a check forbids it. Neither has
    a body: what they meet is said in their own words.
    """
    for rules in law.instruments.values():
        for rule in rules:
            if rule.id == rule_id:
                requires = "" if rule.terms.preserve_only else DISCLOSE
                return _readable(rule_id, law, rule.spans, Modality.REQUIRE, requires)
    for check in law.checks:
        if check.id == rule_id:
            return _readable(rule_id, law, check.spans, Modality.FORBID, "")
    return None


def _readable(
    rule_id: str, law: RequestLaw, spans: tuple[Span, ...], modality: Modality, requires: str
) -> Rule:
    """Return a rule with its text and the times in which it has effect."""
    text = law.texts[rule_id]
    outcome = DENIED if modality is Modality.FORBID else ALLOWED
    return Rule(
        id=rule_id,
        jurisdiction=text.jurisdiction,
        modality=modality,
        timeline=build_timeline([(span, outcome) for span in spans]),
        body=(),
        requires=requires,
        text=text.text,
    )
