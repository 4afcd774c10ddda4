"""Codes of ISO 3166 that stand for another place, and regions between a country and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import pycountry

# ISO 3166-2 lists these under a country although ISO 3166-1 gives the territory its own code and
# the two differ; where they agree (CN-HK is HK) the alias is derived.
# Source: ISO 3166-2, entries FR and NL, as packaged by pycountry.
NUMBERED_TERRITORIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "FI-01": "AX",
        "FR-971": "GP",
        "FR-972": "MQ",
        "FR-973": "GF",
        "FR-974": "RE",
        "FR-976": "YT",
        "NL-BQ1": "BQ-BO",
        "NL-BQ2": "BQ-SA",
        "NL-BQ3": "BQ-SE",
    }
)
# Svalbard and Jan Mayen share a code; each stays a place of its own within it.
# Source: ISO 3166-2, entry NO.
PARTS_OF_TERRITORIES: Final[Mapping[str, str]] = MappingProxyType({"NO-21": "SJ", "NO-22": "SJ"})


@cache
def countries() -> frozenset[str]:
    """Return the alpha-2 codes of ISO 3166-1, and XK (user-assigned, Kosovo)."""
    return frozenset({country.alpha_2 for country in pycountry.countries} | {"XK"})


@cache
def territory_aliases() -> Mapping[str, str]:
    """Return subdivision codes of territories with a code of their own -> that code."""
    listed = {
        subdivision.code: name
        for subdivision in pycountry.subdivisions
        for country, _, name in (subdivision.code.partition("-"),)
        if (country, name) in TERRITORIES
    }
    return MappingProxyType({**listed, **NUMBERED_TERRITORIES})


# Countries whose subdivisions repeat alpha-2 codes of territories; elsewhere a subdivision named
# like a country is a coincidence (US-CO is Colorado, not Colombia).
# Source: ISO 3166-1 and 3166-2.
TERRITORIES: Final = frozenset(
    {("CN", code) for code in ("HK", "MO", "TW")}
    | {("FR", code) for code in ("BL", "MF", "NC", "PF", "PM", "TF", "WF")}
    | {("NL", code) for code in ("AW", "CW", "SX")}
    | {("US", code) for code in ("AS", "GU", "MP", "PR", "UM", "VI")}
)


@cache
def subdivision_parents() -> Mapping[str, tuple[str, ...]]:
    """Return the subdivisions that lie in a region rather than directly in their country.

    Source: ISO 3166-2 parent subdivisions, as packaged by pycountry.
    """
    nested = {
        subdivision.code: (subdivision.parent_code,)
        for subdivision in pycountry.subdivisions
        if subdivision.parent_code
    }
    parts = {part: (territory,) for part, territory in PARTS_OF_TERRITORIES.items()}
    return MappingProxyType({**nested, **parts})
