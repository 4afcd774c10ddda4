"""What is kept of look-ups by network changes no answer, and holds no address."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from comity.adapters.geoip import MaxMindPlaceLookup
from comity.adapters.geoip import lookup as geoip_lookup
from comity.app.ports.ip_address import AddressReach, MalformedAddressError, parse_address
from comity.app.ports.place_lookup import PlaceFinding, PlaceFlag

WriteDatabase = Callable[..., Path]
Records = Mapping[str, dict[str, Any]]

COUNTRIES = ("FR", "DE", "NO", "UA", "US")
ADDRESSES = 500
IPV4_LENGTHS = (8, 15, 20, 23, 24, 25, 26, 28, 31, 32)
IPV6_LENGTHS = (20, 32, 44, 47, 48, 49, 56, 64, 96, 127, 128)
IPV4_BITS, IPV6_BITS = 32, 128


def network(chance: random.Random, near: list[str]) -> str:
    """Return a network, often within or around one of those named before."""
    four = chance.random() < 0.5
    bits = IPV4_BITS if four else IPV6_BITS
    length = chance.choice(IPV4_LENGTHS if four else IPV6_LENGTHS)
    number = chance.getrandbits(bits)
    if four:
        number = number & 0x00FFFFFF | chance.choice((8, 9, 45)) << 24
    else:
        number = number & (1 << 112) - 1 | 0x2A00 << 112
    alike = [text for text in near if (":" not in text) is four]
    if alike and chance.random() < 0.7:
        known = ip_network(chance.choice(alike))
        flipped = 1 << chance.randrange(0, bits - known.prefixlen + 1)
        number = int(known.network_address) ^ flipped & ((1 << bits - 1) - 1)
    kind = IPv4Network if four else IPv6Network
    return str(kind((number >> bits - length << bits - length, length)))


def networks(chance: random.Random, count: int) -> list[str]:
    """Return networks that are nested and beside each other, the widest first."""
    found: list[str] = []
    while len(found) < count:
        text = network(chance, found)
        if text not in found:
            found.append(text)
    # Whoever writes a database has the narrower network after the wider one that it is in.
    return sorted(found, key=lambda text: ip_network(text).prefixlen)


def addresses(chance: random.Random, near: list[str]) -> list[str]:
    """Return addresses in and about networks, some of them inside IPv6 addresses."""
    found = []
    for _ in range(ADDRESSES):
        known = ip_network(chance.choice(near))
        bits = IPV4_BITS if known.version == 4 else IPV6_BITS
        number = int(known.network_address) + chance.choice((0, -1, 1, known.num_addresses - 1))
        if chance.random() < 0.6:
            number ^= chance.getrandbits(max(1, min(bits - known.prefixlen + 2, bits - 9)))
        if bits == IPV6_BITS:
            found.append(str(ip_address(number % (1 << bits) | 1 << 124)))
            continue
        four = ip_address(number % (1 << bits))
        first, second = f"{int(four) >> 16:x}", f"{int(four) & 0xFFFF:x}"
        found.append(
            chance.choice(
                (
                    *[str(four)] * 6,
                    f"::ffff:{four}",
                    f"2002:{first}:{second}::1",
                    f"64:ff9b::{first}:{second}",
                    f"::{first}:{second}",
                )
            )
        )
    return [*found, *("10.0.0.1", "127.0.0.1", "2001:db8::1", "192.0.2.7", "fe80::1", "::1")]


def place_of(records: Records, address: str) -> str | None:
    """Return the country of the narrowest network that holds an address."""
    parsed = parse_address(address)
    if parsed.reach is not AddressReach.PUBLIC:
        return None
    inner = ip_address(parsed.text)
    holding = [text for text in records if inner in ip_network(text)]
    narrowest = max(holding, key=lambda text: ip_network(text).prefixlen, default=None)
    return None if narrowest is None else records[narrowest]["country_code"]


def is_vpn(records: Records, address: str) -> bool:
    """Return whether the narrowest network that holds an address is one of a VPN."""
    parsed = parse_address(address)
    if parsed.reach is not AddressReach.PUBLIC:
        return False
    inner = ip_address(parsed.text)
    holding = [text for text in records if inner in ip_network(text)]
    narrowest = max(holding, key=lambda text: ip_network(text).prefixlen, default=None)
    return narrowest is not None and records[narrowest]["is_anonymous_vpn"]


def uncached(lookup: MaxMindPlaceLookup, address: str) -> PlaceFinding:
    """Return what the databases say of an address, read anew."""
    return lookup._find(parse_address(address), lookup._databases)[0]


@pytest.mark.parametrize("seed", range(3))
def test_answers_are_those_of_the_databases(write_database: WriteDatabase, seed: int) -> None:
    """For addresses in and about networks of all widths, in any order, asked again and again."""
    chance = random.Random(seed)
    near = networks(chance, 60)
    places = {text: {"country_code": chance.choice(COUNTRIES)} for text in near[:40]}
    anonymous = {text: {"is_anonymous_vpn": chance.random() < 0.7} for text in near[20:]}
    lookup = MaxMindPlaceLookup(
        write_database("places.mmdb", "Test-Country", places),
        write_database("anonymous.mmdb", "Test-Anonymous-IP", anonymous) if seed else None,
    )
    asked = addresses(chance, near)
    seen = set()
    for address in [*asked, *chance.sample(asked, len(asked))]:
        finding = lookup.locate(address)
        assert finding == uncached(lookup, address), address
        assert finding.place == place_of(places, address), address
        assert (PlaceFlag.VPN in finding.flags) is (seed > 0 and is_vpn(anonymous, address))
        seen.add(finding.place)
    assert seen == {None, *COUNTRIES}
    kept = len(lookup._databases.by_network)
    assert 20 < kept < len(set(asked))


def test_a_network_narrower_than_what_is_kept_is_asked_each_time(
    write_database: WriteDatabase,
) -> None:
    """Two halves of 256 addresses may be in two countries, or one of them a VPN's."""
    lookup = MaxMindPlaceLookup(
        write_database(
            "places.mmdb",
            "Test-Country",
            {
                "8.8.8.0/25": {"country_code": "FR"},
                "8.8.8.128/25": {"country_code": "NO"},
                "2a00:1:2::/49": {"country_code": "FR"},
                "2a00:1:2:8000::/49": {"country_code": "NO"},
                "9.9.9.0/24": {"country_code": "DE"},
            },
        ),
        write_database(
            "anonymous.mmdb", "Test-Anonymous-IP", {"9.9.9.9/32": {"is_anonymous_vpn": True}}
        ),
    )
    for _ in range(2):
        assert [lookup.locate(f"8.8.8.{n}").place for n in (1, 200, 2)] == ["FR", "NO", "FR"]
        halves = ("2a00:1:2::1", "2a00:1:2:8000::1", "2a00:1:2::2")
        assert [lookup.locate(half).place for half in halves] == ["FR", "NO", "FR"]
        vpn = [PlaceFlag.VPN in lookup.locate(f"9.9.9.{n}").flags for n in (8, 9, 10)]
        assert vpn == [False, True, False]


