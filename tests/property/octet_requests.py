"""Generated requests about generated policy sets, good and bad, as octets."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from comity.domain.facts import UnknownReason
from comity.domain.question import Question
from comity.policy.engine.ages import birthday_of
from comity.policy.rules import Ruleset
from comity.v1 import common_pb2, eligibility_service_pb2, facts_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from property.choices import Choices, chance, pick, shuffled, some
from property.questions import build_question
from property.situations import build_now
from property.vocabulary import INSTANTS, PLACES, YEARS, ZONES
from property.wires import written_otherwise

Unary = eligibility_service_pb2.CheckEligibilityRequest
Batch = eligibility_service_pb2.BatchCheckEligibilityRequest

ADDRESSES = (
    *("", "8.8.8.8", "8.8.8.9", "8.200.1.1", "9.9.9.9", "11.1.1.1", "12.1.1.1", "2a00::5"),
    *("2a00::6", "::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808", "2001:0:1:2:3:4:f7f7:1"),
    *("10.1.2.3", "127.0.0.1", "192.0.2.1", "2001:db8::1", "fe80::1%eth0"),
)
BAD_ADDRESSES = ("8.8.8", "nowhere", "8.8.8.8 ", "[2a00::5]", "1" * 65)
NUMBERS = ("", "", "+380501234567", "+442071838750", "+88212345678", "+1")
ACCOUNTS = ("", "account-1", "account-2", "a" * 128)
BAD_ACCOUNTS = ("a" * 129, "two words", "й", "line\n")
LANGUAGES = ("", "", "en", "uk", "uk-UA", "pt")
BAD_LANGUAGES = ("e", "en_GB", "x" * 40)
REASONS = {
    UnknownReason.NOT_RECORDED: facts_pb2.UNKNOWN_REASON_NOT_RECORDED,
    UnknownReason.SOURCE_UNAVAILABLE: facts_pb2.UNKNOWN_REASON_SOURCE_UNAVAILABLE,
    UnknownReason.CONTRADICTORY: facts_pb2.UNKNOWN_REASON_CONTRADICTORY,
    UnknownReason.WITHHELD: facts_pb2.UNKNOWN_REASON_WITHHELD,
}


def build_facts(choices: Choices, ruleset: Ruleset) -> facts_pb2.Facts:
    """Return facts, nearly all of them good, most of which come near a rule."""
    question = build_question(choices)
    facts = facts_pb2.Facts(
        action=question.action or "",
        product=question.product or "",
        device=question.device or "",
        purposes=sorted(question.purposes),
        item_classes=sorted(question.items),
        connections=_connections(question),
        open_factors=sorted(question.open_factors),
        open_sets=sorted(question.open_sets),
        labels_absent=sorted(question.labels_absent),
        indicators=sorted(question.indicators),
    )
    for label in sorted(question.labels, key=str):
        facts.labels.add(name=label.name, until=_timestamp(label.until))
    for dimension, reason in question.unknown.items():
        if dimension != "age":
            facts.unknown.add(dimension=dimension, reason=REASONS[reason])
    # Whoever lists what the subject tells makes a mistake.
    for dimension in ("age", "account_created"):
        if chance(choices, 8):
            facts.unknown.add(dimension=dimension, reason=choices.integer(1, 4))
    if chance(choices, 80):
        _aim(choices, facts, ruleset)
    if chance(choices, 4):
        facts.action = pick(choices, ("dance", "No Name", "x" * 70))
    return facts


def _connections(question: Question) -> list[facts_pb2.Connection]:
    """Return the connections of a question, their places as callers may name them."""
    return [
        facts_pb2.Connection(
            factor=connection.factor,
            place=connection.place if connection.place != "AA-1a" else "AA-1",
            populations=sorted(connection.populations),
            populations_absent=sorted(connection.populations_absent),
            source="register" if connection.source == "geoip" else "",
            trust=connection.trust if connection.trust != "wired" else "",
            since=_timestamp(connection.since),
            until=_timestamp(connection.until),
        )
        for connection in question.connections
    ]


def _aim(choices: Choices, facts: facts_pb2.Facts, ruleset: Ruleset) -> None:
    """Move `facts` towards meeting a rule."""
    clause = pick(choices, pick(choices, ruleset.rules).body)
    unknown = {entry.dimension for entry in facts.unknown}
    for field, named in (
        ("action", clause.actions),
        ("product", clause.products),
        ("device", clause.devices),
    ):
        if named and field not in unknown:
            setattr(facts, field, pick(choices, sorted(named)))
    if clause.items:
        facts.item_classes[:] = [pick(choices, sorted(clause.items))]
    places = [place for place in sorted(clause.places or ()) if place in PLACES]
    if clause.factors or places:
        connection = facts.connections.add(
            factor=pick(choices, sorted(clause.factors or {"works_for"})),
            place=pick(choices, places or ["AA"]),
        )
        if clause.populations:
            connection.populations.append(pick(choices, sorted(clause.populations)))


def build_subjects(choices: Choices, count: int, day: date) -> list[facts_pb2.Subject]:
    """Return people, most of whom differ in one thing from another; a few can't be.

    Many have birthdays about `day`.
    """
    subjects = [build_subject(choices, day)]
    while len(subjects) < count:
        subject = facts_pb2.Subject()
        subject.CopyFrom(pick(choices, subjects))
        match choices.integer(0, 6):
            case 0:
                subject = build_subject(choices, day)
            case 1:
                subject.account_id = pick(choices, ACCOUNTS)
            case 2:
                subject.ip_address = pick(choices, ADDRESSES)
            case 3:
                subject.phone_number = pick(choices, NUMBERS)
            case 4:
                _tell_age(choices, subject, day)
            case 5:
                subject.account_created.FromDatetime(build_now(choices))
            case _:
                spoil(choices, subject)
        subjects.append(subject)
    return subjects


def build_subject(choices: Choices, day: date) -> facts_pb2.Subject:
    """Return who is asked about."""
    subject = facts_pb2.Subject(account_id=pick(choices, ACCOUNTS))
    if chance(choices, 50):
        subject.ip_address = pick(choices, ADDRESSES)
    if chance(choices, 20):
        subject.phone_number = pick(choices, NUMBERS)
    if chance(choices, 75):
        _tell_age(choices, subject, day)
    if chance(choices, 30):
        subject.account_created.FromDatetime(build_now(choices))
    return subject


def _tell_age(choices: Choices, subject: facts_pb2.Subject, day: date) -> None:
    """Tell the age of a subject whose birthday is about `day`."""
    years = pick(choices, YEARS)
    match choices.integer(0, 9):
        case 0:
            subject.age_at_least = years - choices.integer(0, 1)
        case 1:
            subject.birth_year = day.year - years
        case 2:
            subject.birth_date = "2008-02-29"
        case _:
            birthday = day + timedelta(days=choices.integer(-1, 1))
            subject.birth_date = birthday_of(birthday, -years).isoformat()


def spoil(choices: Choices, subject: facts_pb2.Subject) -> None:
    """Tell something that can't be."""
    field, value = pick(
        choices,
        (
            *(("birth_date", text) for text in ("2010-02-30", "1849-12-31", "2024-02-30", "")),
            *(("birth_date", text) for text in ("2024-02-29", "2024-03-01", "2024-10-27")),
            *(("birth_year", year) for year in (0, 1849, 2024, 2025, 2200)),
            *(("age_at_least", years) for years in (0, 150, 151)),
            *(("account_id", account) for account in BAD_ACCOUNTS),
            *(("ip_address", address) for address in BAD_ADDRESSES),
            ("phone_number", "380501234567"),
            ("phone_number", "+0" * 9),
            ("seconds", -(2**62)),
            ("nanos", 10**9),
        ),
    )
    message = subject.account_created if field in {"seconds", "nanos"} else subject
    setattr(message, field, value)


