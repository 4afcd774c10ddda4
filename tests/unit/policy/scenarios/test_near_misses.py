"""Which rules came close to a question, and what kept them from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from comity.domain.effect import DENIED
from comity.domain.facts import Facts, Label, Members, Tie
from comity.policy.rules import Clause, Modality, Rule, Ruleset
from comity.policy.scenarios.encounters import Case, near_misses
from comity.policy.timeline import Timeline
from unit.grpc_api.small_world import ATLAS, LEXICON

NOW = datetime(2024, 10, 1, 12, tzinfo=UTC)
SERVICE = Tie("works_for", "UA", Members(frozenset({"government_official"})))
FACTS = Facts("message_send", "telegram", device="official", ties=frozenset({SERVICE}))
OFFICIALS = Clause(
    factors=frozenset({"works_for"}),
    places=frozenset({"UA"}),
    populations=frozenset({"government_official"}),
    devices=frozenset({"official"}),
    actions=frozenset({"message_send"}),
)


def rule(rule_id: str, *body: Clause, in_force: bool = True, **parts: tuple[object, ...]) -> Rule:
    """Return a rule that forbids."""
    timeline = Timeline((), (DENIED if in_force else None,))
    return Rule(rule_id, "UA", Modality.FORBID, timeline, body, **parts)  # type: ignore[arg-type]


def close(*rules: Rule, facts: Facts = FACTS, most: int = 9) -> list[tuple[str, str]]:
    """Return the rules that came close, and why they did not meet."""
    case = Case(Ruleset(rules, LEXICON, ATLAS), facts, NOW)
    return [(one.rule_id, one.account) for one in near_misses(case, {"met"}, most)]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"devices": frozenset({"personal"})}, "device must be one of personal"),
        ({"populations": frozenset({"military"})}, "population must be one of military"),
        ({"actions": frozenset({"call"})}, "action must be one of call"),
        ({"not_products": frozenset({"messaging"})}, "product must be none of messaging"),
        ({"labels": frozenset({"watched"})}, "label must be one of watched"),
    ],
)
def test_a_single_fact_keeps_a_rule_away(changed: dict[str, frozenset[str]], text: str) -> None:
    """It is named, with what the rule asks."""
    ((rule_id, account),) = close(rule("a", replace(OFFICIALS, **changed)))  # type: ignore[arg-type]
    assert rule_id == "a"
    assert account.startswith("not met: on works_for UA")
    assert account.endswith(text)


def test_a_rule_for_elsewhere_is_not_close() -> None:
    """Nor for another tie, nor one that two facts keep away, nor one that is not in force."""
    device, call = frozenset({"personal"}), frozenset({"call"})
    assert not close(
        rule("place", replace(OFFICIALS, places=frozenset({"FR"}))),
        rule("factor", replace(OFFICIALS, factors=frozenset({"nationality"}))),
        rule("two", replace(OFFICIALS, devices=device, actions=call)),
        rule("over", replace(OFFICIALS, devices=device), in_force=False),
        rule("met", OFFICIALS),
    )


def test_ties_that_nobody_knows_bring_no_rule_close() -> None:
    """An open factor may be any place: every rule of the world would be."""
    ghost = Tie("presence", populations=Members(open=True), ghost=True)
    facts = replace(FACTS, ties=frozenset({ghost}))
    clause = Clause(factors=frozenset({"presence"}), actions=frozenset({"call"}))
    assert not close(rule("a", clause), facts=facts)


def test_the_closest_come_first() -> None:
    """What spares the person, then another fact than the action, then the action."""
    facts = replace(FACTS, labels=frozenset({Label("ua_official_duty")}))
    rules = [
        rule("a", replace(OFFICIALS, actions=frozenset({"call"}))),
        rule("b", replace(OFFICIALS, devices=frozenset({"personal"}))),
        rule("c", OFFICIALS, exceptions=(Clause(labels=frozenset({"ua_official_duty"})),)),
    ]
    found = close(*rules, facts=facts)
    assert [rule_id for rule_id, _ in found] == ["c", "b", "a"]
    assert "an exception spares works_for UA" in found[0][1]
    assert close(*rules, facts=facts, most=1) == found[:1]
