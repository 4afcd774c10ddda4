"""Facts of a question after presumptions: what the evaluators read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple


class UnknownReason(StrEnum):
    """Why a fact is not known; a presumption speaks only for the first two reasons."""

    NOT_RECORDED = "not_recorded"
    SOURCE_UNAVAILABLE = "source_unavailable"
    CONTRADICTORY = "contradictory"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class BornBetween:
    """A birth date known to lie in a range of calendar days.

    Attributes:
        earliest: first possible day of birth.
        latest: last possible day of birth, inclusive; equal to `earliest` for a full birth date.
    """

    earliest: date
    latest: date


@dataclass(frozen=True, slots=True)
class AtLeastYears:
    """An attestation that the person has completed so many years of age at the time of asking.

    Attributes:
        years: completed years.
    """

    years: int


Age = BornBetween | AtLeastYears


class Members(NamedTuple):
    """A set-valued fact.

    Attributes:
        yes: members known to be in the set.
        no: members known not to be in it.
        open: whether members that are not named may be in it; a closed set has no others.
    """

    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()
    open: bool = False


EMPTY = Members()


@dataclass(frozen=True, slots=True)
class Label:
    """A label that the account holds.

    Attributes:
        name: a label of the vocabulary.
        until: first instant at which it is no longer held; None if open-ended.
    """

    name: str
    until: datetime | None = None

    def held_at(self, now: datetime) -> bool:
        """Return whether the label is held at `now`."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Tie:
    """A connecting factor after presumptions: one connection of the person to one place.

    Attributes:
        factor: the connecting factor; empty for the null connection, which has no place either.
        place: canonical place code; empty for the null connection and for a ghost.
        populations: the person's populations at that place.
        low_trust: whether the source can be wrong about the place (a VPN, a derived residence).
        ghost: whether this stands for ties that are not known: place and populations unknown.
        since: first instant at which the tie exists; None if always so far.
        until: first instant at which it no longer does; None if open-ended.
        source: where the tie came from (`geoip`, `caller`, `derived` ...); no effect on the answer.
    """

    factor: str
    place: str = ""
    populations: Members = EMPTY
    low_trust: bool = False
    ghost: bool = False
    since: datetime | None = None
    until: datetime | None = None
    source: str = field(default="caller", compare=False)

    def exists_at(self, now: datetime) -> bool:
        """Return whether the tie exists at `now`."""
        return (self.since is None or self.since <= now) and (
            self.until is None or now < self.until
        )


NULL_TIE = Tie(factor="", source="null")


class FactKey(NamedTuple):
    """The name of one fact, as `missing_facts` and `presumed_facts` list it; sorts by its texts.

    Attributes:
        dimension: `action`, `product`, `device`, `purpose`, `item`, `label`, `age`,
            `account_created`, `population`, `place`, `trust`, or `connection` (whether there are
            more connections by a factor).
        member: the member of a set-valued dimension, or the factor for `connection`; else empty.
        factor: the connecting factor, for facts of one connection; else empty.
        place: that connection's place; else empty.
    """

    dimension: str
    member: str = ""
    factor: str = ""
    place: str = ""

    def __str__(self) -> str:
        """Return a stable text such as `population:military@works_for:UA`."""
        text = f"{self.dimension}:{self.member}" if self.member else self.dimension
        return f"{text}@{self.factor}:{self.place}" if self.factor else text


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything an answer may rest on, presumptions applied; independent of the instant asked.

    Attributes:
        action: what the account wants to do; None if unknown.
        product: the app asked about; None if unknown.
        device: device class; None if unknown.
        purposes: what it is done for.
        items: classes of the object concerned.
        labels: labels held, each with its end.
        labels_absent: labels known not to be held.
        labels_open: whether labels that are not named may be held.
        age: what is known of the age; None if unknown.
        account_created: when the account was created; None if unknown.
        ties: connections known (the null connection is implied and never listed) and ghosts.
        presumed: the facts that a presumption supplied, sorted.
    """

    action: str | None
    product: str | None
    device: str | None = None
    purposes: Members = EMPTY
    items: Members = EMPTY
    labels: frozenset[Label] = frozenset()
    labels_absent: frozenset[str] = frozenset()
    labels_open: bool = False
    age: Age | None = None
    account_created: datetime | None = None
    ties: frozenset[Tie] = frozenset()
    presumed: tuple[FactKey, ...] = field(default=(), compare=False)

    def label_members(self, now: datetime) -> Members:
        """Return the labels at `now`; an expired one is known not to be held."""
        held = frozenset(label.name for label in self.labels if label.held_at(now))
        expired = frozenset(label.name for label in self.labels) - held
        return Members(held, (self.labels_absent | expired) - held, self.labels_open)

    def ties_at(self, now: datetime) -> tuple[Tie, ...]:
        """Return the ties and ghosts that exist at `now`, and the null connection, sorted."""
        existing = [tie for tie in self.ties if tie.exists_at(now)]
        existing.sort(key=tie_order)
        return (*existing, NULL_TIE)


def tie_order(tie: Tie) -> tuple[str, str, bool, bool, list[str], list[str], bool, str]:
    """Return a sort key that depends on what the tie says, not on where it came from."""
    return (
        tie.factor,
        tie.place,
        tie.ghost,
        tie.low_trust,
        sorted(tie.populations.yes),
        sorted(tie.populations.no),
        tie.populations.open,
        f"{tie.since}{tie.until}" if tie.since or tie.until else "",
    )
