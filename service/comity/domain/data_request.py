"""An authority's request for user data, as asked; nothing here identifies the person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Authenticity(StrEnum):
    """Whether a request was found to come from the authority that it names."""

    UNCHECKED = "unchecked"
    VERIFIED = "verified"
    UNCONFIRMED = "unconfirmed"
    FORGED = "forged"


class PersonRole(StrEnum):
    """The role of the person in the proceedings."""

    UNKNOWN = "unknown"
    SUSPECT = "suspect"
    WITNESS = "witness"
    VICTIM = "victim"
    MISSING = "missing"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class IssuingAuthority:
    """The authority that issued a request.

    Attributes:
        kind: an authority of the vocabulary.
        issuing_state: ISO 3166-1 alpha-2 code, or the name of a body.
        validated_by: the authority of the vocabulary that validated it; empty if none did.
        authenticity: whether it was found to come from that authority.
    """

    kind: str
    issuing_state: str
    validated_by: str = ""
    authenticity: Authenticity = Authenticity.UNCHECKED


@dataclass(frozen=True, slots=True)
class DataPerson:
    """What is known of the person whose data is asked for; None where it is not known.

    Attributes:
        role: role in the proceedings.
        residence: ISO 3166-1 alpha-2 code; empty if unknown.
        child: whether the person is a child.
        protected_callings: callings under special protection, such as `journalist`.
        populations: populations of the vocabulary.
        consents: whether the person has agreed to the disclosure in writing.
    """

    role: PersonRole = PersonRole.UNKNOWN
    residence: str = ""
    child: bool | None = None
    protected_callings: frozenset[str] = frozenset()
    populations: frozenset[str] = frozenset()
    consents: bool | None = None


@dataclass(frozen=True, slots=True)
class Offence:
    """The offence investigated; None where it is not known.

    Attributes:
        categories: offences of the vocabulary; empty if unknown.
        maximum_penalty_months: highest penalty threatened; 1200 for life.
        sentence_months: sentence imposed that is to be executed; 1200 for life.
        lists: offence lists of the vocabulary that it is on.
        committed_online: whether it was committed online.
        purposes: what the data is wanted for, such as `identify_author`.
        terms_violation: whether it also breaks the platform's terms.
        criminal: whether it is a criminal matter at all.
        dual_criminality: whether it would be one in the state whose law protects the data.
        linked_to_issuing_state: whether person, offence or service is linked to that state.
        death_penalty: whether the death penalty threatens.
        committed_in: ISO 3166-1 alpha-2 code; empty if unknown.
    """

    categories: frozenset[str] = frozenset()
    maximum_penalty_months: int | None = None
    sentence_months: int | None = None
    lists: frozenset[str] = frozenset()
    committed_online: bool | None = None
    purposes: frozenset[str] = frozenset()
    terms_violation: bool | None = None
    criminal: bool | None = None
    dual_criminality: bool | None = None
    linked_to_issuing_state: bool | None = None
    death_penalty: bool | None = None
    committed_in: str = ""


@dataclass(frozen=True, slots=True)
class RequestedData:
    """A category of data asked for.

    Attributes:
        category: data category of the vocabulary.
        since: first instant asked about; None if unbounded.
        until: first instant no longer asked about; None if unbounded.
    """

    category: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Emergency:
    """An emergency that the authority claims.

    Attributes:
        danger: what is in danger: `life`, `body` or `critical_infrastructure`.
        substantiated: whether concrete and present facts were given; None if unknown.
        call_back_confirmed: whether a call-back confirmed it; None if none was made yet.
    """

    danger: str
    substantiated: bool | None = None
    call_back_confirmed: bool | None = None


@dataclass(frozen=True, slots=True)
class SilenceOrder:
    """An order to tell the user nothing.

    Attributes:
        ordered_by: `court`, `law` or `authority`.
        until: first instant at which it no longer binds; None without end.
    """

    ordered_by: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestEvent:
    """Something that happened to a request.

    Attributes:
        event: event of the vocabulary.
        at: when.
    """

    event: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DataRequest:
    """A request of an authority; what is not given is unknown, not false.

    Attributes:
        instrument: legal instrument of the vocabulary.
        authority: who issued it.
        data: what is asked for, each category once, in the order asked.
        received_at: when it was received.
        account_given: whether the account was identified.
        person: what is known of the person.
        offence: the offence investigated; None if none was named.
        signed_at: when it was signed; None if unknown.
        lacking: needs of the vocabulary that it lacks.
        emergency: the emergency claimed; None without one.
        silence_order: the order of silence that came with it; None without one.
        events: what has happened since, sorted by time.
        profile: profile of the platform's policy to judge by; empty for the one in use.
        order_deadline: first instant that is too late by the order itself; None if it names none.
    """

    instrument: str
    authority: IssuingAuthority
    data: tuple[RequestedData, ...]
    received_at: datetime
    account_given: bool = False
    person: DataPerson = field(default_factory=DataPerson)
    offence: Offence | None = None
    signed_at: datetime | None = None
    lacking: frozenset[str] = frozenset()
    emergency: Emergency | None = None
    silence_order: SilenceOrder | None = None
    events: tuple[RequestEvent, ...] = ()
    profile: str = ""
    order_deadline: datetime | None = None
