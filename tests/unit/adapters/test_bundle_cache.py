"""Revisions on disk: epochs only go forward, and what was written reads back."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from comity.adapters.bundle_cache import BundleCache, BundleCacheError
from comity.adapters.data_directory import DataDirectory, DataDirectoryError
from comity.domain.request import Revision

START = datetime(2024, 9, 20, tzinfo=UTC)
ONE, TWO = "1" * 64, "2" * 64
SOURCE = Path("/policies")


def test_the_first_revision_has_epoch_one(tmp_path: Path) -> None:
    """An empty cache knows nothing, and gives its first revision epoch 1."""
    cache = BundleCache(tmp_path / "new")
    assert cache.latest() is None
    assert cache.known_at(START) is None
    known = cache.admit(ONE, {"a.yaml": b"1"}, SOURCE, START)
    assert known.revision == Revision(1, ONE)
    assert known.in_force_since == START


def test_the_same_content_keeps_its_epoch_across_a_restart(tmp_path: Path) -> None:
    """A restart with unchanged policies is no new revision."""
    known = BundleCache(tmp_path).admit(ONE, {"a.yaml": b"1"}, SOURCE, START)
    again = BundleCache(tmp_path).admit(ONE, {"a.yaml": b"1"}, SOURCE, START + timedelta(days=1))
    assert again == known


def test_a_rollback_gets_a_new_epoch(tmp_path: Path) -> None:
    """Old content that comes back is a later revision."""
    cache = BundleCache(tmp_path)
    for number, digest in enumerate((ONE, TWO, ONE)):
        instant = START + timedelta(hours=number)
        known = cache.admit(digest, {"a.yaml": digest.encode()}, SOURCE, instant)
        assert known.revision == Revision(number + 1, digest)
    latest = BundleCache(tmp_path).latest()
    assert latest is not None
    assert latest.revision == Revision(3, ONE)


def test_each_instant_has_the_revision_that_was_in_force(tmp_path: Path) -> None:
    """A revision counts from its instant on, that instant included, until the next."""
    cache = BundleCache(tmp_path)
    cache.admit(ONE, {"a.yaml": b"1"}, SOURCE, START)
    cache.admit(TWO, {"a.yaml": b"2"}, SOURCE, START + timedelta(hours=1))
    tick = timedelta(microseconds=1)
    assert cache.known_at(START - tick) is None
    for instant, content in (
        (START, b"1"),
        (START + timedelta(hours=1) - tick, b"1"),
        (START + timedelta(hours=1), b"2"),
        (START + timedelta(days=9), b"2"),
    ):
        known = cache.known_at(instant)
        assert known is not None
        assert cache.files_of(known) == {"a.yaml": content}


def test_a_revision_is_found_by_what_it_holds(tmp_path: Path) -> None:
    """The latest of those that hold the same; none for what was never in force."""
    cache = BundleCache(tmp_path)
    for number, digest in enumerate((ONE, TWO, ONE)):
        cache.admit(digest, {"a.yaml": b"1"}, SOURCE, START + timedelta(hours=number))
    found = [cache.with_content(digest) for digest in (ONE, TWO)]
    assert [known.revision.epoch for known in found if known] == [3, 2]
    assert cache.with_content("3" * 64) is None


def test_a_clock_set_back_does_not_reorder_revisions(tmp_path: Path) -> None:
    """The next revision begins after the one before, whatever the clock says."""
    cache = BundleCache(tmp_path)
    first = cache.admit(ONE, {}, SOURCE, START)
    second = cache.admit(TWO, {}, SOURCE, START - timedelta(days=1))
    assert second.in_force_since > first.in_force_since


def test_only_so_many_revisions_are_kept(tmp_path: Path) -> None:
    """The oldest go, the epochs go on."""
    cache = BundleCache(tmp_path, kept=3)
    for number in range(5):
        cache.admit(f"{number:064x}", {}, SOURCE, START + timedelta(hours=number))
    assert len(list(tmp_path.iterdir())) == 3
    assert cache.known_at(START) is None
    latest = cache.latest()
    assert latest is not None
    assert latest.revision.epoch == 5


def test_bytes_names_and_source_come_back_as_they_were(tmp_path: Path) -> None:
    """Any bytes under any path are kept, and the directory that they came from."""
    cache = BundleCache(tmp_path)
    files = {"jurisdictions/ua.yaml": bytes(range(256)), "ü.yaml": b""}
    known = cache.admit(ONE, files, Path("/srv/a b/policies"), START)
    assert cache.files_of(known) == files
    assert cache.source_of(known) == "/srv/a b/policies"


def test_a_damaged_file_is_reported_and_written_anew(tmp_path: Path) -> None:
    """Damage costs the contents, not the epoch; the same content repairs it."""
    cache = BundleCache(tmp_path)
    known = cache.admit(ONE, {"a.yaml": b"1" * 500}, SOURCE, START)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BundleCacheError, match="epoch 1 are missing or damaged"):
        cache.files_of(known)
    assert cache.admit(ONE, {"a.yaml": b"1" * 500}, SOURCE, START) == known
    assert cache.files_of(known) == {"a.yaml": b"1" * 500}


def test_what_a_crash_left_unfinished_is_passed_over(tmp_path: Path) -> None:
    """A half-written or foreign file is no revision, and is cleared away."""
    cache = BundleCache(tmp_path)
    (tmp_path / ".unfinished-x").write_bytes(b"half")
    (tmp_path / "notes.txt").write_bytes(b"")
    assert cache.latest() is None
    cache.admit(ONE, {}, SOURCE, START)
    assert not (tmp_path / ".unfinished-x").exists()
    assert (tmp_path / "notes.txt").exists()


def test_a_folder_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    """A revision that can't be kept does not come into force."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BundleCacheError, match="can't be written"):
        BundleCache(tmp_path / "file" / "below").admit(ONE, {}, SOURCE, START)


def test_a_data_directory_serves_one_server_at_a_time(tmp_path: Path) -> None:
    """A second server on the same directory is refused until the first has ended."""
    first = DataDirectory(tmp_path / "data")
    with pytest.raises(DataDirectoryError, match="in use by another server"):
        DataDirectory(tmp_path / "data")
    first.close()
    second = DataDirectory(tmp_path / "data")
    assert second.path.stat().st_mode & 0o777 == 0o700
    second.close()


def test_a_data_directory_that_can_not_be_made_says_so(tmp_path: Path) -> None:
    """The message names the directory and the setting."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataDirectoryError, match="COMITY_DATA_DIR"):
        DataDirectory(tmp_path / "file" / "below")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
@pytest.mark.parametrize(("mode", "accepted"), [(0o1777, False), (0o755, True)])
def test_a_directory_that_somebody_else_made_is_refused(
    tmp_path: Path, mode: int, *, accepted: bool
) -> None:
    """Where anybody may make directories, as in /tmp, another's could hold forged policies."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    (tmp_path / "open" / "comity").mkdir()
    os.chown(tmp_path / "open" / "comity", 12_345, -1)
    if accepted:
        DataDirectory(tmp_path / "open" / "comity").close()
    else:
        with pytest.raises(DataDirectoryError, match="another user owns it"):
            DataDirectory(tmp_path / "open" / "comity")
