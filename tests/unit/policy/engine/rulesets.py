"""Small rules for tests of the engine's rooms, and an answer that engine and reference agree on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from comity.domain.decision import Decision
from comity.domain.effect import ALLOWED, DENIED, Outcome
from comity.domain.facts import Facts
from comity.policy import reference
from comity.policy.atlas import Atlas
from comity.policy.engine import Engine
from comity.policy.lexicon import Lexicon
from comity.policy.rule_texts import Citation, RuleText
from comity.policy.rules import Clause, ConflictRuling, Modality, Rule, Ruleset
from comity.policy.timeline import Timeline

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
MINISTRY, COURT = (RuleText("", name, Citation("")) for name in ("ministry", "court"))


def lasting(outcome: Outcome) -> Timeline:
    """Return a timeline that is in force for good."""
    return Timeline((), (outcome,))


def until(end: datetime, outcome: Outcome) -> Timeline:
    """Return a timeline that is in force until `end`."""
    return Timeline((end,), (outcome, None))


def forbid(rule_id: str, *body: Clause, **more: Any) -> Rule:
    """Return a rule that denies."""
    parts = {"timeline": lasting(DENIED), "text": MINISTRY, **more}
    return Rule(rule_id, "AA", Modality.FORBID, body=body, **parts)


def permit(rule_id: str, *body: Clause, derogates: Iterable[str], **more: Any) -> Rule:
    """Return a rule that does nothing but derogate."""
    parts = {"timeline": lasting(ALLOWED), "text": MINISTRY, **more}
    return Rule(rule_id, "AA", Modality.PERMIT, body=body, derogates=tuple(derogates), **parts)


def carry(rule_id: str, *body: Clause, **more: Any) -> Rule:
    """Return a requirement of another authority to carry."""
    parts = {"timeline": lasting(ALLOWED), "text": COURT, **more}
    return Rule(rule_id, "AA", Modality.REQUIRE, body=body, requires="carry", **parts)


def answer(
    rules: Iterable[Rule],
    facts: Facts,
    now: datetime = NOW,
    *,
    rulings: Iterable[ConflictRuling] = (),
    lexicon: Lexicon | None = None,
    atlas: Atlas | None = None,
) -> Decision:
    """Return the engine's answer, which is also the reference's."""
    ruleset = Ruleset(tuple(rules), lexicon or Lexicon(), atlas or Atlas(), tuple(rulings))
    found = Engine(ruleset).evaluate(facts, now)
    assert found == reference.evaluate(ruleset, facts, now)
    return found
