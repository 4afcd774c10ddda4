"""Ages of one class are those that no rule and no record tells apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from comity.domain.facts import Age, AtLeastYears, BornBetween
from comity.policy.coarse_dates import DateSteps
from comity.policy.date_classes import DateClasses
from comity.policy.engine import Engine
from comity.policy.rules import AgeBand, Clause, CreationBand, Ruleset
from property.choices import Choices, RandomChoices, pick
from property.octet_worlds import world
from property.situations import build_age, build_now
from property.vocabulary import INSTANTS

WORLDS = 15
AGES, NOWS = 25, 8


def bands_of(ruleset: Ruleset) -> Iterator[AgeBand | CreationBand]:
    """Yield every band that a rule names."""
    for rule in ruleset.rules:
        clauses: tuple[Clause, ...] = (
            *rule.body,
            *rule.exceptions,
            *rule.person_exceptions,
            *rule.person_conditions,
        )
        for clause in clauses:
            yield from (band for band in (clause.age, clause.created) if band is not None)


def reached(born: date, years: int, day: date) -> bool:
    """Return whether somebody has completed so many years on a day."""
    had_birthday = (day.month, day.day) >= (born.month, born.day)
    return day.year - born.year - (not had_birthday) >= years


def told_of_age(ruleset: Ruleset, age: Age | None, now: datetime) -> object:
    """Return what the rules can tell of an age at all, one birthday after the other."""
    if not isinstance(age, BornBetween):
        return age
    return tuple(
        (
            reached(age.earliest, years, now.astimezone(ZoneInfo(band.zone)).date()),
            reached(age.latest, years, now.astimezone(ZoneInfo(band.zone)).date()),
        )
        for band in bands_of(ruleset)
        if isinstance(band, AgeBand)
        for years in (band.from_years, band.below_years)
        if years is not None
    )


def classes_of(ruleset: Ruleset) -> DateClasses:
    """Return the classes of a policy set."""
    return DateClasses(Engine(ruleset), DateSteps(ruleset))


def ages(choices: Choices) -> list[Age | None]:
    """Return ages of every kind."""
    return [None, AtLeastYears(13), AtLeastYears(14), *(build_age(choices) for _ in range(AGES))]


def test_a_class_is_what_neither_rules_nor_records_tell_apart() -> None:
    """Two ages, at any two instants, are of one class if and only if all is told alike."""
    alike = apart = 0
    for seed in range(WORLDS):
        choices, ruleset = RandomChoices(seed), world(seed)
        classes, steps = classes_of(ruleset), DateSteps(ruleset)
        found: dict[object, object] = {}
        for age in ages(choices):
            for now in (build_now(choices) for _ in range(NOWS)):
                kind = classes.of_age(age, now)
                told = (told_of_age(ruleset, age, now), steps.of(age, None, now), type(age))
                alike += told in found
                apart += told not in found
                assert found.setdefault(told, kind) is kind
                assert kind.dates == steps.of(age, None, now)
        assert len({id(kind) for kind in found.values()}) == len(found)
    assert alike > 10 * apart > 100


def test_an_age_keeps_its_class_for_a_stretch_of_time() -> None:
    """From the first instant of a moment until its end, to the microsecond."""
    ended = 0
    for seed in range(WORLDS):
        choices, classes = RandomChoices(seed), classes_of(world(seed))
        for age in ages(choices):
            now = build_now(choices)
            start, end = classes.moment(now)
            assert start <= now < end
            within = [t for t in INSTANTS if start <= t < end]
            last = end - timedelta(microseconds=1)
            for other in (start, last, *within):
                if other.year > 1900:  # nobody is born before all time
                    assert classes.of_age(age, other) is classes.of_age(age, now)
            ended += end.year < 3000 and classes.of_age(age, end) is not classes.of_age(age, now)
    assert ended > 5


def test_creations_of_one_class_meet_the_same_bands() -> None:
    """And are recorded alike; not known is a class of its own."""
    seen = 0
    for seed in range(WORLDS):
        choices, ruleset = RandomChoices(seed), world(seed)
        classes, steps = classes_of(ruleset), DateSteps(ruleset)
        bands = [band for band in bands_of(ruleset) if isinstance(band, CreationBand)]
        found: dict[object, object] = {}
        for _ in range(AGES):
            created, now = build_now(choices), build_now(choices)
            told = (
                tuple(
                    (band.start is None or band.start <= created)
                    and (band.end is None or created < band.end)
                    for band in bands
                ),
                steps.of(None, created, now).created,
            )
            kind = classes.of_creation(created, now)
            assert kind is not None
            assert found.setdefault(kind, told) == told
        seen += len(found) > 1
        assert classes.of_creation(None, pick(choices, INSTANTS)) is None
    assert seen > 3


def test_there_are_as_many_classes_as_steps_of_age_not_as_ages() -> None:
    """So they need no bound: a hundred years of birth dates fall into a few."""
    ruleset = world(0)
    classes = classes_of(ruleset)
    now = datetime(2024, 2, 28, 22, tzinfo=UTC)
    first = date(1924, 1, 1)
    kinds = {
        id(classes.of_age(BornBetween(day, day), now))
        for day in (first + timedelta(days=number) for number in range(0, 36_500, 7))
    }
    bands = sum(isinstance(band, AgeBand) for band in bands_of(ruleset))
    assert 1 < len(kinds) <= 2 * bands + 1
