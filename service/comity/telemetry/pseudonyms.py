"""Pseudonyms of accounts: the same account has the same one under the same key, and no way back."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path
from typing import Final

from comity.app.startup import ExitCode, StartupError

KEY_FILE: Final = "pseudonym.key"
_KEY_BYTES: Final = 32
_KEY_ID_INPUT: Final = b"\0key id"
_KEY_ID_DIGITS: Final = 16


class Pseudonyms:
    """Makes pseudonyms: HMAC-SHA-256 of the account id, in hexadecimal.

    Attributes:
        key_id: names the key without giving it away; an account can only be looked up in spans
            that name a key one holds.
    """

    def __init__(self, key: str) -> None:
        """Make them under `key`, whose text is the secret."""
        self._keyed = hmac.new(key.encode(), digestmod="sha256")
        self.key_id = self._digest(_KEY_ID_INPUT)[:_KEY_ID_DIGITS]

    def of(self, account_id: str) -> str:
        """Return the pseudonym of an account."""
        return self._digest(account_id.encode())

    def _digest(self, text: bytes) -> str:
        """Return the digest of `text`; unlike `hmac.digest` without letting other threads in."""
        keyed = self._keyed.copy()
        keyed.update(text)
        return keyed.hexdigest()


def open_pseudonyms(configured_key: str, data_dir: Path) -> Pseudonyms:
    """Return pseudonyms under `configured_key`, or under one made and kept in `data_dir` if empty.

    Raises:
        StartupError: the key can't be kept or read there.
    """
    if configured_key:
        return Pseudonyms(configured_key)
    path = data_dir / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise _unusable(path, why or "unknown reason") from error
    if len(key) != 2 * _KEY_BYTES:
        raise _unusable(path, "it was cut short")
    return Pseudonyms(key)


def _make_key(path: Path) -> None:
    """Make a key in `path`, whole or not at all; the first of several processes wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{KEY_FILE}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:  # mkstemp makes it 0600
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
    finally:
        Path(made).unlink()


def _unusable(path: Path, why: str) -> StartupError:
    """Return the error of a key that can't be kept."""
    message = (
        f"the key of pseudonyms {path} can't be used: {why}; "
        "set COMITY_PSEUDONYM_KEY, or remove the file to have another made"
    )
    return StartupError(ExitCode.DATA_DIR_UNUSABLE, message)
