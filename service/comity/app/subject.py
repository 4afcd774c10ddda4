"""Reduces who is asked about to discrete facts: places, ages, dates; nothing else goes further."""

from __future__ import annotations

from dataclasses import dataclass, replace

from comity.app.ports.ip_address import MalformedAddressError
from comity.app.ports.phone_lookup import MalformedPhoneNumberError, PhoneLookup
from comity.app.ports.place_lookup import PlaceFinding, PlaceFlag, PlaceLookup
from comity.domain.errors import FieldViolation, InvalidQuestionError
from comity.domain.facts import UnknownReason
from comity.domain.question import Connection, Question
from comity.domain.request import Provenance, Subject

GEOIP_SOURCE = "geoip"
PHONE_SOURCE = "phone"
LOW_TRUST = "low"


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
    subject: Subject, question: Question, places: PlaceLookup, phones: PhoneLookup
) -> LookedUp:
    """Return `question` with presence, phone country, age and creation taken from `subject`.

    An address without a place records no presence; a number without a country leaves the phone
    country open; a database that can't be read leaves presence unknown for that reason.

    Raises:
        InvalidQuestionError: the address or the number is malformed; its text is not repeated.
    """
    violations = []
    provenance = None
    completed = replace(
        question,
        age=question.age if subject.age is None else subject.age,
        account_created=question.account_created or subject.account_created,
    )
    if subject.ip_address:
        try:
            finding = places.locate(subject.ip_address)
        except MalformedAddressError as error:
            violations.append(FieldViolation("subject.ip_address", str(error)))
        else:
            completed = _with_presence(completed, finding)
            provenance = _provenance(finding)
    if subject.phone_number:
        try:
            found = phones.country_of(subject.phone_number)
        except MalformedPhoneNumberError as error:
            violations.append(FieldViolation("subject.phone_number", str(error)))
        else:
            completed = _with_phone_country(completed, found.place)
    if violations:
        raise InvalidQuestionError(tuple(violations))
    return LookedUp(completed, provenance)


def _with_presence(question: Question, finding: PlaceFinding) -> Question:
    """Return `question` with the presence that the address shows, if any."""
    if finding.place is not None:
        trust = LOW_TRUST if finding.low_trust else ""
        found = Connection("presence", finding.place, source=GEOIP_SOURCE, trust=trust)
        return replace(question, connections=(*question.connections, found))
    if PlaceFlag.UNREADABLE in finding.flags and "presence" not in question.unknown:
        unknown = {**question.unknown, "presence": UnknownReason.SOURCE_UNAVAILABLE}
        return replace(question, unknown=unknown)
    return question


def _with_phone_country(question: Question, place: str | None) -> Question:
    """Return `question` with the country of the number; without one the factor is open."""
    if place is None:
        return replace(question, open_factors=question.open_factors | {"phone_country"})
    found = Connection("phone_country", place, source=PHONE_SOURCE)
    return replace(question, connections=(*question.connections, found))


def _provenance(finding: PlaceFinding) -> Provenance:
    """Return which database the finding rests on, and how wide its network is."""
    database = finding.provenance
    return Provenance(
        database_type=database.database_type,
        built_at=database.built_at,
        digest=database.sha256,
        network_prefix_length=finding.network_prefix_length,
        flags=tuple(sorted(finding.flags)),
    )
