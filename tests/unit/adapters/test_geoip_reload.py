"""Replacement of database files in use."""

import gc
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
from comity.adapters.geoip import MaxMindPlaceLookup
from comity.app.ports.place_lookup import PlaceFlag

WriteDatabase = Callable[..., Path]

IP = "8.8.8.8"


def _country(write_database: WriteDatabase, code: str, name: str = "country.mmdb") -> Path:
    return write_database(name, "Test-Country", {"8.8.8.0/24": {"country_code": code}})


def test_a_replaced_file_is_taken_up(write_database: WriteDatabase) -> None:
    """After the reload the new content answers, under its own digest, and only then."""
    lookup = MaxMindPlaceLookup(_country(write_database, "FR"))
    before = lookup.locate(IP)
    _country(write_database, "NO")
    assert lookup.locate(IP) == before
    assert lookup.reload_if_changed()
    after = lookup.locate(IP)
    assert (before.place, after.place) == ("FR", "NO")
    assert before.provenance.sha256 != after.provenance.sha256
    assert lookup.status.provenance == after.provenance
    assert not lookup.reload_if_changed()


def test_a_touched_or_copied_file_of_the_same_content_changes_nothing(
    write_database: WriteDatabase,
) -> None:
    """Only another digest is another database."""
    path = _country(write_database, "FR")
    lookup = MaxMindPlaceLookup(path)
    os.utime(path)
    assert not lookup.reload_if_changed()
    copy = path.with_suffix(".copy")
    copy.write_bytes(path.read_bytes())
    copy.rename(path)
    assert not lookup.reload_if_changed()
    assert not lookup.status.errors


@pytest.mark.parametrize("kept_bytes", [0, 1, 100, -1, -200])
def test_an_unfinished_file_keeps_the_old_database_until_it_is_whole(
    write_database: WriteDatabase, kept_bytes: int
) -> None:
    """A half-written file, even written in place, is refused with a reason, then taken up."""
    path = _country(write_database, "FR")
    lookup = MaxMindPlaceLookup(path)
    whole = _country(write_database, "NO", "next.mmdb").read_bytes()
    path.write_bytes(whole[:kept_bytes])
    assert not lookup.reload_if_changed()
    assert lookup.locate(IP).place == "FR"
    assert [str(path) in error for error in lookup.status.errors] == [True]
    assert not lookup.reload_if_changed()
    assert len(lookup.status.errors) == 1
    path.write_bytes(whole)
    assert lookup.reload_if_changed()
    assert lookup.locate(IP).place == "NO"
    assert not lookup.status.errors


@pytest.mark.parametrize(
    "bad",
    [
        "GeoIP2-City-Test-Broken-Double-Format.mmdb",
        "GeoIP2-City-Test-Invalid-Node-Count.mmdb",
        "MaxMind-DB-test-broken-pointers-24.mmdb",
        "GeoLite2-ASN-Test.mmdb",
    ],
)
def test_a_bad_database_keeps_the_old_one(
    write_database: WriteDatabase, data: Path, bad: str
) -> None:
    """Damage and a wrong kind are found before the exchange."""
    path = _country(write_database, "FR")
    lookup = MaxMindPlaceLookup(path)
    path.write_bytes((data / bad).read_bytes())
    assert not lookup.reload_if_changed()
    assert lookup.locate(IP).place == "FR"
    assert len(lookup.status.errors) == 1


def test_a_file_that_disappears_keeps_the_old_database(write_database: WriteDatabase) -> None:
    """The error stands while the file is missing, and goes when the same file is back."""
    path = _country(write_database, "FR")
    content = path.read_bytes()
    lookup = MaxMindPlaceLookup(path)
    path.unlink()
    assert not lookup.reload_if_changed()
    assert lookup.locate(IP).place == "FR"
    assert "No such file" in lookup.status.errors[0]
    path.write_bytes(content)
    assert not lookup.reload_if_changed()
    assert not lookup.status.errors


