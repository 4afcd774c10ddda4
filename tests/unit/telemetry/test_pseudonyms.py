"""Pseudonyms of accounts and their key."""

from __future__ import annotations

import stat
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from comity.app.startup import ExitCode, StartupError
from comity.telemetry.pseudonyms import KEY_FILE, Pseudonyms, open_pseudonyms


def test_a_pseudonym_is_the_hmac_of_the_account() -> None:
    """So that whoever holds the key can look an account up.

    Source: RFC 4231, test case 2.
    """
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert Pseudonyms("Jefe").of("what do ya want for nothing?") == expected


def test_the_key_id_tells_keys_apart_and_is_no_pseudonym() -> None:
    """It is short, and the same for the same key."""
    first, again, other = Pseudonyms("a" * 32), Pseudonyms("a" * 32), Pseudonyms("b" * 32)
    assert first.key_id == again.key_id != other.key_id
    assert len(first.key_id) == 16
    assert first.of("x") != other.of("x")


def test_a_key_is_made_once_and_kept_for_the_owner_only(tmp_path: Path) -> None:
    """Later processes use the same one."""
    data = tmp_path / "new" / "data"
    first, second = open_pseudonyms("", data), open_pseudonyms("", data)
    assert first.of("account") == second.of("account")
    assert stat.S_IMODE((data / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in data.iterdir()] == [KEY_FILE]
    assert open_pseudonyms("", tmp_path / "other").of("account") != first.of("account")


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    """The first to finish wins."""
    with ThreadPool(8) as pool:
        found = pool.map(lambda _: open_pseudonyms("", tmp_path).key_id, range(32))
    assert len(set(found)) == 1


def test_a_configured_key_is_used_and_nothing_kept(tmp_path: Path) -> None:
    """The data directory may even be missing."""
    key = "k" * 32
    assert open_pseudonyms(key, tmp_path / "none").of("a") == Pseudonyms(key).of("a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"abc\n", b"\xff" * 64])
def test_a_key_that_was_cut_short_is_refused(tmp_path: Path, content: bytes) -> None:
    """Going on under a weak key would go unnoticed; the message doesn't repeat it."""
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(StartupError, match="key of pseudonyms") as caught:
        open_pseudonyms("", tmp_path)
    assert caught.value.exit_code is ExitCode.DATA_DIR_UNUSABLE
    assert "abc" not in str(caught.value)


def test_a_place_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartupError, match="COMITY_PSEUDONYM_KEY"):
        open_pseudonyms("", tmp_path / "file")
