"""Cases to try properties on: a policy set, facts and an instant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from comity.domain.decision import Decision
from comity.domain.effect import ALLOWED, Outcome, join_all
from comity.domain.facts import Facts
from comity.policy.engine import Engine
from comity.policy.rules import Modality, Ruleset
from property.choices import Choices, chance
from property.questions import asked_facts
from property.situations import aim, build_facts, build_now
from property.worlds import Limits, build_ruleset


class Evaluator(Protocol):
    """The engine, or something that claims to be as good."""

    def evaluate(self, facts: Facts, now: datetime) -> Decision:
        """Answer a question."""

    def masks(self, facts: Facts, now: datetime) -> object:
        """Return the rules that are certain, held and possible."""


Compile = Callable[[Ruleset], Evaluator]


@dataclass(frozen=True)
class Bounds:
    """The join of the certain, and of the possible rules."""

    floor: Outcome
    ceiling: Outcome


@dataclass(frozen=True)
class Case:
    """A policy set, facts and an instant."""

    ruleset: Ruleset
    facts: Facts
    now: datetime


def build_case(choices: Choices, limits: Limits | None = None) -> Case:
    """Return a case in which the facts often meet a rule."""
    ruleset = build_ruleset(choices, limits)
    return Case(ruleset, build_aimed_facts(choices, ruleset), build_now(choices))


def build_aimed_facts(choices: Choices, ruleset: Ruleset) -> Facts:
    """Return facts, stated or asked with presumptions, most of which come near a rule."""
    facts = asked_facts(choices, ruleset) if chance(choices, 40) else build_facts(choices)
    return aim(choices, facts, ruleset) if chance(choices, 80) else facts


def bounds_of(ruleset: Ruleset, engine: Engine, facts: Facts, now: datetime) -> Bounds:
    """Return the floor and the ceiling of an answer."""
    masks = engine.masks(facts, now)

    def join(ids: frozenset[str]) -> Outcome:
        rules = (ruleset.by_id[rule_id] for rule_id in ids)
        return join_all(
            rule.timeline.state_at(now) or ALLOWED
            for rule in rules
            if rule.modality is Modality.FORBID
        )

    return Bounds(join(masks.certain), join(masks.possible))
