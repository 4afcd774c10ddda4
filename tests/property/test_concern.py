"""What a settings screen is not told of does not meet its users."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from comity.policy.concern import Concern
from comity.policy.engine import Engine
from comity.policy.rules import Rule
from property.cases import Case, build_case
from property.choices import RandomChoices

EXAMPLES = 600
NOWHERE = ""


def concerns_of(case: Case) -> Iterator[Concern]:
    """Yield what a settings screen would ask for the person of a case, tie by tie."""
    atlas, product = case.ruleset.atlas, case.facts.product or ""
    yield Concern(case.ruleset, NOWHERE, frozenset(), product, case.now)
    everywhere = {*atlas.parents, *atlas.aliases.values()}
    everywhere.update(place for members in atlas.groups.values() for place in members)
    for rule in case.ruleset.rules:
        everywhere.update(p for c in rule.body for p in c.places or () if not atlas.is_group(p))
    for tie in case.facts.ties:
        for place in everywhere if tie.ghost else {tie.place}:
            yield Concern(case.ruleset, place, frozenset({tie.factor}), product, case.now)


def is_listed(rule: Rule, case: Case) -> bool:
    """Return whether one of the lists has `rule`."""
    return any(concern.is_of(rule) for concern in concerns_of(case))


def test_whatever_an_answer_names_is_listed() -> None:
    """For the product and one of the ties; and lists do leave rules out."""
    seen: Counter[str] = Counter()
    for seed in range(EXAMPLES):
        case = build_case(RandomChoices(seed))
        if (case.facts.product or "").endswith("~"):
            continue
        decision = Engine(case.ruleset).evaluate(case.facts, case.now)
        for reason in decision.reasons:
            assert is_listed(case.ruleset.by_id[reason.rule_id], case), f"example {seed}"
            seen["named"] += 1
        others = case.ruleset.by_id.keys() - {reason.rule_id for reason in decision.reasons}
        seen["left out"] += sum(not is_listed(case.ruleset.by_id[i], case) for i in others)
    assert min(seen["named"], seen["left out"]) > EXAMPLES // 4, seen
