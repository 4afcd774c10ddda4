"""Reading of database records: which place, which flags."""

from typing import Any

import pycountry
import pytest
from comity.adapters.geoip.records import COUNTRY_CODES, read_anonymity, read_place
from comity.app.ports.place_lookup import LOW_TRUST_FLAGS, PlaceFlag


def _flags(words: str) -> frozenset[PlaceFlag]:
    return frozenset(map(PlaceFlag, words.split()))


def _city(country: str, part: str, **more: object) -> dict[str, Any]:
    record = {
        "country": {"iso_code": country},
        "subdivisions": [{"iso_code": part}],
        "location": {"accuracy_radius": 20},
    }
    return record | more


@pytest.mark.parametrize(
    ("record", "place", "flags"),
    [
        ({"country_code": "FR"}, "FR", ""),
        ({"country_code": "fr"}, "FR", ""),
        ({"country": "FR"}, "FR", ""),
        ({"country": {"iso_code": "FR"}}, "FR", ""),
        ({"country": {"iso_code": "XK"}}, "XK", "disputed"),
        ({}, None, "not_found"),
        ({"country": {}}, None, "not_found"),
        ({"continent": {"code": "EU"}}, None, "not_found"),
        ({"country": {"iso_code": 7}}, None, "not_found"),
        (["FR"], None, "not_found"),
        ("FR", None, "not_found"),
        (None, None, "not_found"),
    ],
)
def test_a_country_is_read_from_every_layout(record: Any, place: str | None, flags: str) -> None:
    """Nested and flat records give the same country; what has none is not found."""
    assert read_place(record) == (place, _flags(flags))


def test_the_country_of_use_wins_over_that_of_registration() -> None:
    """A network used in SE and registered in DE is in SE, at full trust."""
    record: Any = {"country": {"iso_code": "SE"}, "registered_country": {"iso_code": "DE"}}
    assert read_place(record) == ("SE", frozenset())


def test_a_country_of_registration_alone_is_of_low_trust() -> None:
    """With no country of use the one of registration stands, and says so."""
    place, flags = read_place({"registered_country": {"iso_code": "DE"}})
    assert (place, flags) == ("DE", _flags("registered_only"))
    assert flags <= LOW_TRUST_FLAGS


def test_who_uses_a_network_is_not_read() -> None:
    """A military base, a government and membership of the Union leave no trace in the reading."""
    plain: Any = {"country": {"iso_code": "PH"}}
    base: Any = {
        "country": {"iso_code": "PH", "is_in_european_union": True},
        "represented_country": {"iso_code": "US", "type": "military"},
        "traits": {"user_type": "military", "organization": "Some Ministry"},
    }
    assert read_place(base) == read_place(plain) == ("PH", frozenset())
    assert read_place({"represented_country": {"iso_code": "US"}}) == (None, _flags("not_found"))


@pytest.mark.parametrize(
    ("code", "flags"),
    [
        ("EU", "uncoded"),
        ("AP", "uncoded"),
        ("ZZ", "uncoded"),
        ("XX", "uncoded"),
        ("O1", "uncoded"),
        ("AN", "uncoded"),
        ("SU", "uncoded"),
        ("UK", "uncoded"),
        ("", "uncoded"),
        ("FRA", "uncoded"),
        ("A1", "uncoded anonymous"),
        ("A2", "uncoded satellite"),
        ("T1", "uncoded tor"),
    ],
)
def test_pseudo_codes_and_withdrawn_codes_are_no_place(code: str, flags: str) -> None:
    """What isn't a code of ISO 3166-1 or XK is never passed on; what it means is flagged."""
    assert read_place({"country_code": code}) == (None, _flags(flags))


def test_every_country_of_iso_is_a_place() -> None:
    """All alpha-2 codes and XK are accepted, and nothing else."""
    iso = {country.alpha_2 for country in pycountry.countries}
    assert iso | {"XK"} == COUNTRY_CODES
    assert all(read_place({"country_code": code})[0] == code for code in COUNTRY_CODES)


@pytest.mark.parametrize(
    ("record", "place", "flags"),
    [
        (_city("UA", "43"), "UA-43", "disputed"),
        (_city("UA", "40"), "UA-40", "disputed"),
        (_city("RU", "CR"), "RU-CR", "disputed"),
        (_city("UA", "30"), "UA-30", ""),
        (_city("US", "FL"), "US-FL", ""),
    ],
)
def test_a_disputed_area_keeps_the_code_of_the_database(
    record: Any, place: str, flags: str
) -> None:
    """The area is never moved from the state that the database names to the other."""
    assert read_place(record) == (place, _flags(flags))