def test_a_swapped_symlink_is_a_change(write_database: WriteDatabase, tmp_path: Path) -> None:
    """A path through a symlink to a folder, as ConfigMaps have it, follows the swap."""
    for folder, code in (("one", "FR"), ("two", "NO")):
        (tmp_path / folder).mkdir()
        _country(write_database, code, f"{folder}/country.mmdb")
    link = tmp_path / "..data"
    link.symlink_to("one")
    lookup = MaxMindPlaceLookup(link / "country.mmdb")
    assert lookup.locate(IP).place == "FR"
    (tmp_path / "draft").symlink_to("two")
    (tmp_path / "draft").rename(link)
    assert lookup.reload_if_changed()
    assert lookup.locate(IP).place == "NO"


def test_overwriting_the_file_in_place_leaves_running_lookups_alone(
    write_database: WriteDatabase,
) -> None:
    """Truncating the very file that was opened neither ends the process nor changes answers."""
    path = _country(write_database, "FR")
    lookup = MaxMindPlaceLookup(path)
    with path.open("r+b") as file:
        file.truncate(0)
    assert lookup.locate(IP).place == "FR"
    assert lookup.locate("9.9.9.9").flags == {PlaceFlag.NOT_FOUND}


def test_each_file_is_replaced_on_its_own(write_database: WriteDatabase) -> None:
    """A bad anonymity file doesn't hold back a good place file, nor the other way round."""
    records = {"8.8.8.0/24": {"is_anonymous_vpn": True}}
    anonymity = write_database("anonymous.mmdb", "Test-Anonymous-IP", records)
    lookup = MaxMindPlaceLookup(_country(write_database, "FR"), anonymity)
    anonymity.write_bytes(b"nonsense")
    _country(write_database, "NO")
    assert lookup.reload_if_changed()
    finding = lookup.locate(IP)
    assert finding.place == "NO"
    assert finding.flags == {PlaceFlag.VPN}
    assert [str(anonymity) in error for error in lookup.status.errors] == [True]
    records = {"8.8.8.0/24": {"is_hosting_provider": True}}
    write_database("anonymous.mmdb", "Test-Anonymous-IP", records)
    assert lookup.reload_if_changed()
    assert lookup.locate(IP).flags == {PlaceFlag.HOSTING}
    assert not lookup.status.errors


def test_a_replaced_database_is_freed_when_its_last_lookup_ends(
    write_database: WriteDatabase,
) -> None:
    """The old reader answers as long as somebody holds it, and no longer."""
    lookup = MaxMindPlaceLookup(_country(write_database, "FR"))
    held = lookup._databases.place
    watcher = weakref.ref(held)
    _country(write_database, "NO")
    assert lookup.reload_if_changed()
    assert held.reader.get(IP) == {"country_code": "FR"}
    del held
    gc.collect()
    assert watcher() is None


def test_lookups_during_exchanges_see_one_database_each(write_database: WriteDatabase) -> None:
    """Threads that look up while the file is replaced 10 times get whole, matching answers."""
    lookup = MaxMindPlaceLookup(_country(write_database, "FR"))
    seen: set[tuple[str | None, str]] = set()
    done = threading.Event()

    def look_up() -> None:
        while not done.is_set():
            finding = lookup.locate(IP)
            seen.add((finding.place, finding.provenance.sha256))

    threads = [threading.Thread(target=look_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    digests: dict[str, set[str]] = {"FR": {lookup.status.provenance.sha256}, "NO": set()}
    try:
        for turn in range(10):
            code = "NO" if turn % 2 == 0 else "FR"
            _country(write_database, code)
            assert lookup.reload_if_changed()
            digests[code].add(lookup.status.provenance.sha256)
    finally:
        done.set()
        for thread in threads:
            thread.join(10)
    assert seen <= {(code, digest) for code, known in digests.items() for digest in known}
    assert {code for code, _ in seen} == {"FR", "NO"}


def test_reloads_do_not_pile_up_descriptors(write_database: WriteDatabase) -> None:
    """Good and bad replacements leave as many open descriptors as before."""
    path = _country(write_database, "FR")
    lookup = MaxMindPlaceLookup(path)
    before = _count_descriptors()
    for turn in range(20):
        if turn % 2:
            path.write_bytes(b"broken %d" % turn)
        else:
            _country(write_database, "NO" if turn % 4 else "SE")
        lookup.reload_if_changed()
    assert _count_descriptors() <= before


def _count_descriptors() -> int:
    """How many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
