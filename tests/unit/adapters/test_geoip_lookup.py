"""Look-ups in MaxMind's own test databases and in the embedded one."""

import hashlib
import json
import lzma
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from comity.adapters.geoip import ATTRIBUTION, GeoipDatabaseError, MaxMindPlaceLookup
from comity.app.ports.place_lookup import PlaceFlag
from comity.metrics import WorkerMetrics
from comity.policy.lexicon import Lexicon

WriteDatabase = Callable[..., Path]

ROOT = Path(__file__).parents[3]
LARGEST_BYTES = 3_000_000


@pytest.mark.parametrize(
    ("file", "ip", "place", "flags"),
    [
        ("GeoIP2-Country-Test", "81.2.69.160", "GB", ""),
        ("GeoIP2-Country-Test", "2.125.160.216", "GB", ""),
        ("GeoIP2-Country-Test", "67.43.156.1", "BT", ""),
        ("GeoIP2-Country-Test", "89.160.20.129", "SE", ""),
        ("GeoIP2-Country-Test", "::ffff:89.160.20.129", "SE", "mapped"),
        ("GeoIP2-Country-Test", "2002:5921:1481::1", None, "six_to_four not_found"),
        ("GeoIP2-Country-Test", "2002:59a0:1481::1", "SE", "six_to_four"),
        ("GeoIP2-Country-Test", "202.196.224.1", "PH", ""),
        ("GeoIP2-Country-Test", "214.1.1.1", None, "anycast not_found"),
        ("GeoIP2-Country-Test", "2a02:d500::1", None, "not_found"),
        ("GeoIP2-City-Test", "81.2.69.160", "GB-ENG", ""),
        ("GeoIP2-City-Test", "202.196.224.1", "PH", ""),
    ],
)
def test_maxmind_databases_are_read(
    data: Path, file: str, ip: str, place: str | None, flags: str
) -> None:
    """Country and City files give country or subdivision, whatever else they say."""
    finding = MaxMindPlaceLookup(data / f"{file}.mmdb").locate(ip)
    assert (finding.place, finding.flags) == (place, frozenset(map(PlaceFlag, flags.split())))
    assert finding.provenance.database_type == file.removesuffix("-Test")


def test_an_anonymous_ip_database_adds_flags_and_its_provenance(data: Path) -> None:
    """The two databases are asked about the same address, and both are named."""
    anonymity = data / "GeoIP2-Anonymous-IP-Test.mmdb"
    lookup = MaxMindPlaceLookup(data / "GeoIP2-Country-Test.mmdb", anonymity)
    finding = lookup.locate("81.2.69.160")
    assert finding.place == "GB"
    assert finding.flags == {
        PlaceFlag.VPN,
        PlaceFlag.HOSTING,
        PlaceFlag.PROXY,
        PlaceFlag.RESIDENTIAL_PROXY,
        PlaceFlag.TOR,
    }
    assert finding.is_low_trust(Lexicon())
    assert finding.anonymity_provenance is not None
    digest = hashlib.sha256(anonymity.read_bytes()).hexdigest()
    assert finding.anonymity_provenance.sha256 == digest
    assert lookup.locate("::ffff:65.0.0.1").flags >= {PlaceFlag.TOR, PlaceFlag.MAPPED}
    assert lookup.locate("89.160.20.129").flags == frozenset()


def test_a_database_of_ipv4_alone_does_not_find_ipv6(write_database: WriteDatabase) -> None:
    """An IPv6 address is a normal miss there, and an IPv4 one inside it is found."""
    path = write_database("four.mmdb", "Country", {"8.8.8.0/24": {"country_code": "US"}}, 4)
    lookup = MaxMindPlaceLookup(path)
    assert lookup.locate("2a00:1450::1").flags == {PlaceFlag.NOT_FOUND}
    assert lookup.locate("64:ff9b::8.8.8.8").place == "US"
    assert lookup.status.failed_lookups == 0


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("GeoIP2-City-Test-Broken-Double-Format.mmdb", "damaged"),
        ("GeoIP2-City-Test-Invalid-Node-Count.mmdb", "damaged"),
        ("MaxMind-DB-test-broken-pointers-24.mmdb", "type 'Test'"),
        ("GeoLite2-ASN-Test.mmdb", "type 'GeoLite2-ASN'"),
        ("GeoIP2-Anonymous-IP-Test.mmdb", "type 'GeoIP2-Anonymous-IP'"),
        ("nowhere.mmdb", "No such file"),
        (".", "Is a directory"),
    ],
)
def test_a_named_file_that_cannot_be_used_is_a_start_error(
    data: Path, file: str, says: str
) -> None:
    """The error names the file and the reason; the embedded database doesn't step in."""
    with pytest.raises(GeoipDatabaseError, match=says) as caught:
        MaxMindPlaceLookup(data / file)
    assert str(data / file) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 100_000, b"\xab\xcd\xefMaxMind.com"])