@pytest.mark.parametrize(
    ("part", "location", "place"),
    [
        ({"iso_code": "FL", "confidence": 80}, {}, "US-FL"),
        ({"iso_code": "FL", "confidence": 79}, {"accuracy_radius": 1}, "US"),
        ({"iso_code": "FL"}, {"accuracy_radius": 100}, "US-FL"),
        ({"iso_code": "FL"}, {"accuracy_radius": 101}, "US"),
        ({"iso_code": "FL"}, {}, "US"),
        ({"iso_code": "FL"}, None, "US"),
        ({"iso_code": "FL"}, {"accuracy_radius": "5"}, "US"),
        ({"iso_code": "Florida"}, {"accuracy_radius": 5}, "US"),
        ({"iso_code": "fl"}, {"accuracy_radius": 5}, "US-FL"),
        ({"names": {"en": "Florida"}}, {"accuracy_radius": 5}, "US"),
        ("FL", {"accuracy_radius": 5}, "US"),
    ],
)
def test_a_subdivision_counts_where_the_database_is_sure(
    part: Any, location: Any, place: str
) -> None:
    """Confidence decides where stated, else the accuracy radius; silence is not enough."""
    record = {"country": {"iso_code": "US"}, "subdivisions": [part], "location": location}
    assert read_place(record)[0] == place


def test_the_largest_subdivision_counts() -> None:
    """Of England and West Berkshire, England is the place."""
    parts: Any = [{"iso_code": "ENG"}, {"iso_code": "WBK"}]
    assert read_place(_city("GB", "X", subdivisions=parts))[0] == "GB-ENG"


@pytest.mark.parametrize("subdivisions", [[], None, "ENG", {}])
def test_a_record_without_subdivisions_is_of_its_country(subdivisions: Any) -> None:
    """A missing or misshapen list leaves the country."""
    assert read_place(_city("GB", "X", subdivisions=subdivisions))[0] == "GB"


@pytest.mark.parametrize(
    ("country", "part", "place"),
    [("CN", "HK", "HK"), ("US", "PR", "PR"), ("FR", "974", "RE"), ("NO", "22", "SJ")],
)
def test_a_territory_with_its_own_code_is_its_own_country(
    country: str, part: str, place: str
) -> None:
    """A subdivision that ISO 3166-1 codes too is given by that code."""
    assert read_place(_city(country, part))[0] == place


@pytest.mark.parametrize(
    ("traits", "flags"),
    [
        ({"is_anonymous_vpn": True, "is_anonymous": True}, "vpn"),
        ({"is_public_proxy": True}, "proxy"),
        ({"is_residential_proxy": True}, "residential_proxy"),
        ({"is_tor_exit_node": True}, "tor"),
        ({"is_hosting_provider": True}, "hosting"),
        ({"is_anonymous_proxy": True}, "anonymous"),
        ({"is_satellite_provider": True}, "satellite"),
        ({"connection_type": "Satellite"}, "satellite"),
        ({"connection_type": "Cable/DSL"}, ""),
        ({"is_anycast": True}, "anycast"),
        ({"user_type": "hosting"}, "hosting"),
        ({"user_type": "content_delivery_network"}, "hosting"),
        ({"user_type": "consumer_privacy_network"}, "relay"),
        ({"user_type": "residential"}, ""),
        ({"user_type": ["hosting"]}, ""),
        ({"is_anonymous_vpn": False}, ""),
        ({"is_anonymous_vpn": "yes"}, ""),
        ("is_anonymous_vpn", ""),
    ],
)
def test_traits_become_flags_and_leave_the_place(traits: Any, flags: str) -> None:
    """Each trait that makes a place doubtful is a flag of low trust; the place is still given."""
    place, found = read_place({"country": {"iso_code": "NL"}, "traits": traits})
    assert (place, found) == ("NL", _flags(flags))
    assert found <= LOW_TRUST_FLAGS


@pytest.mark.parametrize(
    ("record", "flags"),
    [
        ({"is_anonymous": True}, "anonymous"),
        ({"is_anonymous": True, "is_hosting_provider": True}, "hosting"),
        ({"is_anonymous": True, "is_anonymous_vpn": True, "is_tor_exit_node": True}, "vpn tor"),
        ({"is_anonymous": False}, ""),
        ({}, ""),
        (None, ""),
        ("is_anonymous", ""),
    ],
)
def test_an_anonymity_record_becomes_flags(record: Any, flags: str) -> None:
    """The general statement counts only where nothing more exact is said."""
    assert read_anonymity(record) == _flags(flags)
    assert read_place({"country_code": "NL", "anonymizer": record})[1] == _flags(flags)