def build_options(choices: Choices) -> common_pb2.Options:
    """Return options, most of them none."""
    options = common_pb2.Options()
    if chance(choices, 50):
        options.view = choices.integer(0, 3)
    if chance(choices, 30):
        options.language = pick(choices, LANGUAGES)
    match choices.integer(0, 24):
        case 1:
            options.as_of.FromDatetime(build_now(choices))
        case 2:
            options.as_known.FromDatetime(build_now(choices))
        case 3:
            options.explain_missing = True
        case 4 | 5:
            options.min_revision = choices.integer(1, 4)
        case 6:
            options.view = pick(choices, (4, 17, -1))
        case 7:
            options.language = pick(choices, BAD_LANGUAGES)
    return options


def build_questions(choices: Choices, ruleset: Ruleset, day: date) -> list[Unary]:
    """Return questions of about `day`, many of which differ in one thing from another."""
    facts = [build_facts(choices, ruleset) for _ in range(2)]
    options = [common_pb2.Options(), build_options(choices)]
    subjects = build_subjects(choices, 3, day)
    questions = []
    for subject in subjects:
        question = Unary(subject=subject, facts=pick(choices, facts))
        chosen = pick(choices, options)
        if chosen.ByteSize() or chance(choices, 10):  # said to be empty by a few
            question.options.CopyFrom(chosen)
        if chance(choices, 5):
            question.ClearField(pick(choices, ("subject", "facts")))
        questions.append(question)
    return questions


def build_batch(choices: Choices, questions: list[Unary]) -> Batch:
    """Return a batch of some of the questions, one of them more than once."""
    batch = Batch()
    for question in [*some(choices, questions, 1, len(questions)), pick(choices, questions)]:
        item = eligibility_service_pb2.BatchCheckEligibilityItem()
        for field in ("subject", "facts"):
            if question.HasField(field):
                getattr(item, field).CopyFrom(getattr(question, field))
        batch.items.append(item)
    if questions[0].HasField("options"):
        batch.options.CopyFrom(questions[0].options)
    return batch


def octets_of(choices: Choices, message: Unary | Batch) -> list[bytes]:
    """Return `message` as octets, and written in another way or broken."""
    octets = message.SerializeToString(deterministic=True)
    if chance(choices, 50):
        return [octets]
    return shuffled(choices, [octets, written_otherwise(octets, message.DESCRIPTOR, choices)])


def build_boundary(choices: Choices) -> datetime:
    """Return an instant at which something happens, often midnight in a zone of the rules."""
    base = pick(choices, INSTANTS)
    if chance(choices, 30):
        return base
    day = base.date() + timedelta(days=choices.integer(0, 1))
    if chance(choices, 70):
        zone = ZoneInfo(pick(choices, ZONES))
        return datetime.combine(day, time(), zone).astimezone(UTC)
    # Where the day begins first and last of all zones.
    return datetime.combine(day, time(pick(choices, (10, 12))), UTC)


def build_instants(choices: Choices, boundary: datetime) -> list[datetime]:
    """Return instants on both sides of a boundary, out of order."""
    steps = (0, 1, -1, 1_000_000, -1_000_000, 3_600_000_000, -3_600_000_000)
    return [boundary + timedelta(microseconds=step) for step in some(choices, steps, 4, 5)]


def _timestamp(instant: datetime | None) -> Timestamp | None:
    """Return an instant as a message."""
    if instant is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(instant)
    return timestamp