def test_a_file_of_something_else_is_a_start_error(tmp_path: Path, content: bytes) -> None:
    """Empty, text, zeroes or a bare marker: none is a database."""
    path = tmp_path / "country.mmdb"
    path.write_bytes(content)
    with pytest.raises(GeoipDatabaseError, match="not a MaxMind DB file"):
        MaxMindPlaceLookup(path)


def test_a_file_of_the_wrong_kind_is_refused_as_anonymity_database(data: Path) -> None:
    """A country file can't stand in for the Anonymous IP one."""
    with pytest.raises(GeoipDatabaseError, match="needed: anonymous"):
        MaxMindPlaceLookup(None, data / "GeoIP2-Country-Test.mmdb")


def test_damage_met_in_a_lookup_is_flagged_and_counted(write_database: WriteDatabase) -> None:
    """A record that can't be decoded gives no place, an unreadable flag and a count; no error."""
    networks = {f"{i >> 8}.{i & 255}.0.0/16": {"country_code": "FR"} for i in range(256, 10_000)}
    # Only 9.9.9.9 has this record, beyond the networks that are read when the file is opened.
    path = write_database(
        "deep.mmdb", "Country", networks | {"200.9.9.9/32": {"country_code": "QQ", "x": "damage"}}
    )
    content = bytearray(path.read_bytes())
    at = content.index(b"\x46damage")
    content[at] = 0x00  # an extended type that doesn't exist
    content[at + 1] = 0xF0
    path.write_bytes(content)
    lookup = MaxMindPlaceLookup(path)
    finding = lookup.locate("200.9.9.9")
    assert finding.place is None
    assert finding.flags == {PlaceFlag.UNREADABLE}
    assert lookup.status.failed_lookups == 1
    metrics = WorkerMetrics()
    metrics.count_failed_lookups(lambda: lookup.status.failed_lookups)
    assert b"comity_geoip_failed_lookups_total 1.0" in metrics.text()
    assert lookup.locate("5.6.7.8").place == "FR"


def test_the_embedded_database_knows_countries() -> None:
    """Without a setting the embedded database answers, and names itself."""
    lookup = MaxMindPlaceLookup()
    assert {
        ip: lookup.locate(ip).place
        for ip in ("8.8.8.8", "77.88.8.8", "185.8.41.1", "2a00:1450:4001::8", "213.163.126.1")
    } == {
        "8.8.8.8": "US",
        "77.88.8.8": "RU",
        "185.8.41.1": "UA",
        "2a00:1450:4001::8": "IE",
        "213.163.126.1": "AL",
    }
    manifest = json.loads((files("comity") / "data" / "geoip-country.json").read_bytes())
    assert lookup.status.embedded
    assert lookup.status.provenance.sha256 == manifest["sha256"]
    assert lookup.status.provenance == lookup.locate("8.8.8.8").provenance
    assert not lookup.reload_if_changed()


def test_the_embedded_database_is_small_and_quick_to_open() -> None:
    """At most 3 MB in the repository, and half a second of processor time to open."""
    data = files("comity") / "data"
    packed = (data / "geoip-country.mmdb.xz").read_bytes()
    manifest = json.loads((data / "geoip-country.json").read_bytes())
    assert len(packed) <= LARGEST_BYTES
    content = lzma.decompress(packed)
    assert len(content) == manifest["size_bytes"]
    assert hashlib.sha256(content).hexdigest() == manifest["sha256"]
    begin = time.process_time()
    MaxMindPlaceLookup()
    assert time.process_time() - begin < 0.5


def test_the_attribution_stands_in_the_notice() -> None:
    """NOTICE shows the very text that the command line shows, with licence and source."""
    assert ATTRIBUTION in (ROOT / "NOTICE").read_text()
    assert "CC BY 4.0" in ATTRIBUTION
    assert "nro.net" in ATTRIBUTION
