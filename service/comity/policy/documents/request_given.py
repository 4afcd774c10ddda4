"""What scenarios on requests for data, orders and reports give."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Tag

from comity.policy.documents.base import (
    Code,
    Document,
    DurationValue,
    InstantValue,
    Name,
    OneOrMany,
    choice,
)
from comity.policy.scalars import Duration, Refused, Unit


def short_for(key: str) -> BeforeValidator:
    """Return what reads a bare value as a mapping with `key` alone."""

    def expand(value: Any) -> Any:
        return value if isinstance(value, dict) else {key: value}

    return BeforeValidator(expand)


class AskedGiven(Document):
    """Data asked for.

    Attributes:
        category: data category of the vocabulary.
        start: key `from`: first instant asked about.
        until: first instant no longer asked about.
    """

    category: Name
    start: InstantValue | None = Field(default=None, alias="from")
    until: InstantValue | None = None


def _choose_penalty(value: Any) -> str:
    """Return the form of a penalty."""
    return "<life>" if value == "life" else "<duration>"


Penalty = Annotated[
    Annotated[Literal["life"], Tag("<life>")] | Annotated[DurationValue, Tag("<duration>")],
    choice("life", _choose_penalty),
]


class OffenceGiven(Document):
    """The offence investigated; what is not given is unknown.

    Attributes:
        category: offences of the vocabulary.
        maximum_penalty: highest penalty threatened: a duration, or `life`.
        sentence: sentence imposed: a duration, or `life`.
        listed: offence lists of the vocabulary that it is on.
        committed_online: whether it was committed online.
        purpose: what the data are wanted for.
        criminal: whether it is a criminal matter at all.
        dual_criminality: whether it is an offence also where the data are protected.
        linked: whether person, offence or service is linked to the issuing state.
        death_penalty: whether the death penalty threatens.
        committed_in: the state in which it was committed.
    """

    category: OneOrMany[Name] = ()
    maximum_penalty: Penalty | None = None
    sentence: Penalty | None = None
    listed: OneOrMany[Name] = ()
    committed_online: bool | None = None
    purpose: OneOrMany[Name] = ()
    criminal: bool | None = None
    dual_criminality: bool | None = None
    linked: bool | None = None
    death_penalty: bool | None = None
    committed_in: Code | None = None

    def faults(self) -> Iterable[Refused]:
        """Return that a penalty is given in units that courts do not count in."""
        for key in ("maximum_penalty", "sentence"):
            penalty = getattr(self, key)
            if isinstance(penalty, Duration) and penalty.unit not in (Unit.MONTHS, Unit.YEARS):
                yield Refused("CP304", f"'{key}' is given in months or years, or as life.", key=key)


class PersonGiven(Document):
    """The person whose data are asked for; what is not given is unknown.

    Attributes:
        role: role in the proceedings.
        residence: state of residence.
        child: whether the person is a child.
        calling: callings under special protection.
        population: populations of the vocabulary.
        consents: whether the person has agreed in writing.
    """

    role: Literal["unknown", "suspect", "witness", "victim", "missing", "group"] = "unknown"
    residence: Code | None = None
    child: bool | None = None
    calling: OneOrMany[Literal["journalist", "lawyer", "doctor", "clergy", "parliamentarian"]] = ()
    population: OneOrMany[Name] = ()
    consents: bool | None = None


class EmergencyGiven(Document):
    """An emergency that the authority claims.

    Attributes:
        danger: what is in danger.
        substantiated: whether facts were given.
        call_back_confirmed: whether a call-back confirmed it.
    """

    danger: Literal["life", "body", "critical_infrastructure"]
    substantiated: bool | None = None
    call_back_confirmed: bool | None = None


class GagGiven(Document):
    """An order to tell the user nothing.

    Attributes:
        by: who ordered it.
        until: first instant at which it no longer binds.
    """

    by: Literal["court", "law", "authority"]
    until: InstantValue | None = None


class EventGiven(Document):
    """Something that happened since.

    Attributes:
        on: event of the vocabulary.
        at: when.
    """

    on: Name
    at: InstantValue


class RequestGiven(Document):
    """A request for data; null takes away a shared value.

    Attributes:
        instrument: instrument of the vocabulary.
        authority: who issued it.
        validated_by: who validated it.
        authenticity: whether it was found to come from the authority.
        issuing_state: code or body.
        received: when it was received.
        signed: when it was signed.
        deadline: first instant that is too late by the order itself.
        asked: data categories, perhaps of a period.
        offence: the offence investigated.
        person: the person whose data are asked for.
        terms_violation: whether the offence also breaks the platform's terms.
        lacking: needs of the vocabulary that the request lacks.
        emergency: the emergency claimed.
        gag: the order of silence that came with it.
        profile: profile of the platform's policy, in place of the one in use.
        events: what has happened since.
    """

    instrument: Name | None = None
    authority: Name | None = None
    validated_by: Name | None = None
    authenticity: Literal["unchecked", "verified", "unconfirmed", "forged"] | None = None
    issuing_state: Code | None = None
    received: InstantValue | None = None
    signed: InstantValue | None = None
    deadline: InstantValue | None = None
    asked: OneOrMany[Annotated[AskedGiven, short_for("category")]] | None = None
    offence: Annotated[OffenceGiven, short_for("category")] | None = None
    person: Annotated[PersonGiven, short_for("role")] | None = None
    terms_violation: bool | None = None
    lacking: OneOrMany[Name] | None = None
    emergency: Annotated[EmergencyGiven, short_for("danger")] | None = None
    gag: Annotated[GagGiven, short_for("by")] | None = None
    profile: Name | None = None
    events: OneOrMany[EventGiven] | None = None


class CaseGiven(Document):
    """An order or a report; null takes away a shared value.

    Attributes:
        received: when it was received.
        instrument: instrument of the vocabulary, of an order.
        category: report category, of a report.
        reporter: key `from`: who reports.
        issuing_state: code or body, of an order.
        needs: needs of the vocabulary that it meets.
        events: what has happened since.
    """

    received: InstantValue | None = None
    instrument: Name | None = None
    category: Name | None = None
    reporter: Name | None = Field(default=None, alias="from")
    issuing_state: Code | None = None
    needs: OneOrMany[Name] | None = None
    events: OneOrMany[EventGiven] | None = None
