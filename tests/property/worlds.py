"""Generated policy sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time
from itertools import product
from typing import Any

from comity.domain.effect import (
    ALLOWED,
    DENIED,
    Obligation,
    Outcome,
    Quota,
    Restrict,
    Verify,
    Warn,
    WithheldObject,
    Withhold,
    outcome_of,
)
from comity.policy.rule_texts import Citation, RuleText
from comity.policy.rules import (
    AgeBand,
    Clause,
    ConflictRuling,
    CreationBand,
    Modality,
    Rule,
    Ruleset,
    Undecided,
    WhenUnknown,
)
from comity.policy.schedule import Schedule, Window
from comity.policy.timeline import Timeline
from property.choices import Choices, chance, pick, shuffled, some
from property.vocabulary import (
    FACTORS,
    GROUPS,
    INSTANTS,
    JURISDICTIONS,
    KINDS,
    PLACES,
    YEARS,
    ZONES,
    build_atlas,
    build_lexicon,
    instant,
)

OBLIGATIONS: tuple[Obligation, ...] = (
    Warn("caution"),
    Verify("age"),
    Restrict("calls"),
    Restrict("calls", per="day", each="product", quota=Quota(3600)),
    Restrict("calls", per="day", each="product", quota=Quota(600)),
    Restrict("feed"),
    Withhold(WithheldObject.ITEM),
)
FACT_DIMENSIONS = (
    "presence",
    "device",
    "age",
    "population",
    "label",
    "connection",
    "trust",
    "product",
    "place",
)
HOURS = tuple(time(hour) for hour in (0, 1, 3, 9, 22))
SET_ATOMS = (
    ("labels", "label", 12),
    ("items", "item", 12),
    ("purposes", "purpose", 10),
    ("not_items", "item", 6),
    ("not_purposes", "purpose", 6),
    ("products", "product", 25),
    ("not_products", "product", 8),
    ("actions", "action", 20),
    ("devices", "device", 15),
    ("not_devices", "device", 6),
)


@dataclass(frozen=True)
class Limits:
    """What a generated policy set may hold.

    Attributes:
        rules: most rules.
        trust: whether clauses may name low trust.
    """

    rules: int = 5
    trust: bool = True


def names(choices: Choices, dimension: str) -> frozenset[str]:
    """Return one or two values of a dimension."""
    return frozenset(some(choices, tuple(KINDS[dimension]), 1, 2))


def build_clause(choices: Choices, limits: Limits, *, connecting: int = 100) -> Clause:
    """Return a clause; `connecting` percent of the usual number name a connecting dimension."""
    atoms: dict[str, Any] = {}
    if chance(choices, 45 * connecting // 100):
        atoms["factors"] = frozenset(some(choices, FACTORS, 1, 2))
    if chance(choices, 45 * connecting // 100):
        atoms["places"] = frozenset(some(choices, PLACES + GROUPS, 1, 2))
    if chance(choices, 25 * connecting // 100):
        atoms["populations"] = names(choices, "population")
    if limits.trust and chance(choices, 10 * connecting // 100):
        atoms["low_trust"] = True
    for field, dimension, percent in SET_ATOMS:
        if chance(choices, percent):
            atoms[field] = names(choices, dimension)
    if chance(choices, 15):
        atoms["age"] = build_age_band(choices)
    if chance(choices, 8):
        start = instant(choices) if chance(choices, 60) else None
        end = instant(choices) if start is None or chance(choices, 50) else None
        atoms["created"] = CreationBand(start, end)
    return Clause(**atoms)


def build_age_band(choices: Choices) -> AgeBand:
    """Return an age band that is not empty."""
    low, high = sorted(some(choices, YEARS, 2, 2))
    zone = pick(choices, ZONES)
    return pick(
        choices, (AgeBand(None, high, zone), AgeBand(low, None, zone), AgeBand(low, high, zone))
    )


def build_timeline(choices: Choices, states: list[Outcome]) -> Timeline:
    """Return a timeline through `states` and times out of force."""
    instants = tuple(sorted(some(choices, INSTANTS, 0, 3)))
    options: list[Outcome | None] = [*states, None]
    listed = tuple(pick(choices, options) for _ in range(len(instants) + 1))
    return Timeline(instants, listed, build_schedule(choices) if chance(choices, 12) else None)


def build_schedule(choices: Choices) -> Schedule:
    """Return recurring windows, some of which touch, around days on which clocks change."""
    windows = tuple(
        Window(pick(choices, HOURS), pick(choices, HOURS)) for _ in range(choices.integer(1, 2))
    )
    days = ((date(2024, 2, 28), date(2024, 3, 1)), (date(2024, 10, 26), date(2024, 11, 3)))
    return Schedule(
        zone=pick(choices, ZONES),
        weekdays=frozenset(some(choices, range(7), 4, 7)),
        windows=windows,
        dates=days if chance(choices, 50) else (),
        except_dates=days[1:] if chance(choices, 20) else (),
    )


def build_outcome(choices: Choices) -> Outcome:
    """Return an outcome that is not a permission."""
    if chance(choices, 35):
        return DENIED
    return outcome_of(some(choices, OBLIGATIONS, 1, 2))


def build_when_unknown(choices: Choices, states: list[Outcome]) -> dict[str, WhenUnknown]:
    """Return what to do on missing facts; nothing ranks above the rule's mildest outcome."""
    rank = min(state.effect for state in states)
    options: list[WhenUnknown] = [Undecided.AS_UNMATCHED, Undecided.AS_MATCHED]
    asked = (outcome_of([obligation]) for obligation in (Verify("employer"), Warn("unsure")))
    options += [outcome for outcome in asked if outcome.effect <= rank]
    chosen = {d: pick(choices, options) for d in some(choices, FACT_DIMENSIONS, 0, 2)}
    return {**chosen, "other": pick(choices, options)}


