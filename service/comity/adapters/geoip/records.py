"""Database records read as places and flags, whichever vendor wrote them."""

from __future__ import annotations

import re
from typing import Final

import pycountry
from maxminddb.types import Record

from comity.app.ports.place_lookup import PlaceFlag

SURE_PERCENT: Final = 80
"""Confidence from which an Enterprise record's subdivision counts."""

SURE_RADIUS_KM: Final = 100
"""Accuracy radius up to which a City record's subdivision counts, when it states no confidence."""

COUNTRY_CODES: Final = frozenset(country.alpha_2 for country in pycountry.countries) | {"XK"}

# Codes that ISO 3166-1 doesn't settle: claimed under two states, or user-assigned only.
_DISPUTED: Final = frozenset({"UA-43", "UA-40", "RU-CR", "XK"})

_PSEUDO_CODES: Final = {
    "A1": frozenset({PlaceFlag.ANONYMOUS}),
    "A2": frozenset({PlaceFlag.SATELLITE}),
    "T1": frozenset({PlaceFlag.TOR}),
}

# ISO 3166-2 lists these subdivisions as "included in ISO 3166-1" under the code on the right.
_TERRITORIES: Final = {
    "CN-HK": "HK", "CN-MO": "MO", "CN-TW": "TW", "FI-01": "AX",
    "FR-BL": "BL", "FR-MF": "MF", "FR-NC": "NC", "FR-PF": "PF", "FR-PM": "PM", "FR-TF": "TF",
    "FR-WF": "WF", "FR-971": "GP", "FR-972": "MQ", "FR-973": "GF", "FR-974": "RE", "FR-976": "YT",
    "NL-AW": "AW", "NL-CW": "CW", "NL-SX": "SX", "NL-BQ1": "BQ", "NL-BQ2": "BQ", "NL-BQ3": "BQ",
    "NO-21": "SJ", "NO-22": "SJ",
    "US-AS": "AS", "US-GU": "GU", "US-MP": "MP", "US-PR": "PR", "US-UM": "UM", "US-VI": "VI",
}  # fmt: skip

_SUBDIVISION: Final = re.compile(r"[A-Z0-9]{1,3}")

_ANONYMITY_KEYS: Final = {
    "is_anonymous_vpn": PlaceFlag.VPN,
    "is_public_proxy": PlaceFlag.PROXY,
    "is_residential_proxy": PlaceFlag.RESIDENTIAL_PROXY,
    "is_tor_exit_node": PlaceFlag.TOR,
    "is_hosting_provider": PlaceFlag.HOSTING,
}
_TRAIT_KEYS: Final = _ANONYMITY_KEYS | {
    "is_anonymous_proxy": PlaceFlag.ANONYMOUS,
    "is_satellite_provider": PlaceFlag.SATELLITE,
    "is_anycast": PlaceFlag.ANYCAST,
}
_USER_TYPES: Final = {
    "hosting": PlaceFlag.HOSTING,
    "content_delivery_network": PlaceFlag.HOSTING,
    "consumer_privacy_network": PlaceFlag.RELAY,
}

Reading = tuple[str | None, frozenset[PlaceFlag]]


def read_place(record: Record) -> Reading:
    """Return the place that a record of a place database states, and its flags.

    Reads MaxMind's Country, City and Enterprise records, and flat ones with `country_code` or a
    textual `country`. `registered_country` counts only without a country; `represented_country`
    and `is_in_european_union` are not read.

    Source: MaxMind GeoIP2 database documentation (country, subdivisions, traits).
    """
    if not isinstance(record, dict):
        return None, frozenset({PlaceFlag.NOT_FOUND})
    flags = _read_traits(record)
    code = _country(record)
    if code is None:
        code = _iso_code(record.get("registered_country"))
        if code is None:
            return None, flags | {PlaceFlag.NOT_FOUND}
        flags |= {PlaceFlag.REGISTERED_ONLY}
    if code not in COUNTRY_CODES:
        return None, flags | {PlaceFlag.UNCODED} | _PSEUDO_CODES.get(code, frozenset())
    place = code
    if PlaceFlag.REGISTERED_ONLY not in flags:
        place = _refine(code, record)
    return place, flags | {PlaceFlag.DISPUTED} if place in _DISPUTED else flags


def read_anonymity(record: Record) -> frozenset[PlaceFlag]:
    """Return the flags that a record of an anonymous-address database states.

    Source: MaxMind GeoIP2 Anonymous IP and Anonymous Plus database documentation.
    """
    if not isinstance(record, dict):
        return frozenset()
    flags = frozenset(flag for key, flag in _ANONYMITY_KEYS.items() if record.get(key) is True)
    if not flags and record.get("is_anonymous") is True:
        return frozenset({PlaceFlag.ANONYMOUS})
    return flags


def _country(record: dict[str, Record]) -> str | None:
    """Return the code of the country where the network is used."""
    for value in (record.get("country_code"), record.get("country")):
        if isinstance(value, str):
            return value.upper()
    return _iso_code(record.get("country"))


def _iso_code(value: Record | None) -> str | None:
    """Return the `iso_code` of a nested record."""
    code = value.get("iso_code") if isinstance(value, dict) else None
    return code.upper() if isinstance(code, str) else None


def _refine(country: str, record: dict[str, Record]) -> str:
    """Return the largest subdivision stated with enough confidence, else the country."""
    subdivisions = record.get("subdivisions")
    if not isinstance(subdivisions, list) or not subdivisions:
        return country
    largest = subdivisions[0]
    code = _iso_code(largest)
    if code is None or _SUBDIVISION.fullmatch(code) is None or not _is_sure(largest, record):
        return country
    place = f"{country}-{code}"
    return _TERRITORIES.get(place, place)


def _is_sure(subdivision: Record, record: dict[str, Record]) -> bool:
    """Return whether the database says enough for a subdivision; saying nothing isn't enough."""
    confidence = subdivision.get("confidence") if isinstance(subdivision, dict) else None
    if isinstance(confidence, int):
        return confidence >= SURE_PERCENT
    location = record.get("location")
    radius = location.get("accuracy_radius") if isinstance(location, dict) else None
    return isinstance(radius, int) and radius <= SURE_RADIUS_KM


def _read_traits(record: dict[str, Record]) -> frozenset[PlaceFlag]:
    """Return the flags of the record's traits."""
    flags: set[PlaceFlag] = set()
    traits = record.get("traits")
    if isinstance(traits, dict):
        flags.update(flag for key, flag in _TRAIT_KEYS.items() if traits.get(key) is True)
        user_type = traits.get("user_type")
        if isinstance(user_type, str) and user_type in _USER_TYPES:
            flags.add(_USER_TYPES[user_type])
        if traits.get("connection_type") == "Satellite":
            flags.add(PlaceFlag.SATELLITE)
    return frozenset(flags) | read_anonymity(record.get("anonymizer"))
