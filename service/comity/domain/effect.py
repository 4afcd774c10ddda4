"""What an answer asks of the caller: a denial, or a set of obligations that join."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Effect(IntEnum):
    """The headline of an answer, for the caller's switch statement, ordered by strictness."""

    ALLOW = 0
    WARN = 1
    VERIFY = 2
    RESTRICT = 3
    DENY = 4


@dataclass(frozen=True, slots=True, order=True)
class Verify:
    """The account must pass a verification first.

    Attributes:
        method: a method of the vocabulary, such as `age`.
    """

    method: str


@dataclass(frozen=True, slots=True, order=True)
class Quota:
    """How much of a feature remains.

    Attributes:
        at_most_seconds: use allowed in each period.
        adjustable_by: who may change the cap (`guardian`); empty if nobody may.
    """

    at_most_seconds: int
    adjustable_by: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Restrict:
    """A feature is taken away, or limited to a quota.

    Attributes:
        feature: a feature of the vocabulary, such as `calls`.
        per: the quota's period (`day`, `week`); empty without a quota.
        each: what the quota is counted for (`product`, `account`); empty without a quota.
        quota: what remains; None if the whole feature is off.
    """

    feature: str
    per: str = ""
    each: str = ""
    quota: Quota | None = None


@dataclass(frozen=True, slots=True, order=True)
class Warn:
    """The user is shown a notice.

    Attributes:
        notice: a notice of the vocabulary.
    """

    notice: str


class WithheldObject(StrEnum):
    """What a content rule withholds from the viewer."""

    ITEM = "item"
    MESSAGE = "message"
    CHANNEL = "channel"
    AUTHOR = "author"
    SEARCH_TERM = "search_term"


@dataclass(frozen=True, slots=True, order=True)
class Withhold:
    """Content is not shown to this viewer.

    Attributes:
        object: what is withheld.
        follows: what else the withholding follows (`reposts`, `copies`, `mirrors`).
    """

    object: WithheldObject
    follows: frozenset[str] = frozenset({"reposts"})


@dataclass(frozen=True, slots=True, order=True)
class Hold:
    """Content waits, unseen, until a person has decided.

    Attributes:
        object: what is held (`item`).
    """

    object: str


Obligation = Verify | Restrict | Warn | Withhold | Hold


def rank_of(obligation: Obligation) -> Effect:
    """Return the headline that `obligation` alone gives an answer."""
    match obligation:
        case Restrict() | Withhold() | Hold():
            return Effect.RESTRICT
        case Verify():
            return Effect.VERIFY
        case Warn():
            return Effect.WARN


def sort_key(obligation: Obligation) -> tuple[int, str, str]:
    """Return a total order over obligations: strictest first, then by content."""
    return (-rank_of(obligation), type(obligation).__name__, repr(obligation))


@dataclass(frozen=True, slots=True)
class Outcome:
    """An element of the join semilattice of answers; the least is `ALLOWED`, the greatest `DENIED`.

    Attributes:
        denied: whether the answer is a denial, which absorbs every obligation.
        obligations: what the caller must do; empty if denied.
    """

    denied: bool = False
    obligations: frozenset[Obligation] = frozenset()

    @property
    def effect(self) -> Effect:
        """The headline: the strictest of what the outcome holds."""
        if self.denied:
            return Effect.DENY
        return max(map(rank_of, self.obligations), default=Effect.ALLOW)

    def join(self, other: Outcome) -> Outcome:
        """Return the least outcome that is at least as strict as both."""
        if self == other:
            return self
        if self.denied or other.denied:
            return DENIED
        return outcome_of(self.obligations | other.obligations)

    def includes(self, other: Outcome) -> bool:
        """Return whether this outcome is at least as strict as `other` in every respect."""
        return self.join(other) == self


ALLOWED = Outcome()
DENIED = Outcome(denied=True)


def outcome_of(obligations: Iterable[Obligation]) -> Outcome:
    """Return the join of `obligations`: a union in which the stricter quota of a feature wins.

    A feature without a quota absorbs quotas on it; quotas of one feature, period and object
    keep the smaller amount, and on a tie the one that nobody may adjust.
    """
    plain: set[Obligation] = set()
    quotas: dict[tuple[str, str, str], Quota] = {}
    withheld: dict[WithheldObject, frozenset[str]] = {}
    for obligation in obligations:
        match obligation:
            case Restrict(feature, per, each, Quota() as quota):
                key = (feature, per, each)
                quotas[key] = min(quota, quotas.get(key, quota))
            case Withhold(what, follows):
                withheld[what] = follows | withheld.get(what, frozenset())
            case _:
                plain.add(obligation)
    off = {o.feature for o in plain if isinstance(o, Restrict)}
    plain.update(
        Restrict(feature, per, each, quota)
        for (feature, per, each), quota in quotas.items()
        if feature not in off
    )
    plain.update(Withhold(what, follows) for what, follows in withheld.items())
    return Outcome(obligations=frozenset(plain))


def join_all(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the join of `outcomes`; `ALLOWED` if there are none."""
    joined = ALLOWED
    for outcome in outcomes:
        joined = joined.join(outcome)
    return joined