def build_derogated(choices: Choices, earlier: list[Rule]) -> list[Rule]:
    """Return the rules that one derogates, often one that derogates others: chains tell most."""
    special = [rule for rule in earlier if rule.derogates]
    if special and chance(choices, 50):
        return [pick(choices, special)]
    return some(choices, earlier, 1, 2) if earlier and chance(choices, 35) else []


def build_rule(
    choices: Choices,
    limits: Limits,
    number: int,
    earlier: list[Rule],
    modality: Modality | None = None,
) -> Rule:
    """Return a rule that may derogate `earlier` ones, some of which derogate others."""
    if modality is None:
        modality = pick(choices, (Modality.FORBID,) * 3 + (Modality.PERMIT, Modality.REQUIRE))
    forbids = modality is Modality.FORBID
    states = (
        [build_outcome(choices) for _ in range(choices.integer(1, 2))] if forbids else [ALLOWED]
    )

    def clauses(least: int, most: int, connecting: int = 100) -> tuple[Clause, ...]:
        return tuple(
            build_clause(choices, limits, connecting=connecting)
            for _ in range(choices.integer(least, most))
        )

    general = build_derogated(choices, earlier)
    body = clauses(1, 2)
    alike = general or (earlier if modality is Modality.REQUIRE else [])
    if alike and chance(choices, 70):  # else rules that derogate or clash would seldom meet
        body = alike[0].body
    named = any(clause.names_connection for clause in body)
    return Rule(
        id=f"rule-{number}",
        jurisdiction=pick(choices, JURISDICTIONS),
        modality=modality,
        timeline=build_timeline(choices, states),
        body=body,
        exceptions=clauses(1, 2, 30 if named else 0) if chance(choices, 35) else (),
        person_exceptions=clauses(1, 2) if chance(choices, 20) else (),
        person_conditions=clauses(1, 2) if chance(choices, 20) else (),
        derogates=tuple(sorted({rule.id for rule in general})),
        part_unknown=chance(choices, 50),
        when_unknown=build_when_unknown(choices, states),
        requires=pick(choices, ("carry", "carry", "disclose")) if _requires(modality) else "",
        text=RuleText("", pick(choices, ("ministry", "regulator", "court")), Citation("")),
    )


def per_member(choices: Choices, rule: Rule) -> list[Rule]:
    """Return `rule` as it stands for several members of a group, each with an age of its own."""
    zone = pick(choices, ZONES)
    return [
        replace(
            rule,
            id=f"{rule.id}#{place}",
            body=tuple(
                replace(clause, places=frozenset({place}), age=AgeBand(None, years, zone))
                for clause in rule.body
            ),
        )
        for place, years in zip(some(choices, PLACES, 2, 3), shuffled(choices, YEARS), strict=False)
    ]


def _requires(modality: Modality) -> bool:
    return modality is Modality.REQUIRE


def build_ruleset(choices: Choices, limits: Limits | None = None) -> Ruleset:
    """Return a whole policy set."""
    bounds = limits or Limits()
    rules: list[Rule] = []
    for number in range(choices.integer(1, bounds.rules)):
        rule = build_rule(choices, bounds, number, rules)
        rules += per_member(choices, rule) if chance(choices, 6) else [rule]
    forbids = [r.id for r in rules if r.modality is Modality.FORBID]
    requires = [r.id for r in rules if r.modality is Modality.REQUIRE]
    rulings = [
        ConflictRuling(*pair, pick(choices, pair), max(instant(choices), instant(choices)))
        for pair in product(forbids, requires)
        if chance(choices, 85)
    ]
    return Ruleset(
        tuple(rules), build_lexicon(choices), build_atlas(choices), rulings=tuple(rulings)
    )
