"""Dates as coarse as the rules look at them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from comity.domain.effect import DENIED
from comity.domain.facts import Age, AtLeastYears, BornBetween, UnknownReason
from comity.domain.question import Question
from comity.policy.coarse_dates import NO_DATES, CoarseDates, DateCoarsener, DateSteps
from comity.policy.engine import Engine
from comity.policy.presumptions import resolve
from comity.policy.rules import AgeBand, Clause, CreationBand, Modality, Rule, Ruleset
from comity.policy.timeline import Timeline
from unit.grpc_api.small_world import ATLAS, LEXICON

NOW = datetime(2024, 10, 1, 12, tzinfo=UTC)
BOUNDS = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC))
CLAUSES = (
    Clause(age=AgeBand(13, 16, "Europe/Kyiv")),
    Clause(age=AgeBand(None, 18, "Europe/Kyiv")),
    Clause(age=AgeBand(18, None, "Pacific/Auckland")),
    Clause(age=AgeBand(16, None, "America/New_York")),
    Clause(created=CreationBand(*BOUNDS)),
    Clause(created=CreationBand(None, BOUNDS[0])),
)


RULES = Ruleset(
    tuple(
        Rule(f"r{number}", "any", Modality.FORBID, Timeline((), (DENIED,)), (clause,))
        for number, clause in enumerate(CLAUSES)
    ),
    LEXICON,
    ATLAS,
)
STEPS = DateSteps(RULES)
ENGINE = Engine(RULES)


def asked(age: Age | None = None, created: datetime | None = None) -> Question:
    """Return a question of somebody of that age, whose account was created then."""
    return Question("message_send", "telegram", age=age, account_created=created)


def answer(age: Age | None, created: datetime | None, now: datetime) -> object:
    """Return what the rules say, without the end of the answer."""
    facts = resolve(asked(age, created), LEXICON, ATLAS)
    decision = ENGINE.evaluate(facts, now)
    return decision.determination, decision.reasons, decision.missing_facts


def born(day: date) -> BornBetween:
    """Return the age of somebody born on `day`."""
    return BornBetween(day, day)


@pytest.mark.parametrize("hour", range(24))
def test_coarse_dates_answer_alike(hour: int) -> None:
    """On all days about birthdays that matter, unless zones of the rules disagree."""
    now = NOW.replace(hour=hour)
    inexact = set()
    for years in (13, 15, 16, 18, 40):
        for shift in range(-3, 4):
            day = now.date().replace(year=now.year - years) + timedelta(days=shift)
            coarse = STEPS.coarse(asked(born(day)), now)
            if coarse.exact:
                assert answer(*coarse.apply(now, STEPS), now) == answer(born(day), None, now)
            else:
                inexact.add((years, shift))
    # In Kyiv the day has begun for 7 hours that it has not begun in New York, and so on.
    assert {years for years, _ in inexact} <= {16, 18}
    assert bool(inexact) is (hour < 4 or hour >= 11)
    assert len(inexact) <= 2


def test_only_ages_that_rules_name_are_kept() -> None:
    """Forty is eighteen and more; who is below all is nothing."""
    assert STEPS.coarse(asked(born(date(1984, 1, 1))), NOW) == CoarseDates(18, 18)
    assert STEPS.coarse(asked(born(date(2009, 1, 1))), NOW) == CoarseDates(13, 13)
    assert STEPS.coarse(asked(born(date(2020, 1, 1))), NOW) == CoarseDates(0, 0)
    range_of_years = BornBetween(date(2006, 1, 1), date(2008, 12, 31))
    assert STEPS.coarse(asked(range_of_years), NOW) == CoarseDates(18, 13)
    assert STEPS.coarse(asked(AtLeastYears(17)), NOW) == CoarseDates(attested=17)


@pytest.mark.parametrize("edge", BOUNDS)
@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_creations_are_those_that_rules_name(edge: datetime, shift: int) -> None:
    """At the last instant named before them; before the first there is none."""
    created = edge + timedelta(microseconds=shift)
    coarse = STEPS.coarse(asked(created=created), NOW)
    expected = edge if shift >= 0 else {BOUNDS[0]: None, BOUNDS[1]: BOUNDS[0]}[edge]
    assert coarse == CoarseDates(created=expected, created_known=True)
    assert answer(*coarse.apply(NOW, STEPS), NOW) == answer(None, created, NOW)


def test_what_is_unknown_stays_so() -> None:
    """Whether nothing was given, or it is not to be used."""
    coarsener = DateCoarsener()
    assert coarsener.coarse(asked(), RULES, NOW) is NO_DATES
    withheld = Question(
        "message_send",
        "telegram",
        unknown=dict.fromkeys(("age", "account_created"), UnknownReason.WITHHELD),
        age=born(NOW.date()),
        account_created=NOW,
    )
    assert coarsener.coarse(withheld, RULES, NOW) is NO_DATES
    assert NO_DATES.apply(NOW, STEPS) == (None, None)
    assert coarsener.coarse(asked(AtLeastYears(3)), RULES, NOW).attested == 3


def test_rules_without_dates_tell_none_apart() -> None:
    """Everybody is of one age, every account of one creation."""
    steps = DateSteps(Ruleset((), LEXICON, ATLAS))
    coarse = steps.coarse(asked(born(date(1950, 5, 5)), NOW), NOW)
    assert coarse == CoarseDates(0, 0, created_known=True)
    age, created = coarse.apply(NOW, steps)
    assert isinstance(age, BornBetween)
    assert created is not None
    assert created < NOW
