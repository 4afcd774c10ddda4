"""Generated facts and instants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from comity.domain.facts import (
    EMPTY,
    Age,
    AtLeastYears,
    BornBetween,
    FactKey,
    Facts,
    Label,
    Members,
    Tie,
)
from comity.policy.rules import Ruleset
from property.choices import Choices, chance, pick, some
from property.vocabulary import FACTORS, KINDS, PLACES, YEARS, day_of_birth, instant

NEAR = tuple(
    timedelta(microseconds=step) for step in (0, -1, 1, 1_000_000, 3_600_000_000, 40_000_000_000)
)


def build_now(choices: Choices) -> datetime:
    """Return an instant at, just before, or some time after one at which something happens."""
    return instant(choices) + pick(choices, NEAR)


def above(dimension: str, value: str) -> set[str]:
    """Return `value` and its kinds in the test vocabulary."""
    found = {value}
    for parent in KINDS[dimension].get(value.removesuffix("~"), ()):
        found |= above(dimension, parent)
    return found | {value.removesuffix("~")}


def build_members(choices: Choices, dimension: str) -> Members:
    """Return a set that doesn't contradict itself."""
    values = tuple(KINDS[dimension])
    yes = frozenset(some(choices, values, 0, 1))
    implied = {kind for member in yes for kind in above(dimension, member)}
    no = frozenset(some(choices, [v for v in values if v not in implied], 0, 2))
    return Members(yes, no if chance(choices, 40) else frozenset(), open=chance(choices, 25))


def build_tie(choices: Choices) -> Tie:
    """Return a connection or a ghost."""
    factor = pick(choices, FACTORS)
    if chance(choices, 15):
        return Tie(factor, populations=Members(open=True), ghost=True, source="open")
    return Tie(
        factor=factor,
        place=pick(choices, PLACES),
        populations=build_members(choices, "population") if chance(choices, 50) else EMPTY,
        low_trust=chance(choices, 20),
        since=instant(choices) if chance(choices, 12) else None,
        until=instant(choices) if chance(choices, 12) else None,
        source=pick(choices, ("caller", "geoip")),
    )


def build_age(choices: Choices) -> Age | None:
    """Return what is known of an age."""
    match choices.integer(0, 4):
        case 0:
            return None
        case 1:
            return AtLeastYears(pick(choices, YEARS) - choices.integer(0, 1))
        case 2:
            first, last = sorted((day_of_birth(choices), day_of_birth(choices)))
            return BornBetween(first, last)
        case _:
            day = day_of_birth(choices)
            return BornBetween(day, day)


def build_value(choices: Choices, dimension: str) -> str | None:
    """Return a single value, known or not, perhaps one that has kinds below it."""
    if chance(choices, 15):
        return None
    value = pick(choices, tuple(KINDS[dimension]))
    return f"{value}~" if chance(choices, 8) else value


def build_labels(choices: Choices) -> frozenset[Label]:
    """Return labels, some of which end."""
    return frozenset(
        Label(name, instant(choices) if chance(choices, 40) else None)
        for name in some(choices, tuple(KINDS["label"]), 0, 2)
    )


def build_facts(choices: Choices) -> Facts:
    """Return the facts of a question."""
    labels = build_labels(choices)
    held = {kind for label in labels for kind in above("label", label.name)}
    absent = some(choices, [name for name in KINDS["label"] if name not in held], 0, 1)
    return Facts(
        action=build_value(choices, "action"),
        product=build_value(choices, "product"),
        device=build_value(choices, "device"),
        purposes=build_members(choices, "purpose"),
        items=build_members(choices, "item"),
        labels=labels,
        labels_absent=frozenset(absent),
        labels_open=chance(choices, 20),
        age=build_age(choices),
        account_created=build_now(choices) if chance(choices, 70) else None,
        ties=frozenset(build_tie(choices) for _ in range(choices.integer(0, 3))),
        presumed=(FactKey("item"),) if chance(choices, 10) else (),
    )


def aim(choices: Choices, facts: Facts, ruleset: Ruleset) -> Facts:
    """Return `facts` moved towards meeting a clause of the rules, so that rules meet often."""
    from dataclasses import replace

    rule = pick(choices, ruleset.rules)
    clause = pick(choices, (*rule.body, *rule.exceptions, *rule.person_conditions, *rule.body))

    def aimed(named: frozenset[str] | None, value: str | None) -> str | None:
        return value if named is None or chance(choices, 15) else pick(choices, sorted(named))

    def joined(members: Members, named: frozenset[str] | None) -> Members:
        if named is None or members.no or chance(choices, 25):
            return members
        return members._replace(yes=frozenset({pick(choices, sorted(named))}))

    places: Sequence[str] = [p for p in sorted(clause.places or ()) if p in PLACES]
    tie = build_tie(choices)
    tie = replace(
        tie,
        factor=aimed(clause.factors, tie.factor) or tie.factor,
        place=pick(choices, places) if places and not tie.ghost else tie.place,
        populations=joined(tie.populations, clause.populations),
    )
    return replace(
        facts,
        action=aimed(clause.actions, facts.action),
        product=aimed(clause.products, facts.product),
        device=aimed(clause.devices, facts.device),
        items=joined(facts.items, clause.items),
        purposes=joined(facts.purposes, clause.purposes),
        ties=facts.ties | {tie},
    )
