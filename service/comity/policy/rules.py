"""Compiled rules: what the engine and the reference evaluator read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Final

from comity.domain.effect import Outcome
from comity.policy.atlas import Atlas
from comity.policy.lexicon import Lexicon
from comity.policy.rule_texts import Citation, RuleText
from comity.policy.timeline import Timeline


class Modality(StrEnum):
    """What kind of norm a rule is."""

    FORBID = "forbid"
    REQUIRE = "require"
    PERMIT = "permit"


@dataclass(frozen=True, slots=True)
class AgeBand:
    """An age range, counted in completed years at midnight of the rule's zone.

    Attributes:
        from_years: youngest age in; None if unbounded.
        below_years: youngest age out; None if unbounded.
        zone: IANA zone in which birthdays fall; born on 29 February counts from 1 March.
    """

    from_years: int | None
    below_years: int | None
    zone: str


@dataclass(frozen=True, slots=True)
class CreationBand:
    """A range of account creation instants, half-open.

    Attributes:
        start: first instant in; None if unbounded.
        end: first instant out; None if unbounded.
    """

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Clause:
    """Atoms that must all be met on one connection; None or False for an atom not named.

    Attributes:
        factors: connecting factors, any of them.
        places: canonical places and groups, any of them.
        populations: populations, any of them.
        low_trust: whether the clause names `trust: low`.
        products: products or kinds of products, any of them.
        actions: actions, any of them; `all` is compiled to every action that may be denied.
        devices: device classes, any of them.
        labels: labels, any of them.
        items: item classes, any of them.
        purposes: purposes, any of them.
        not_products: products none of which may be met.
        not_devices: device classes none of which may be met.
        not_items: item classes none of which may be met.
        not_purposes: purposes none of which may be met.
        age: age band.
        created: account creation band.
    """

    factors: frozenset[str] | None = None
    places: frozenset[str] | None = None
    populations: frozenset[str] | None = None
    low_trust: bool = False
    products: frozenset[str] | None = None
    actions: frozenset[str] | None = None
    devices: frozenset[str] | None = None
    labels: frozenset[str] | None = None
    items: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    not_products: frozenset[str] | None = None
    not_devices: frozenset[str] | None = None
    not_items: frozenset[str] | None = None
    not_purposes: frozenset[str] | None = None
    age: AgeBand | None = None
    created: CreationBand | None = None

    @property
    def names_connection(self) -> bool:
        """Whether the clause names a connecting dimension: factor, place, population or trust."""
        return (
            self.factors is not None
            or self.places is not None
            or self.populations is not None
            or self.low_trust
        )


# Attribute of a clause, but for its factors -> the fact that it asks about.
FACT_OF_ATOM: Final[Mapping[str, str]] = MappingProxyType(
    {
        "places": "place",
        "populations": "population",
        "low_trust": "trust",
        "products": "product",
        "actions": "action",
        "devices": "device",
        "labels": "label",
        "items": "item",
        "purposes": "purpose",
        "not_products": "product",
        "not_devices": "device",
        "not_items": "item",
        "not_purposes": "purpose",
        "age": "age",
        "created": "account_created",
    }
)


class Undecided(StrEnum):
    """What a rule asks when it is possible and not held, short of an outcome of its own."""

    AS_MATCHED = "as_matched"
    AS_UNMATCHED = "as_unmatched"


WhenUnknown = Undecided | Outcome


@dataclass(frozen=True, slots=True)
class Rule:
    """One norm, compiled.

    Attributes:
        id: unique and never reused; `id#DK` for a member of a per-member rule.
        jurisdiction: code of the file it stands in, or `any`.
        modality: forbid, require or permit.
        timeline: when it is in force and with which outcome.
        body: clauses of `applies_to`, any of them.
        exceptions: clauses of `except`, on the same connection.
        person_exceptions: clauses of `except_person`, on any connection.
        person_conditions: clauses of `only_if_person`, on any connection; empty if not named.
        derogates: ids of the rules that this one derogates.
        part_unknown: whether a country whose part is unknown leaves a part named U; else F.
        when_unknown: missing dimension (a `FactKey.dimension`, or a factor for `connection`) ->
            what to do; `other` is always a key.
        requires: what a requirement demands (`carry`, `disclose`); empty otherwise.
        text: what people read.
    """

    id: str
    jurisdiction: str
    modality: Modality
    timeline: Timeline
    body: tuple[Clause, ...]
    exceptions: tuple[Clause, ...] = ()
    person_exceptions: tuple[Clause, ...] = ()
    person_conditions: tuple[Clause, ...] = ()
    derogates: tuple[str, ...] = ()
    part_unknown: bool = False
    when_unknown: Mapping[str, WhenUnknown] = field(
        default_factory=lambda: {"other": Undecided.AS_UNMATCHED}
    )
    requires: str = ""
    text: RuleText = field(
        default_factory=lambda: RuleText(title="", authority="", citation=Citation(title=""))
    )


@dataclass(frozen=True, slots=True)
class ConflictRuling:
    """An entry of `conflicts.yaml`: which of two clashing duties is preferred.

    Attributes:
        forbid_rule_id: the rule that forbids.
        require_rule_id: the rule that requires.
        prefer: the one of the two that is preferred.
        expires: first instant at which the ruling no longer holds.
    """

    forbid_rule_id: str
    require_rule_id: str
    prefer: str
    expires: datetime


@dataclass(frozen=True)
class Ruleset:
    """All rules that answer one kind of question.

    Attributes:
        rules: in the order of the files; ids are unique.
        lexicon: compiled vocabulary.
        atlas: compiled geography.
        rulings: preferences between clashing duties.
    """

    rules: tuple[Rule, ...]
    lexicon: Lexicon
    atlas: Atlas
    rulings: tuple[ConflictRuling, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        """The rules by id."""
        return {rule.id: rule for rule in self.rules}