def test_a_database_of_ipv4_knows_no_other_address(write_database: WriteDatabase) -> None:
    """It doesn't have to be asked for each of them."""
    records = {"8.8.8.0/24": {"country_code": "FR"}}
    lookup = MaxMindPlaceLookup(write_database("four.mmdb", "Test-Country", records, 4))
    for _ in range(2):
        assert lookup.locate("8.8.8.8").place == "FR"
        assert lookup.locate("2a00:1:2::3").flags == {PlaceFlag.NOT_FOUND}
        assert lookup.locate("::ffff:8.8.8.8").place == "FR"
        assert lookup.locate("2a00:1:2::4") == uncached(lookup, "2a00:1:2::4")


def test_equal_findings_are_one_object_until_the_database_is_exchanged(
    write_database: WriteDatabase,
) -> None:
    """So that they can be told apart by what they are."""
    records = {f"8.8.{n}.0/24": {"country_code": "FR"} for n in range(4)}
    path = write_database("places.mmdb", "Test-Country", records)
    lookup = MaxMindPlaceLookup(path)
    findings = {id(lookup.locate(f"8.8.{n}.{m}")) for n in range(2) for m in range(3)}
    before = lookup.locate("8.8.0.1")
    assert findings == {id(before)}
    write_database("places.mmdb", "Test-Country", {**records, "9.9.9.0/24": records["8.8.0.0/24"]})
    assert lookup.reload_if_changed()
    after = lookup.locate("8.8.0.1")
    assert after.place == before.place
    assert after != before  # the provenance is another


