"""A small vocabulary, geography and calendar in which generated rules and facts often meet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from comity.policy.atlas import Atlas, Span
from comity.policy.lexicon import DatedKind, FactorTerm, Lexicon, Presumption
from property.choices import Choices, chance, pick, some

FACTORS = ("presence", "works_for", "residence")
ASKED_FACTORS = (*FACTORS, "phone_country")  # no rule names it: a residence may follow from it
TERMS = {
    "presence": FactorTerm(Presumption.OPEN),
    "works_for": FactorTerm(Presumption.CLOSED),
    "phone_country": FactorTerm(Presumption.CLOSED),
    "residence": FactorTerm(Presumption.DERIVED, ("phone_country", "presence")),
}
ZONES = ("UTC", "Europe/Kyiv", "America/New_York", "Pacific/Auckland")
KINDS = {
    "action": {"talk": (), "message": ("talk",), "call": ("talk",), "post": ()},
    "device": {"official": (), "official_phone": ("official",), "personal": ()},
    "purpose": {"duty": (), "border_duty": ("duty",), "leisure": ()},
    "item": {"news": (), "broadcast": ("news", "public"), "public": (), "channel": ("public",)},
    "population": {
        "state": (),
        "armed": (),
        "military": ("state", "armed"),
        "conscript": ("military",),
        "clerk": ("state",),
    },
    "label": {"verified": (), "verified_twice": ("verified",), "press": ()},
    "product": {
        "messaging": (),
        "social": (),
        "chat": ("messaging",),
        "chat_work": ("chat",),
        "forum": (),
    },
}
# Spare parts stand for all of a place that has no name: no rule and no group names them.
PARENTS = {
    "AA": (),
    "AA-1": ("AA",),
    "AA-1a": ("AA-1",),
    "AA-rest": ("AA",),
    "AA-1-rest": ("AA-1",),
    "BB": (),
    "BB-2": ("BB",),
    "BB-rest": ("BB",),
    "disputed": ("AA", "BB"),
    "CC": (),
    "council": (),
}
PLACES = ("AA", "AA-1", "AA-1a", "BB", "BB-2", "disputed", "CC", "council")
ALIASES = {"AA-ONE": "AA-1", "AA-D": "disputed"}
GROUPS = ("union", "alliance")
JURISDICTIONS = ("AA", "BB", "any")
LEAP_EVE = datetime(2024, 2, 28, 22, tzinfo=UTC)
AUTUMN = datetime(2024, 10, 26, 21, tzinfo=UTC)  # the clocks of Kyiv go back a few hours later
INSTANTS = tuple(
    sorted(
        {
            *(LEAP_EVE + timedelta(hours=hours) for hours in (0, 2, 24, 26, 48)),
            *(AUTUMN + timedelta(hours=hours) for hours in (0, 2, 4, 13, 24, 24 * 7, 24 * 135)),
        }
    )
)
YEARS = (13, 14, 16, 18)


def instant(choices: Choices) -> datetime:
    """Return one of the few instants at which things happen."""
    return pick(choices, INSTANTS)


def span(choices: Choices) -> Span:
    """Return an interval of time, perhaps unbounded, perhaps empty."""
    start = instant(choices) if chance(choices, 60) else None
    end = instant(choices) if chance(choices, 60) else None
    return Span(start, end)


def build_lexicon(choices: Choices) -> Lexicon:
    """Return the vocabulary with dated kinds of products."""
    product_kinds: dict[str, list[DatedKind]] = {}
    for _ in range(choices.integer(0, 3)):
        product = pick(choices, ("chat", "forum", "chat_work"))
        kind = pick(choices, ("social", "messaging"))
        whose = pick(choices, ("", "AA", "BB"))
        product_kinds.setdefault(product, []).append(DatedKind(kind, whose, span(choices)))
    return Lexicon(
        kinds=KINDS,
        product_kinds={product: tuple(kinds) for product, kinds in product_kinds.items()},
        presumed=pick(choices, ({}, {}, {"device": "personal"}, {"population": "unknown"})),
        factors=TERMS,
        low_trust=frozenset({"vpn"}),
        indicators={"managed_device": frozenset({"works_for"})},
    )


def build_atlas(choices: Choices) -> Atlas:
    """Return the geography with groups whose membership is dated."""
    groups = {
        group: {
            place: tuple(span(choices) for _ in range(choices.integer(1, 2)))
            for place in some(choices, PLACES, 0, 3)
        }
        for group in GROUPS
    }
    return Atlas(aliases=ALIASES, parents=PARENTS, groups=groups)


def day_of_birth(choices: Choices) -> date:
    """Return a day of birth at or near a birthday that matters at one of the instants."""
    day = instant(choices).date() + timedelta(days=choices.integer(0, 2) - 1)
    year = day.year - pick(choices, YEARS)
    if chance(choices, 15):
        return date(2008, 2, 29)
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
