"""What a look-up of the subject adds to a question."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from comity.app.ports.phone_lookup import InMemoryPhoneLookup
from comity.app.ports.place_lookup import DatabaseProvenance, InMemoryPlaceLookup, PlaceFlag
from comity.app.subject import LookedUp, look_up
from comity.domain.question import Question
from comity.domain.request import DatabaseIdentity, Subject
from comity.policy.lexicon import Lexicon

BUILT = datetime(2026, 1, 2, tzinfo=UTC)
ADDRESS = "203.0.114.9"


def looked_up(
    *flags: PlaceFlag, lexicon: Lexicon, anonymity: DatabaseProvenance | None = None
) -> LookedUp:
    """Return what is found of an address with `flags`."""
    places = InMemoryPlaceLookup({"203.0.114.0/24": ("FR", frozenset(flags))}, anonymity)
    subject = Subject(ip_address=ADDRESS)
    return look_up(subject, Question(None, None), places, InMemoryPhoneLookup({}), lexicon)


@pytest.mark.parametrize(
    ("flags", "lexicon", "trust"),
    [
        ((), Lexicon(), ""),
        ((PlaceFlag.HOSTING,), Lexicon(), "low"),
        ((PlaceFlag.DISPUTED,), Lexicon(), ""),
        # The vocabulary's classes say otherwise, each of its flag alone.
        ((PlaceFlag.HOSTING,), Lexicon(ordinary_trust=frozenset({"hosting"})), ""),
        ((PlaceFlag.HOSTING,), Lexicon(ordinary_trust=frozenset({"vpn"})), "low"),
        ((PlaceFlag.DISPUTED,), Lexicon(low_trust=frozenset({"disputed"})), "low"),
        # One flag of low trust is enough.
        (
            (PlaceFlag.HOSTING, PlaceFlag.VPN),
            Lexicon(ordinary_trust=frozenset({"hosting"})),
            "low",
        ),
    ],
)
def test_the_vocabulary_says_which_flags_lower_trust(
    flags: tuple[PlaceFlag, ...], lexicon: Lexicon, trust: str
) -> None:
    """What it doesn't name has the trust that the flag gives by default."""
    [connection] = looked_up(*flags, lexicon=lexicon).question.connections
    assert (connection.factor, connection.place, connection.trust) == ("presence", "FR", trust)


def test_both_databases_are_named() -> None:
    """That of anonymous addresses beside that of places; none if there is none."""
    anonymity = DatabaseProvenance("Anonymous-IP", BUILT, "b" * 64)
    provenance = looked_up(lexicon=Lexicon(), anonymity=anonymity).provenance
    assert provenance is not None
    assert provenance.anonymous == DatabaseIdentity("Anonymous-IP", BUILT, "b" * 64)
    provenance = looked_up(lexicon=Lexicon()).provenance
    assert provenance is not None
    assert provenance.anonymous is None
