"""Where sessions take policies, questions and look-ups from: generated ones, or those shipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from comity.adapters.geoip import MaxMindPlaceLookup
from comity.adapters.phone import LibphonenumberPhoneLookup
from comity.adapters.policy_directory import PolicyDirectory, PolicyDirectoryError
from comity.app.ports.phone_lookup import InMemoryPhoneLookup, PhoneFinding, PhoneLookup
from comity.app.ports.place_lookup import PlaceFinding, PlaceLookup
from comity.cli.local import compile_here
from comity.policy.engine.ages import birthday_of
from comity.policy.rules import AgeBand, Ruleset
from comity.v1 import facts_pb2
from property.choices import Choices, chance, pick, some
from property.octet_places import ChangingPlaces
from property.octet_requests import (
    ACCOUNTS,
    Unary,
    build_boundary,
    build_options,
    build_questions,
    spoil,
)
from property.octet_worlds import WORLDS, world

_TESTS = Path(__file__).parents[1]
_GEOIP = _TESTS / "data" / "geoip"
_FIRST_DAY = date(2024, 1, 1)
_ADDRESSES = (
    *("81.2.69.142", "81.2.69.160", "2a02:6b8::1", "2a02:d300::1", "1.1.1.1", "8.8.8.8"),
    *("::ffff:81.2.69.142", "2002:5102:458e::1", "10.0.0.1", "203.0.113.9", "1.2.0.1"),
)
_NUMBERS = ("+380501234711", "+33612345678", "+14155552671", "+77011234567", "+88212345678")
_COUNTRIES = {"+380": PhoneFinding("AA"), "+44": PhoneFinding("BB"), "+1": PhoneFinding("ZZ")}


class ExchangedPlaces(PlaceLookup, Protocol):
    """A `PlaceLookup` whose data is exchanged."""

    def exchange(self) -> None:
        """Answer from other data."""


@dataclass(frozen=True)
class Source:
    """Where a session takes everything from.

    Attributes:
        worlds: how many policy sets there are.
        world: gives each.
        boundary: gives an instant at which something happens.
        questions: gives questions about a day.
        places: gives a look-up of addresses.
        phones: looks up numbers.
    """

    worlds: int
    world: Callable[[int], Ruleset]
    boundary: Callable[[Choices], datetime]
    questions: Callable[[Choices, Ruleset, date], list[Unary]]
    places: Callable[[], ExchangedPlaces]
    phones: PhoneLookup


@lru_cache(maxsize=1)
def _lookups() -> tuple[PlaceLookup, PlaceLookup]:
    """Return look-ups in real databases; it takes long to open them."""
    city, anonymous = "GeoIP2-City-Test.mmdb", "GeoIP2-Anonymous-IP-Test.mmdb"
    return MaxMindPlaceLookup(), MaxMindPlaceLookup(_GEOIP / city, _GEOIP / anonymous)


class MaxMindPlaces:
    """A `PlaceLookup` of real databases that are exchanged."""

    def __init__(self) -> None:
        """Begin with the embedded one."""
        self._lookup, self._other = _lookups()

    def exchange(self) -> None:
        """Answer from the other."""
        self._lookup, self._other = self._other, self._lookup

    def locate(self, ip: str | bytes) -> PlaceFinding:
        """Return what the database in use says."""
        return self._lookup.locate(ip)


@lru_cache(maxsize=1)
def shipped(_: int) -> Ruleset:
    """Return the policies that come with the product."""
    reading = PolicyDirectory(_TESTS.parent / "policies", settle_seconds=0.0).read()
    assert not isinstance(reading, PolicyDirectoryError)
    return compile_here(None, reading.files).bundle.eligibility


@lru_cache(maxsize=1)
def _birthdays() -> list[tuple[str, int]]:
    """Return the zones and years that shipped rules name together."""
    bands = {c.age for rule in shipped(0).rules for c in rule.body if isinstance(c.age, AgeBand)}
    named = {(b.zone, years) for b in bands for years in (b.from_years, b.below_years) if years}
    return sorted(named)


def _midnight(choices: Choices) -> datetime:
    """Return a midnight where shipped rules count years."""
    day = _FIRST_DAY + timedelta(days=choices.integer(0, 700))
    zone, _ = pick(choices, _birthdays())
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _questions(choices: Choices, ruleset: Ruleset, day: date) -> list[Unary]:
    """Return questions of the shipped vocabulary, many of which differ in the subject only."""
    facts = [_facts(choices, ruleset) for _ in range(2)]
    options = build_options(choices)
    questions = []
    for _ in range(3):
        question = Unary(subject=_subject(choices, day), facts=pick(choices, facts))
        if chance(choices, 50):
            question.options.CopyFrom(options)
        questions.append(question)
    return questions


def _facts(choices: Choices, ruleset: Ruleset) -> facts_pb2.Facts:
    """Return facts that come near a shipped rule."""
    kinds = {name: sorted(values) for name, values in ruleset.lexicon.kinds.items()}
    clause = pick(choices, pick(choices, ruleset.rules).body)
    facts = facts_pb2.Facts(
        action=pick(choices, sorted(clause.actions or kinds["action"])),
        product=pick(choices, sorted(clause.products or ["telegram"])),
        device=pick(choices, sorted(clause.devices or kinds["device"])),
        purposes=sorted(some(choices, sorted(clause.purposes or ()), 0, 1)),
        item_classes=sorted(some(choices, sorted(clause.items or ()), 0, 1)),
    )
    places = sorted({*(clause.places or ()), "UA", "FR"} - {*ruleset.atlas.groups, "any"})
    for factor in some(choices, sorted(clause.factors or ruleset.lexicon.factors), 1, 2):
        connection = facts.connections.add(factor=factor, place=pick(choices, places))
        named = sorted(clause.populations or kinds["population"])
        connection.populations.extend(some(choices, named, 0, 1))
    for label in some(choices, kinds["label"], 0, 1):
        facts.labels.add(name=label)
    return facts


def _subject(choices: Choices, day: date) -> facts_pb2.Subject:
    """Return somebody with a birthday about `day`, if that is known; a few can't be."""
    subject = facts_pb2.Subject(account_id=pick(choices, ACCOUNTS))
    if chance(choices, 50):
        subject.ip_address = pick(choices, _ADDRESSES)
    if chance(choices, 40):
        subject.phone_number = pick(choices, _NUMBERS)
    if chance(choices, 60):
        _, years = pick(choices, _birthdays())
        birthday = day + timedelta(days=choices.integer(-1, 1))
        subject.birth_date = birthday_of(birthday, -years).isoformat()
    if chance(choices, 8):
        spoil(choices, subject)
    return subject


GENERATED = Source(
    worlds=WORLDS,
    world=world,
    boundary=build_boundary,
    questions=build_questions,
    places=ChangingPlaces,
    phones=InMemoryPhoneLookup(_COUNTRIES),
)
SHIPPED = Source(
    worlds=1,
    world=shipped,
    boundary=_midnight,
    questions=_questions,
    places=MaxMindPlaces,
    phones=LibphonenumberPhoneLookup(),
)
