"""Places and dated groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from comity.policy.atlas import ALWAYS, Atlas, Span

LEFT = datetime(2020, 1, 31, 23, tzinfo=UTC)
ATLAS = Atlas(
    aliases={"UA-43": "crimea", "RU-CR": "crimea"},
    parents={"crimea": ("UA", "RU"), "ES-M": ("ES-MD",), "eu_commission": ()},
    groups={"EU": {"FR": (ALWAYS,), "GB": (Span(end=LEFT),)}},
)


def test_a_disputed_area_lies_in_both_states_whatever_its_code() -> None:
    """Every code of the area is the one area."""
    assert ATLAS.canonical("RU-CR") == ATLAS.canonical("UA-43") == "crimea"
    assert ATLAS.lies_in("crimea") == {"crimea", "UA", "RU"}


def test_a_subdivision_lies_in_its_region_and_country() -> None:
    """An unlisted subdivision lies in its country; a listed one in its region as well."""
    assert ATLAS.lies_in("ES-M") == {"ES-M", "ES-MD", "ES"}
    assert ATLAS.lies_in("US-FL") == {"US-FL", "US"}


def test_a_body_lies_nowhere_else() -> None:
    """A body is no part of a country."""
    assert ATLAS.lies_in("eu_commission") == {"eu_commission"}


def test_membership_ends_at_its_last_instant() -> None:
    """A member that has left is one up to the second before."""
    assert ATLAS.members("EU", LEFT - timedelta(seconds=1)) == {"FR", "GB"}
    assert ATLAS.members("EU", LEFT) == {"FR"}


def test_boundaries_of_a_place_are_those_of_what_it_lies_in_and_what_lies_in_it() -> None:
    """England's membership changes with that of the United Kingdom."""
    before = LEFT - timedelta(days=1)
    assert ATLAS.member_boundaries("EU", "GB-ENG", before) == (LEFT,)
    assert ATLAS.member_boundaries("EU", "FR", before) == ()
    assert ATLAS.member_boundaries("EU", "GB", LEFT) == ()


def test_names_expand_to_places() -> None:
    """Groups stand for their members, places for themselves."""
    assert ATLAS.expand({"EU", "NO"}, LEFT) == {"FR", "NO"}
