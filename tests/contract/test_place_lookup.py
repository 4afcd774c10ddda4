"""What every place look-up keeps, the in-memory one included."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from comity.adapters.geoip import MaxMindPlaceLookup
from comity.app.ports.ip_address import MalformedAddressError
from comity.app.ports.place_lookup import (
    LOW_TRUST_FLAGS,
    InMemoryPlaceLookup,
    PlaceFlag,
    PlaceLookup,
)
from comity.policy.lexicon import Lexicon
from mmdb_writer import MMDBWriter
from netaddr import IPSet

Networks = Mapping[str, tuple[str | None, frozenset[PlaceFlag]]]
Build = Callable[[Networks], PlaceLookup]

NETWORKS: Networks = {
    "8.8.8.0/24": ("US", frozenset()),
    "8.8.0.0/16": ("FR", frozenset()),
    "91.0.0.0/16": ("UA-43", frozenset({PlaceFlag.DISPUTED})),
    "92.0.0.0/24": ("PL", frozenset({PlaceFlag.VPN})),
    "93.0.0.0/24": ("PL", frozenset({PlaceFlag.HOSTING})),
    "94.0.0.0/24": ("PL", frozenset({PlaceFlag.SATELLITE})),
    "95.0.0.0/24": ("XK", frozenset({PlaceFlag.DISPUTED})),
    "96.0.0.0/24": (None, frozenset({PlaceFlag.UNCODED})),
    "2a00:1450::/32": ("NO", frozenset()),
}
TRAITS = {
    PlaceFlag.VPN: "is_anonymous_vpn",
    PlaceFlag.HOSTING: "is_hosting_provider",
    PlaceFlag.SATELLITE: "is_satellite_provider",
}


def _in_memory(networks: Networks) -> PlaceLookup:
    return InMemoryPlaceLookup(networks)


@pytest.fixture(params=["in_memory", "maxmind"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Build:
    """One way to make a look-up over given networks."""

    def maxmind(networks: Networks) -> PlaceLookup:
        writer = MMDBWriter(6, "Test-City", ipv4_compatible=True)
        by_length = sorted(networks.items(), key=lambda entry: int(entry[0].split("/")[1]))
        for network, (place, flags) in by_length:  # the writer wants the wider network first
            country, _, part = (place or "ZZ").partition("-")
            record: dict[str, object] = {
                "country": {"iso_code": country},
                "traits": {TRAITS[flag]: True for flag in flags if flag in TRAITS},
                "location": {"accuracy_radius": 10},
            }
            if part:
                record["subdivisions"] = [{"iso_code": part}]
            writer.insert_network(IPSet([network]), record)
        path = tmp_path / "city.mmdb"
        writer.to_db_file(str(path))
        return MaxMindPlaceLookup(path)

    return {"in_memory": _in_memory, "maxmind": maxmind}[request.param]


@pytest.mark.parametrize(
    ("ip", "place", "flags", "prefix_length"),
    [
        ("8.8.8.8", "US", "", 24),
        ("8.8.4.4", "FR", "", 22),
        ("2a00:1450:4001::8", "NO", "", 32),
        ("91.0.1.2", "UA-43", "disputed", 16),
        ("92.0.0.1", "PL", "vpn", 24),
        ("93.0.0.1", "PL", "hosting", 24),
        ("94.0.0.1", "PL", "satellite", 24),
        ("95.0.0.1", "XK", "disputed", 24),
        ("96.0.0.1", None, "uncoded", 24),
        ("97.0.0.1", None, "not_found", None),
        ("2a01::1", None, "not_found", None),
        ("10.0.0.1", None, "private", None),
        ("192.168.1.1", None, "private", None),
        ("fe80::1%eth0", None, "private", None),
        ("127.0.0.1", None, "bogon", None),
        ("203.0.113.9", None, "bogon", None),
        ("239.1.2.3", None, "bogon", None),
        ("2001:db8::1", None, "bogon", None),
        ("::ffff:8.8.8.8", "US", "mapped", 24),
        ("::ffff:10.1.2.3", None, "mapped private", None),
        ("2002:808:808::1", "US", "six_to_four", 24),
        ("2002:a00:1::1", None, "six_to_four bogon", None),
        ("2001:0:4136:e378:8000:63bf:f7f7:f7f7", "US", "teredo", 24),
        ("64:ff9b::8.8.8.8", "US", "nat64", 24),
    ],
)
def test_an_address_has_the_place_of_its_network(
    build: Build, ip: str, place: str | None, flags: str, prefix_length: int | None
) -> None:
    """Place, flags and prefix length follow from the longest network and from the address."""
    finding = build(NETWORKS).locate(ip)
    assert finding.place == place
    assert finding.flags == frozenset(map(PlaceFlag, flags.split()))
    if ip != "8.8.4.4":  # a tree splits 8.8.0.0/16 around the /24 inside it
        assert finding.network_prefix_length == prefix_length


def test_trust_is_low_exactly_for_the_flags_that_say_so(build: Build) -> None:
    """A VPN, a hosting or a satellite network still has a place, at low trust, with the reason.

    The policies may say otherwise of each flag.
    """
    lookup = build(NETWORKS)
    for ip, flag in {
        "92.0.0.1": PlaceFlag.VPN,
        "93.0.0.1": PlaceFlag.HOSTING,
        "94.0.0.1": PlaceFlag.SATELLITE,
    }.items():
        finding = lookup.locate(ip)
        assert finding.is_low_trust(Lexicon())
        assert not finding.is_low_trust(Lexicon(ordinary_trust=frozenset({flag})))
        assert LOW_TRUST_FLAGS & finding.flags == {flag}
    for ip in ("8.8.8.8", "91.0.1.2", "95.0.0.1", "::ffff:8.8.8.8", "10.0.0.1"):
        assert not lookup.locate(ip).is_low_trust(Lexicon())
    mapped = lookup.locate("::ffff:8.8.8.8")
    assert mapped.is_low_trust(Lexicon(low_trust=frozenset({PlaceFlag.MAPPED})))


def test_packed_bytes_are_an_address(build: Build) -> None:
    """Four or sixteen bytes are read like the text."""
    lookup = build(NETWORKS)
    assert lookup.locate(bytes([8, 8, 8, 8])) == lookup.locate("8.8.8.8")
    assert lookup.locate(b"\x2a\x00\x14\x50" + bytes(12)) == lookup.locate("2a00:1450::")


@pytest.mark.parametrize("ip", ["", "8.8.8.777", "8.8.8.8:53", "::g", b"8.8.8", b"", b"8.8.8.8"])
def test_what_is_not_an_address_is_an_error_that_does_not_repeat_it(
    build: Build, ip: str | bytes
) -> None:
    """The error is typed and shows nothing of what was given."""
    with pytest.raises(MalformedAddressError) as caught:
        build(NETWORKS).locate(ip)
    assert "8.8" not in f"{caught.value!r}{caught.value}{caught.value.args}"


def test_a_finding_shows_nothing_of_the_address(build: Build) -> None:
    """The representation has the provenance and lacks every form of the address."""
    finding = build(NETWORKS).locate("91.0.173.202")
    shown = repr(finding)
    for form in ("91.0", "173.202", str(0x5B00ADCA), "5b00", "adca"):
        assert form not in shown
    assert finding.provenance.sha256 in shown
    assert finding.provenance.built_at.tzinfo is not None