def kept_in(root: object) -> Iterator[object]:
    """Yield what caches keep, keys and values."""
    todo, seen = [root], set()
    while todo:
        found = todo.pop()
        if id(found) in seen or isinstance(found, type):
            continue
        seen.add(id(found))
        yield found
        if isinstance(found, dict):
            todo += [*found.keys(), *found.values()]
        else:
            todo += gc.get_referents(found)


def test_no_whole_address_is_kept(write_database: WriteDatabase) -> None:
    """Keys are networks of 256 addresses, or of a site; nothing else tells of an address."""
    records = {"8.0.0.0/8": {"country_code": "FR"}, "2a00::/16": {"country_code": "NO"}}
    records |= {"8.7.6.5/32": {"country_code": "UA"}, "2a00::7/128": {"country_code": "UA"}}
    lookup = MaxMindPlaceLookup(write_database("places.mmdb", "Test-Country", records))
    asked = ["8.8.8.8", "8.7.6.5", "8.7.6.6", "2a00::7", "2a00:1::8", "::ffff:8.9.9.9", "10.1.2.3"]
    for address in asked * 2:
        lookup.locate(address)
    databases = lookup._databases
    kept = [*kept_in(databases.by_network), *kept_in(databases.alike)]
    keys = {octets for octets in kept if isinstance(octets, bytes)}
    assert keys == {b"\x08\x08\x08", b"\x2a\x00\x00\x01\x00\x00"}
    texts = {text for text in kept if isinstance(text, str)}
    assert not [text for text in texts for address in asked if address in text]


def test_findings_that_are_kept_are_bounded(
    write_database: WriteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan of all networks doesn't fill the memory."""
    monkeypatch.setattr(geoip_lookup, "_FINDINGS_KEPT", 8)
    records = {"8.0.0.0/8": {"country_code": "FR"}}
    lookup = MaxMindPlaceLookup(write_database("places.mmdb", "Test-Country", records))
    for number in range(200):
        assert lookup.locate(f"8.8.{number}.1").place == "FR"
        assert len(lookup._databases.by_network) <= 16


@pytest.mark.parametrize(
    "malformed",
    ["8.8.8.256", "8.8.8.08", "8.8.8.+8", "8.8.8.", "8.8.8. 8", "8.8.8.8 ", "8.8.8", "08.8.8.8"],
)
def test_what_is_no_address_is_none_in_a_known_network_either(malformed: str) -> None:
    """However much of it is as in an address that was looked up before."""
    places = MaxMindPlaceLookup()
    known = places.locate("8.8.8.8")
    assert places.locate("8.8.8.0") is places.locate("8.8.8.255") is known
    with pytest.raises(MalformedAddressError):
        places.locate(malformed)


def test_an_address_inside_another_is_told_from_the_address_itself() -> None:
    """Whichever is looked up first: one is known to be mapped, the other not."""
    for pair in (("8.8.8.8", "::ffff:8.8.8.8"), ("::ffff:9.9.9.9", "9.9.9.9")):
        places = MaxMindPlaceLookup()
        flags = [places.locate(text).flags for text in (*pair, *pair)]
        assert [PlaceFlag.MAPPED in each for each in flags] == [":" in text for text in pair] * 2
