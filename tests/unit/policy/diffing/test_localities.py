"""Places in the words of differences."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from comity.policy.atlas import ALWAYS, Atlas, Span
from comity.policy.diffing.localities import Localities
from comity.policy.diffing.scopes import Kind, Scope

YEARS = [datetime(year, 6, 1, tzinfo=UTC) for year in (2019, 2024)]
ATLAS = Atlas(
    groups={"union": {"AT": (ALWAYS,), "BE": (ALWAYS,), "GB": (Span(end=YEARS[1]),)}},
)
PLACES = frozenset({"AT", "BE", "GB", "US", "US-TX", "US-AK", "JP"})
STAND_INS = {"JP": "", "US-AK": "US"}
TITLES = {"AT": "Austria", "BE": "Belgium", "US": "the States", "US-TX": "Texas"}


@pytest.mark.parametrize(
    ("chosen", "years", "told"),
    [
        ({"AT", "BE"}, YEARS[1:], "a member of union"),
        ({"AT", "BE"}, YEARS[:1], "Austria or Belgium"),
        ({"AT", "BE"}, YEARS, "Austria or Belgium"),
        ({"AT", "BE", "GB"}, YEARS[:1], "a member of union"),
        ({"AT", "BE", "US"}, YEARS[1:], "a member of union or the States without Texas"),
        ({"US-AK"}, YEARS, "other parts of the States"),
        (PLACES - {"AT"}, YEARS, "any place but Austria"),
        (PLACES - {"AT", "BE"}, YEARS[1:], "any place but the members of union"),
        (PLACES - {"JP", "AT"}, YEARS, "Belgium, GB or the States"),
        (PLACES, YEARS, "any place"),
    ],
)
def test_places_are_told_without_those_that_stand_for_others(
    chosen: set[str], years: list[datetime], told: str
) -> None:
    """A group is told while its members are meant, a complement only with everywhere else."""
    if "US" in chosen and "US-TX" not in chosen:
        chosen |= {"US-AK"}
    localities = Localities((ATLAS, ATLAS), TITLES, STAND_INS, years)
    scope = Scope(PLACES, (), frozenset({"union"}))
    assert localities.word(frozenset(chosen), scope) == told


def test_what_others_take_away_is_given_back_but_not_what_others_add() -> None:
    """A choice is widened where its plainest values are in it."""
    first = Kind(frozenset({"a", "a, b"}), frozenset({"a"}))
    second = Kind(frozenset({"c", "c, b"}), frozenset({"c"}))
    scope = Scope(first.values | second.values, (first, second), frozenset())
    assert scope.widen(frozenset({"a"})) == (first.values, True)
    assert scope.widen(first.values) == (first.values, False)
    assert scope.widen(frozenset({"a", "c, b"})) == (frozenset({"a", "c, b"}), False)
    assert scope.widen(frozenset({"a", "in doubt"})) == (frozenset({"a", "in doubt"}), False)
