"""Reduces who is asked about to discrete facts: places, ages, dates; nothing else goes further."""

from __future__ import annotations

from dataclasses import dataclass, field

from comity.app.ports.ip_address import MalformedAddressError
from comity.app.ports.phone_lookup import MalformedPhoneNumberError, PhoneLookup
from comity.app.ports.place_lookup import DatabaseProvenance, PlaceFinding, PlaceFlag, PlaceLookup
from comity.domain.errors import FieldViolation, InvalidQuestionError
from comity.domain.facts import UnknownReason
from comity.domain.question import Connection, Question
from comity.domain.request import DatabaseIdentity, Provenance, Subject
from comity.policy.lexicon import Lexicon

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
    provenance = None
    found = _Found()
    if subject.ip_address:
        try:
            finding = places.locate(subject.ip_address)
        except MalformedAddressError as error:
            violations.append(FieldViolation("subject.ip_address", str(error)))
        else:
            found.add_presence(finding, lexicon)
            provenance = provenance_of(finding)
    if subject.phone_number:
        try:
            country = phones.country_of(subject.phone_number)
        except MalformedPhoneNumberError as error:
            violations.append(FieldViolation("subject.phone_number", str(error)))
        else:
            found.add_phone_country(country.place)
    if violations:
        raise InvalidQuestionError(tuple(violations))
    return LookedUp(found.complete(question, subject), provenance)


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

    def complete(self, question: Question, subject: Subject) -> Question:
        """Return `question` with what was found, and with the dates of `subject`."""
        unknown = {**self.unknown, **question.unknown} if self.unknown else question.unknown
        # Spelt out, since `replace` takes as long as all the rest.
        return Question(
            action=question.action,
            product=question.product,
            device=question.device,
            purposes=question.purposes,
            items=question.items,
            connections=(*question.connections, *self.connections),
            open_factors=question.open_factors.union(self.open_factors),
            open_sets=question.open_sets,
            labels=question.labels,
            labels_absent=question.labels_absent,
            unknown=unknown,
            indicators=question.indicators,
            age=question.age if subject.age is None else subject.age,
            account_created=question.account_created or subject.account_created,
        )

    def add_presence(self, finding: PlaceFinding, lexicon: Lexicon) -> None:
        """Take up the presence that an address shows, if any, at the trust that policies give."""
        if finding.place is not None:
            trust = LOW_TRUST if finding.is_low_trust(lexicon) else ""
            found = Connection("presence", finding.place, source=GEOIP_SOURCE, trust=trust)
            self.connections.append(found)
        elif PlaceFlag.UNREADABLE in finding.flags:
            self.unknown["presence"] = UnknownReason.SOURCE_UNAVAILABLE

    def add_phone_country(self, place: str | None) -> None:
        """Take up the country of a number; without one the factor is open."""
        if place is None:
            self.open_factors.append("phone_country")
        else:
            self.connections.append(Connection("phone_country", place, source=PHONE_SOURCE))


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
