"""Kinds of the vocabulary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from comity.policy.atlas import Span
from comity.policy.lexicon import DatedKind, Lexicon

NAMED = datetime(2023, 3, 1, tzinfo=UTC)
LEXICON = Lexicon(
    kinds={
        "device": {"official": (), "official_mobile": ("official",), "personal": ()},
        "product": {"messaging": (), "foreign": (), "telegram": ("messaging",)},
    },
    product_kinds={"telegram": (DatedKind("foreign", "RU", Span(start=NAMED)),)},
)


def test_a_value_is_of_every_kind_above_it() -> None:
    """Kinds reach up, never down."""
    assert LEXICON.above("device", "official_mobile") == {"official_mobile", "official"}
    assert LEXICON.above("device", "official") == {"official"}


def test_the_kinds_below_a_value_are_strictly_below() -> None:
    """A value is not below itself."""
    assert LEXICON.below("device", "official") == {"official_mobile"}
    assert LEXICON.below("device", "personal") == frozenset()


def test_a_dated_kind_counts_for_its_jurisdiction_from_its_first_instant() -> None:
    """Other jurisdictions, and earlier instants, do not see it."""
    before = NAMED - timedelta(seconds=1)
    assert LEXICON.product_above("telegram", "RU", NAMED) == {"telegram", "messaging", "foreign"}
    assert LEXICON.product_above("telegram", "RU", before) == {"telegram", "messaging"}
    assert LEXICON.product_above("telegram", "UA", NAMED) == {"telegram", "messaging"}


def test_a_kind_that_begins_is_a_boundary_for_its_jurisdiction_alone() -> None:
    """Boundaries that have passed, or that others see, do not count."""
    before = NAMED - timedelta(seconds=1)
    assert LEXICON.product_boundaries("telegram", "RU", before) == (NAMED,)
    assert LEXICON.product_boundaries("telegram", "RU", NAMED) == ()
    assert LEXICON.product_boundaries("telegram", "UA", before) == ()
