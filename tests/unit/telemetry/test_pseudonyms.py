"""Pseudonyms of accounts and their keys."""

from __future__ import annotations

import hmac
import stat
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from comity.app.startup import ExitCode, StartupError
from comity.telemetry.pseudonyms import (
    KEYS,
    PseudonymRing,
    Pseudonyms,
    destroy_epoch,
    epochs_in,
    open_pseudonyms,
)

START = datetime(2026, 3, 30, 22, tzinfo=UTC)
FIRST = date(2026, 3, 30)


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at the start."""
    return Clock()


def days_of(data_dir: Path) -> list[date]:
    """Return the first days of the periods that have a key."""
    return [epoch.begins for epoch in epochs_in(data_dir)]


def test_a_pseudonym_is_the_hmac_of_the_account() -> None:
    """So that whoever holds the key can look an account up.

    Source: RFC 4231, test case 2.
    """
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert Pseudonyms("Jefe").of("what do ya want for nothing?") == expected


@pytest.mark.parametrize("octets", [0, 1, 31, 32, 63, 64, 65, 200])
def test_pseudonyms_are_hmacs_under_keys_of_any_length(octets: int) -> None:
    """Keys longer than a block of the hash are hashed first."""
    key = "k" * octets
    pseudonyms = Pseudonyms(key)
    for account in ("a", "account-4711", "x" * 128, "ä" * 40):
        expected = hmac.new(key.encode(), account.encode(), "sha256").hexdigest()
        assert pseudonyms.of(account) == expected
        assert pseudonyms.of_octets(account.encode()) == expected.encode()


def test_the_key_id_tells_keys_apart_and_is_no_pseudonym() -> None:
    """It is short, and the same for the same key."""
    first, again, other = Pseudonyms("a" * 32), Pseudonyms("a" * 32), Pseudonyms("b" * 32)
    assert first.key_id == again.key_id != other.key_id
    assert len(first.key_id) == 16
    assert first.of("x") != other.of("x")


def test_a_key_is_made_once_and_kept_for_the_owner_only(tmp_path: Path) -> None:
    """Later processes use the same one."""
    data = tmp_path / "new" / "data"
    first, second = (open_pseudonyms("", data, 90).current() for _ in range(2))
    assert first.of("account") == second.of("account")
    (file,) = (data / KEYS).iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    other = open_pseudonyms("", tmp_path / "other", 90).current()
    assert other.of("account") != first.of("account")


def test_processes_that_start_together_get_one_key(tmp_path: Path, clock: Clock) -> None:
    """The first to finish wins; so it is when another becomes due."""
    with ThreadPool(8) as pool:
        rings = pool.map(lambda _: PseudonymRing(tmp_path, 90, clock), range(32))
        assert len({ring.current().key_id for ring in rings}) == 1
        clock.now += timedelta(days=90)
        found = pool.map(lambda ring: ring.current().key_id, rings)
    assert len(set(found)) == 1
    assert len(days_of(tmp_path)) == 2


def test_each_period_has_a_key_of_its_own(tmp_path: Path, clock: Clock) -> None:
    """From midnight on; whoever starts within a period goes on with its key."""
    ring = PseudonymRing(tmp_path, 90, clock)
    first = ring.current()
    clock.now = datetime(2026, 6, 28, tzinfo=UTC) - timedelta(microseconds=1)
    assert ring.current() is first
    assert PseudonymRing(tmp_path, 90, clock).current().key_id == first.key_id
    clock.now = datetime(2026, 6, 28, tzinfo=UTC)
    second = ring.current()
    assert second.key_id != first.key_id
    assert ring.current() is second
    assert days_of(tmp_path) == [FIRST, date(2026, 6, 28)]
    clock.now -= timedelta(days=1)
    assert PseudonymRing(tmp_path, 90, clock).current().key_id == second.key_id


def test_a_key_that_cannot_be_made_is_waited_for(tmp_path: Path, clock: Clock) -> None:
    """Decisions go on under the old one; an hour later it is tried again."""
    ring = PseudonymRing(tmp_path, 1, clock)
    first = ring.current()
    (tmp_path / KEYS).rename(tmp_path / "away")
    (tmp_path / KEYS).write_text("in the way")
    clock.now += timedelta(days=3)
    assert ring.current() is first
    (tmp_path / KEYS).unlink()
    clock.now += timedelta(minutes=59)
    assert ring.current() is first
    clock.now += timedelta(minutes=1)
    assert ring.current().key_id != first.key_id


def test_a_destroyed_key_is_gone(tmp_path: Path, clock: Clock) -> None:
    """And no other is made for its period."""
    ring = PseudonymRing(tmp_path, 30, clock)
    clock.now += timedelta(days=30)
    kept = ring.current()
    destroy_epoch(tmp_path, FIRST)
    assert [epoch.pseudonyms.key_id for epoch in epochs_in(tmp_path)] == [kept.key_id]
    with pytest.raises(FileNotFoundError):
        destroy_epoch(tmp_path, FIRST)
    assert PseudonymRing(tmp_path, 30, clock).current().key_id == kept.key_id
    assert len(list((tmp_path / KEYS).iterdir())) == 1


def test_a_configured_key_is_used_and_nothing_kept(tmp_path: Path) -> None:
    """The data directory may even be missing."""
    key = "k" * 32
    found = open_pseudonyms(key, tmp_path / "none", 90).current()
    assert found.of("a") == Pseudonyms(key).of("a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"abc\n", b"\xff" * 64])
@pytest.mark.parametrize(
    "read", [epochs_in, lambda data_dir: PseudonymRing(data_dir, 90, lambda: START)]
)
def test_a_key_that_was_cut_short_is_refused(
    tmp_path: Path, content: bytes, read: Callable[[Path], object]
) -> None:
    """Going on under a weak key would go unnoticed; the message doesn't repeat it."""
    (tmp_path / KEYS).mkdir()
    (tmp_path / KEYS / f"{FIRST}.key").write_bytes(content)
    with pytest.raises(StartupError, match="key of pseudonyms") as caught:
        read(tmp_path)
    assert caught.value.exit_code is ExitCode.DATA_DIR_UNUSABLE
    assert "abc" not in str(caught.value)


def test_a_place_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """With what to do; files that are no keys don't matter."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartupError, match="COMITY_PSEUDONYM_KEY"):
        open_pseudonyms("", tmp_path / "file", 90)
    (tmp_path / KEYS).mkdir()
    (tmp_path / KEYS / "notes.key").write_text("")
    assert epochs_in(tmp_path) == ()
