"""Generated policy sets with all that replies and spans may tell or keep back."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from comity.policy.rules import Rule, Ruleset
from property.choices import RandomChoices, chance, pick
from property.worlds import Limits, build_ruleset

WORLDS = 40
LIMITS = Limits(rules=7)
SENSITIVE = frozenset({("population", "armed"), ("item", "broadcast"), ("label", "press")})
NOTICES = {"deny": {"en": "No.", "uk": "Ні."}, "caution": {"en": "Mind."}, "warn": {"en": "Hm."}}
TEXTS: tuple[dict[str, str], ...] = ({}, {}, {"en": "Not here."}, {"en": "Never.", "uk": "Ніколи."})


@lru_cache(maxsize=WORLDS)
def world(seed: int) -> Ruleset:
    """Return a policy set with sensitive values, confidential rules, and texts."""
    choices = RandomChoices(seed)
    ruleset = build_ruleset(choices, LIMITS)
    while not any(clause.age for rule in ruleset.rules for clause in rule.body):
        ruleset = build_ruleset(choices, LIMITS)

    def told(rule: Rule) -> Rule:
        secret = chance(choices, 25)
        text = replace(rule.text, confidential=secret, message=pick(choices, TEXTS))
        return replace(rule, text=text)

    lexicon = replace(ruleset.lexicon, sensitive=SENSITIVE, notices=NOTICES)
    return replace(ruleset, rules=tuple(map(told, ruleset.rules)), lexicon=lexicon)
