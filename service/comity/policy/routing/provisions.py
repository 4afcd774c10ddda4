"""The parts of the compiled law of data requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from comity.policy.atlas import Span
from comity.policy.documents.checks import CheckRule
from comity.policy.documents.jurisdictions import Profile
from comity.policy.documents.requests import DataRequestRule
from comity.policy.rule_texts import RuleText
from comity.policy.scalars import Duration


@dataclass(frozen=True, slots=True)
class CountingClock:
    """How a term is counted.

    Attributes:
        zone: IANA zone in which days begin and end.
        counts_first_day: whether the day of the start is the first one counted.
        ends_at_start_time: whether the last day ends at the start's time of day; else at 24:00.
        rolls: whether a last day that is no working day moves to the next.
        holidays: days, besides Saturdays and Sundays, that are no working days.
        on_question: what a question back to the issuer does: `runs`, `pause` or `restart`.
        issuer_answers_within: how long the issuer has to answer a question; None if that is open.
        order_deadline: whether the `earlier` of the term and the order's own deadline counts, or
            the order's own `wins`.
    """

    zone: str
    counts_first_day: bool = False
    ends_at_start_time: bool = False
    rolls: bool = False
    holidays: frozenset[date] = frozenset()
    on_question: Literal["runs", "pause", "restart"] = "runs"
    issuer_answers_within: Duration | None = None
    order_deadline: Literal["earlier", "wins"] = "earlier"


@dataclass(frozen=True)
class RequestRule:
    """An instrument by which an authority may ask for data.

    Attributes:
        id: unique and never reused.
        jurisdiction: canonical code of the file it stands in.
        spans: when it has effect.
        terms: what it says.
        clocks: clocks of its file by name.
        clock: the clock for terms that name none.
    """

    id: str
    jurisdiction: str
    spans: tuple[Span, ...]
    terms: DataRequestRule
    clocks: Mapping[str, CountingClock]
    clock: CountingClock

    def has_effect_at(self, moment: datetime) -> bool:
        """Return whether the instrument is in force at `moment`."""
        return any(span.holds(moment) for span in self.spans)


@dataclass(frozen=True)
class RequestCheck:
    """A check on requests.

    Attributes:
        id: unique and never reused.
        jurisdiction: canonical code of the file it stands in; `any` for the platform's.
        spans: when it has effect.
        terms: what it says.
        clock: the clock of its file.
    """

    id: str
    jurisdiction: str
    spans: tuple[Span, ...]
    terms: CheckRule
    clock: CountingClock

    @property
    def forbids_abroad(self) -> bool:
        """Whether it forbids what the instruments of other jurisdictions ask for."""
        return self.terms.meets == "foreign"

    def has_effect_at(self, moment: datetime) -> bool:
        """Return whether the check is in force at `moment`."""
        return any(span.holds(moment) for span in self.spans)


@dataclass(frozen=True, slots=True)
class RequestRuling:
    """A clash of an instrument with a prohibition that a person with authority has weighed.

    Attributes:
        forbid_rule_id: the check that forbids.
        require_rule_id: the rule on the instrument.
        prefer: the one of the two that is preferred.
        expires: first instant at which the ruling no longer holds.
    """

    forbid_rule_id: str
    require_rule_id: str
    prefer: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class ProfileSpan:
    """When a profile of the platform's policy is in use.

    Attributes:
        name: the profile.
        profile: what it says.
        span: when it is in use.
        instruments: the instruments it is in use for; empty for all.
    """

    name: str
    profile: Profile
    span: Span
    instruments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OffenceList:
    """A list of offences.

    Attributes:
        entries: offences of the vocabulary.
        complete: whether an offence that is not listed is known not to be on it.
    """

    entries: frozenset[str] = frozenset()
    complete: bool = False


@dataclass(frozen=True, slots=True)
class RequestText:
    """What people read of a rule on requests.

    Attributes:
        jurisdiction: code of the file it stands in; `any` for the platform's.
        text: what they read.
    """

    jurisdiction: str
    text: RuleText = field(repr=False)
