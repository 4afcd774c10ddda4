"""Reduces who is asked about to discrete facts: places, ages, dates; nothing else goes further."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from comity.app.ports.ip_address import MalformedAddressError
from comity.app.ports.phone_lookup import MalformedPhoneNumberError, PhoneLookup
from comity.app.ports.place_lookup import DatabaseProvenance, PlaceFinding, PlaceFlag, PlaceLookup
from comity.domain.errors import FieldViolation, InvalidQuestionError
from comity.domain.facts import Age, UnknownReason
from comity.domain.question import Connection, Question
from comity.domain.request import DatabaseIdentity, Provenance, Subject
from comity.policy.lexicon import Lexicon

GEOIP_SOURCE = "geoip"
PHONE_SOURCE = "phone"
LOW_TRUST = "low"

_PLACES_KEPT = 8192


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A question completed from its subject.

    Attributes:
        question: the question with the connections that the look-ups found.
        provenance: the GeoIP database behind the presence; None if no address was given.
    """

    question: Question
    provenance: Provenance | None


def look_up(
    subject: Subject,
    question: Question,
    places: PlaceLookup,
    phones: PhoneLookup,
    lexicon: Lexicon,
) -> LookedUp:
    """Return `question` with presence, phone country, age and creation taken from `subject`.

    An address without a place records no presence; a number without a country leaves the phone
    country open; a database that can't be read leaves presence unknown for that reason.

    Raises:
        InvalidQuestionError: the address or the number is malformed; its text is not repeated.
    """
    violations = []
    finding: PlaceFinding | None = None
    phone: str | None = None
    if subject.ip_address:
        try:
            finding = places.locate(subject.ip_address)
        except MalformedAddressError as error:
            violations.append(FieldViolation("subject.ip_address", str(error)))
    if subject.phone_number:
        try:
            phone = phones.country_of(subject.phone_number).place or ""
        except MalformedPhoneNumberError as error:
            violations.append(FieldViolation("subject.phone_number", str(error)))
    if violations:
        raise InvalidQuestionError(tuple(violations))
    told = Told(finding, phone, subject.age, subject.account_created)
    return complete(question, told, lexicon)


class Told(NamedTuple):
    """What is known of who is asked about.

    Attributes:
        finding: the place of the address; None if none is given.
        phone: the country of the phone number, empty if it has none; None if none is given.
        age: the age; None if nothing is given.
        account_created: when the account was created; None if that is not given.
    """

    finding: PlaceFinding | None
    phone: str | None
    age: Age | None
    account_created: datetime | None


def complete(question: Question, told: Told, lexicon: Lexicon) -> LookedUp:
    """Return `question` with what is `told` of who is asked about."""
    found, provenance = _Found(), None
    if told.finding is not None:
        found.add_presence(told.finding, lexicon)
        provenance = provenance_of(told.finding)
    if told.phone is not None:
        found.add_phone_country(told.phone)
    return LookedUp(found.complete(question, told), provenance)


@dataclass(slots=True)
class _Found:
    """What look-ups add to a question.

    Attributes:
        connections: connections found.
        open_factors: factors that stay open.
        unknown: factors that are not known -> why.
    """

    connections: list[Connection] = field(default_factory=list)
    open_factors: list[str] = field(default_factory=list)
    unknown: dict[str, UnknownReason] = field(default_factory=dict)

    def complete(self, question: Question, told: Told) -> Question:
        """Return `question` with what was found, and with the dates that are `told`."""
        return question.with_more(
            self.connections, self.open_factors, self.unknown, told.age, told.account_created
        )

    def add_presence(self, finding: PlaceFinding, lexicon: Lexicon) -> None:
        """Take up the presence that an address shows, if any, at the trust that policies give."""
        if finding.place is not None:
            self.connections.append(presence(finding.place, low=finding.is_low_trust(lexicon)))
        elif PlaceFlag.UNREADABLE in finding.flags:
            self.unknown["presence"] = UnknownReason.SOURCE_UNAVAILABLE

    def add_phone_country(self, place: str) -> None:
        """Take up the country of a number; without one the factor is open."""
        if place:
            self.connections.append(phone_country(place))
        else:
            self.open_factors.append("phone_country")


@lru_cache(maxsize=_PLACES_KEPT)
def presence(place: str, *, low: bool) -> Connection:
    """Return the connection of somebody whose address shows that he is there."""
    trust = LOW_TRUST if low else ""
    return Connection("presence", place, source=GEOIP_SOURCE, trust=trust)


@lru_cache(maxsize=_PLACES_KEPT)
def phone_country(place: str) -> Connection:
    """Return the connection of somebody whose phone number is of that country."""
    return Connection("phone_country", place, source=PHONE_SOURCE)


@lru_cache(maxsize=_PLACES_KEPT)
def provenance_of(finding: PlaceFinding) -> Provenance:
    """Return which databases the finding rests on, and how wide its network is."""
    database = finding.provenance
    return Provenance(
        database_type=database.database_type,
        built_at=database.built_at,
        digest=database.sha256,
        network_prefix_length=finding.network_prefix_length,
        flags=tuple(sorted(finding.flags)),
        anonymous=_identity_of(finding.anonymity_provenance),
    )


def _identity_of(database: DatabaseProvenance | None) -> DatabaseIdentity | None:
    """Return which data file a database is."""
    if database is None:
        return None
    return DatabaseIdentity(database.database_type, database.built_at, database.sha256)
