"""Pseudonyms of accounts: the same account has the same one under the same key, and no way back.

Unless a key is configured, each period has one of its own, in a file that bears the day on which
it begins. Whoever holds a key finds an account's decisions of its period; once a key is destroyed
nobody does.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
import threading
from binascii import hexlify
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from comity.app.startup import ExitCode, StartupError

KEYS: Final = "pseudonyms"
_SUFFIX: Final = ".key"
_KEY_BYTES: Final = 32
_KEY_ID_INPUT: Final = b"\0key id"
_KEY_ID_DIGITS: Final = 16
PSEUDONYM_DIGITS: Final = 64
_BLOCK_BYTES: Final = 64
_INNER: Final = bytes(octet ^ 0x36 for octet in range(256))
_OUTER: Final = bytes(octet ^ 0x5C for octet in range(256))


class Pseudonyms:
    """Makes pseudonyms: HMAC-SHA-256 of the account id, in hexadecimal.

    The hashes that have taken up the key are copied for each: `hmac` takes twice as long for a
    copy, and `hmac.digest`, which lets other threads in, three times.

    Source: RFC 2104 (HMAC)

    Attributes:
        key_id: names the key without giving it away; an account can only be looked up in spans
            that name a key one holds.
    """

    def __init__(self, key: str) -> None:
        """Make them under `key`, whose text is the secret."""
        secret = key.encode()
        if len(secret) > _BLOCK_BYTES:
            secret = hashlib.sha256(secret).digest()
        block = secret.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(_INNER))
        self._outer = hashlib.sha256(block.translate(_OUTER))
        self.key_id = self.of_octets(_KEY_ID_INPUT)[:_KEY_ID_DIGITS].decode()

    def current(self) -> Pseudonyms:
        """Return itself: this key has no period."""
        return self

    def of(self, account_id: str) -> str:
        """Return the pseudonym of an account."""
        return self.of_octets(account_id.encode()).decode()

    def of_octets(self, account_id: bytes) -> bytes:
        """Return the pseudonym of an account; both as octets."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(account_id)
        outer.update(inner.digest())
        return hexlify(outer.digest())


@dataclass(frozen=True, slots=True)
class Epoch:
    """The key of one period.

    Attributes:
        begins: day (UTC) on which it came into use.
        pseudonyms: makes pseudonyms under it.
    """

    begins: date
    pseudonyms: Pseudonyms

    def ends(self, rotate_days: int) -> datetime:
        """Return the instant from which another key is to be used."""
        midnight = datetime(self.begins.year, self.begins.month, self.begins.day, tzinfo=UTC)
        return midnight + timedelta(days=rotate_days)


def _now() -> datetime:
    """Return the current instant."""
    return datetime.now(UTC)


class PseudonymRing:
    """The keys in a data directory; shared by threads, and by processes through its files."""

    def __init__(
        self, data_dir: Path, rotate_days: int, clock: Callable[[], datetime] = _now
    ) -> None:
        """Use a key for `rotate_days`, then make another.

        Raises:
            StartupError: a key can't be kept or read.
        """
        self._folder = data_dir / KEYS
        self._rotate_days = rotate_days
        self._clock = clock
        self._turning = threading.Lock()
        self._epoch = self._epoch_at(clock())
        self._until = self._epoch.ends(rotate_days)

    def current(self) -> Pseudonyms:
        """Return what makes the pseudonyms of this period.

        If no other key can be made when one is due, the old one is used for another hour.
        """
        now = self._clock()
        if now >= self._until:
            with self._turning:
                if now >= self._until:
                    self._turn(now)
        return self._epoch.pseudonyms

    def _turn(self, now: datetime) -> None:
        """Take up the key of the period of `now`."""
        try:
            self._epoch = self._epoch_at(now)
        except StartupError:
            self._until = now + timedelta(hours=1)
        else:
            self._until = self._epoch.ends(self._rotate_days)

    def _epoch_at(self, now: datetime) -> Epoch:
        """Return the epoch of `now`, made if there is none.

        Raises:
            StartupError: its key can't be kept or read.
        """
        today = now.astimezone(UTC).date()
        for begins in reversed(_days_in(self._folder)):
            epoch = Epoch(begins, _read_key(_path(self._folder, begins)))
            # A clock that was set back must not make a key older than one in use.
            return epoch if now < epoch.ends(self._rotate_days) else self._make(today)
        return self._make(today)

    def _make(self, today: date) -> Epoch:
        """Return the epoch that begins today.

        Raises:
            StartupError: its key can't be kept or read.
        """
        path = _path(self._folder, today)
        try:
            _make_key(path)
        except OSError as error:
            raise _unusable(path, error.strerror or "unknown reason") from error
        return Epoch(today, _read_key(path))


def open_pseudonyms(
    configured_key: str, data_dir: Path, rotate_days: int
) -> Pseudonyms | PseudonymRing:
    """Return pseudonyms under `configured_key`; if empty, under the keys kept in `data_dir`.

    Raises:
        StartupError: a key can't be kept or read there.
    """
    return Pseudonyms(configured_key) if configured_key else PseudonymRing(data_dir, rotate_days)


def epochs_in(data_dir: Path) -> tuple[Epoch, ...]:
    """Return the periods whose keys are still kept, earliest first.

    Raises:
        StartupError: a key can't be read.
    """
    folder = data_dir / KEYS
    return tuple(Epoch(day, _read_key(_path(folder, day))) for day in _days_in(folder))


def destroy_epoch(data_dir: Path, begins: date) -> None:
    """Remove the key of a period for good, the file overwritten first.

    Raises:
        FileNotFoundError: there is none.
        OSError: the disk refuses.
    """
    path = _path(data_dir / KEYS, begins)
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    _sync_folder(path.parent)


def _days_in(folder: Path) -> list[date]:
    """Return the first days of the periods that have a key, earliest first."""
    found = []
    for path in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(ValueError):
            found.append(date.fromisoformat(path.stem))
    return sorted(found)


def _path(folder: Path, begins: date) -> Path:
    """Return the file of the key of a period."""
    return folder / f"{begins.isoformat()}{_SUFFIX}"


def _read_key(path: Path) -> Pseudonyms:
    """Return what makes pseudonyms under the key in `path`.

    Raises:
        StartupError: it can't be read, or was cut short.
    """
    try:
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise _unusable(path, why or "unknown reason") from error
    if len(key) != 2 * _KEY_BYTES:
        raise _unusable(path, "it was cut short")
    return Pseudonyms(key)


def _make_key(path: Path) -> None:
    """Make a key in `path`, whole or not at all; the first of several processes wins.

    Raises:
        OSError: the disk refuses.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:  # mkstemp makes it 0600
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
    finally:
        Path(made).unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Have the disk keep what was done to the names in `folder`.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(path: Path, why: str) -> StartupError:
    """Return the error of a key that can't be kept."""
    message = (
        f"the key of pseudonyms {path} can't be used: {why}; "
        "set COMITY_PSEUDONYM_KEY, or remove the file to have another made"
    )
    return StartupError(ExitCode.DATA_DIR_UNUSABLE, message)
