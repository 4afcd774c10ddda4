"""Edge cases of the law that no scenario of the shipped files can show.

The rest are scenarios; docs/edge-cases.md lists both.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from textwrap import dedent

import pytest
from comity.domain.effect import Effect
from comity.domain.facts import BornBetween
from comity.domain.question import Connection, Question
from comity.policy.compiling.compilation import Compilation
from comity.policy.engine import Engine
from comity.policy.presumptions import resolve
from comity.policy.routing.clocks import end_of_term
from comity.policy.routing.provisions import CountingClock
from comity.policy.scalars import parse_duration
from comity.policy.schedule import Schedule, Window
from unit.policy.compiling.one_file import at, bundle_of, compile_file, problems_of, rule_text

ALL_WEEK = frozenset(range(7))
DENIED = "effect: deny\nin_force: [{from: 2018-01-01}]\n"


def effect_of(
    compilation: Compilation, instant: str, born: date | None = None, **ties: str
) -> Effect:
    """Return the effect at `instant` on somebody with `ties` who opens an account of Telegram."""
    rules = bundle_of(compilation).eligibility
    question = Question(
        action="account_create",
        product="telegram",
        connections=tuple(Connection(factor, place) for factor, place in ties.items()),
        age=BornBetween(born, born) if born is not None else None,
    )
    facts = resolve(question, rules.lexicon, rules.atlas)
    return Engine(rules).evaluate(facts, at(instant)).effect


def test_a_members_age_changes_with_its_year() -> None:
    """Case 29: consent in Denmark at 13 to the end of 2023, at 15 from then on; somebody of 14."""
    keys = dedent("""\
        effect: {verify: guardian}
        per_member:
          DK: [{from: 2018-05-25, value: 13}, {from: 2024-01-01, value: 15}]
          others: none
        applies_to:
          connected_by: residence
          jurisdiction: EU
          product: all
          action: account_create
          age: {below: per_member}
        in_force: [{from: 2018-05-25}]
        """)
    compilation = compile_file(rule_text(keys), code="EU", zone="Europe/Copenhagen")
    born = date(2009, 6, 1)
    before = effect_of(compilation, "2023-12-31T23:59:59+01:00", born, residence="DK")
    after = effect_of(compilation, "2024-01-01T00:00:00+01:00", born, residence="DK")
    assert (before, after) == (Effect.ALLOW, Effect.VERIFY)


def test_union_law_in_the_united_kingdom_ends_with_the_transition() -> None:
    """Case 33: the kingdom left the Union on 1 February 2020, and its law eleven months later."""
    keys = "applies_to: {connected_by: presence, jurisdiction: eu_law, product: all}\n"
    compilation = compile_file(rule_text(DENIED + keys), code="EU", zone="Europe/Brussels")
    found = [
        effect_of(compilation, instant, presence="GB")
        for instant in (
            "2020-06-01T12:00:00Z",
            "2020-12-31T22:59:59Z",
            "2020-12-31T23:00:00Z",
            "2021-01-01T12:00:00Z",
        )
    ]
    assert found == [Effect.DENY, Effect.DENY, Effect.ALLOW, Effect.ALLOW]


def test_crimea_has_one_neutral_name() -> None:
    """Case 35: whichever code a caller gives, answers speak of the same place."""
    atlas = bundle_of(compile_file(rule_text(DENIED + WIDE))).eligibility.atlas
    assert {atlas.canonical(code) for code in ("UA-43", "UA-40", "RU-CR")} == {"crimea"}


WIDE = "applies_to: {connected_by: presence, product: all}\n"


@pytest.mark.parametrize(("places", "effect"), [("RS", Effect.ALLOW), ("[RS, XK]", Effect.DENY)])
def test_kosovo_is_a_place_that_serbian_rules_meet_only_if_they_list_it(
    places: str, effect: Effect
) -> None:
    """Case 37: the code is user-assigned, accepted, and no part of Serbia."""
    keys = f"applies_to: {{connected_by: presence, jurisdiction: {places}, product: all}}\n"
    compilation = compile_file(rule_text(DENIED + keys), code="RS", zone="Europe/Belgrade")
    assert problems_of(compilation) == []
    assert effect_of(compilation, "2024-06-01T12:00:00Z", presence="XK") is effect


def test_a_later_rule_does_not_change_what_held_before() -> None:
    """Case 54: a file that learns of a second block answers for the first one as it did."""
    first = rule_text(
        "effect: deny\nin_force: [{from: 2018-04-16, until: 2020-06-18}]\n" + WIDE, rule_id="first"
    )
    second = rule_text("effect: deny\nin_force: [{from: 2026-03-20}]\n" + WIDE, rule_id="second")
    instants = ("2018-04-15T12:00:00Z", "2019-05-01T12:00:00Z", "2021-01-01T12:00:00Z")
    earlier = compile_file(first, code="RU", zone="Europe/Moscow")
    later = compile_file(first + second, code="RU", zone="Europe/Moscow")
    for compilation in (earlier, later):
        found = [effect_of(compilation, instant, presence="RU") for instant in instants]
        assert found == [Effect.ALLOW, Effect.DENY, Effect.ALLOW]


def test_a_year_from_a_leap_day_ends_with_the_month() -> None:
    """Case 55: a year from 29 February 2024 lasts to the end of February 2025."""
    began = datetime(2024, 2, 29, 12, tzinfo=UTC)
    end = end_of_term(began, parse_duration("1 year"), CountingClock("UTC"))
    assert end == datetime(2025, 3, 1, tzinfo=UTC)


def test_windows_when_clocks_change_in_berlin() -> None:
    """Case 56: 02:30 does not exist in March 2026; 02:15 to 02:45 comes twice in October."""
    spring = Schedule("Europe/Berlin", ALL_WEEK, (Window(time(1, 30), time(2, 30)),))
    assert spring.windows_of(date(2026, 3, 29)) == (
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)),
    )
    autumn = Schedule("Europe/Berlin", ALL_WEEK, (Window(time(2, 15), time(2, 45)),))
    for hour in (0, 1):
        assert autumn.is_open(datetime(2026, 10, 25, hour, 15, tzinfo=UTC))
        assert autumn.is_open(datetime(2026, 10, 25, hour, 44, 59, tzinfo=UTC))
    assert not autumn.is_open(datetime(2026, 10, 25, 1, 45, tzinfo=UTC))
