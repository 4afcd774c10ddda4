"""Compiled rules: what the engine and the reference evaluator read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Final

from comity.domain.effect import Outcome
from comity.policy.atlas import Atlas
from comity.policy.lexicon import Lexicon
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
class Citation:
    """Where a rule can be read.

    Attributes:
        title: name of the source.
        url: address as cited; empty if none is known.
        pinpoint: place within the source; empty if none.
        retrieved: day on which it was read; None if not recorded.
    """

    title: str
    url: str = ""
    pinpoint: str = ""
    retrieved: date | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Something that happened to a rule; without effect on answers.

    Attributes:
        on: the day, as the file writes it.
        event: what happened.
        by: who did it.
        note: remark; empty if none.
        citation: where it can be read; None if that is not recorded.
    """

    on: str
    event: str
    by: str
    note: str = ""
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class SuspensionEntry:
    """A time in which a rule is suspended, as its file writes it.

    Attributes:
        since: first moment; empty if unbounded.
        until: first moment out; empty if unbounded, or if the last day in is given.
        through: last day in; empty if it is not given.
        by: who suspended it.
        kind: stayed (by a court) or deferred (by its maker).
        note: remark; empty if none.
    """

    since: str
    until: str
    through: str
    by: str
    kind: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReachAbroad:
    """Why a rule meets people beyond the territory of whoever made it.

    Attributes:
        why: what gives the rule its reach.
        citation: where that can be read; the rule's own citation if it names no other source.
    """

    why: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class RuleText:
    """What people read of a rule; without effect on answers.

    Attributes:
        title: one line in English.
        authority: who issued it.
        citation: where it can be read.
        legal_effect: binding, advice, voluntary, practice or proposal.
        platform_basis: why the platform applies what does not bind it; empty if it binds.
        reach_abroad: why it meets people beyond its maker's territory; None if it doesn't.
        confidence: verified, recalled or unverified.
        apply_unverified: why it is applied although unverified; empty if it isn't both.
        recorded_at: day on which the rule was recorded; ISO 8601.
        review_by: day by which it must be reviewed; None if not set.
        message: language -> text for the user; empty for the vocabulary's text.
        note: remark for staff; empty if none.
        history: events.
        suspensions: times without effect.
        confidential: whether only entitled callers may see the rule.
        file: policy file, relative to the policy directory.
        line: line of the rule's `id`, from 1.
    """

    title: str
    authority: str
    citation: Citation
    legal_effect: str = "binding"
    platform_basis: str = ""
    reach_abroad: ReachAbroad | None = None
    confidence: str = "verified"
    apply_unverified: str = ""
    recorded_at: str = ""
    review_by: date | None = None
    message: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    history: tuple[HistoryEntry, ...] = ()
    suspensions: tuple[SuspensionEntry, ...] = ()
    confidential: bool = False
    file: str = ""
    line: int = 0


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
