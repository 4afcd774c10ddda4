"""Seals what a record keeps and nobody but the holder of the legal key may read.

A fresh key is encapsulated to the legal key once an hour (HPKE, base mode, single shot); each
record is sealed under it with a nonce of its own, padded to one of a few sizes and bound to the
identity of its span, so that equal facts don't look equal and no seal fits another span.

Source: RFC 9180 (HPKE), RFC 8439 (ChaCha20-Poly1305)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from opentelemetry.util.types import AttributeValue

from comity.app.startup import ExitCode, StartupError
from comity.journal import AttributeKey, encode_attributes
from comity.telemetry.identifiers import Randomness

KEY: Final = "comity.sealed.key"
ENCAPSULATION: Final = "comity.sealed.enc"
DATA: Final = "comity.sealed.data"

HOUR_SECONDS: Final = 3600.0
LEAST_BYTES: Final = 512
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_LENGTH_BYTES: Final = 4
_KEY_ID_DIGITS: Final = 16
_INFO: Final = b"comity sealed facts 1"
_DATA: Final = AttributeKey(DATA)
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class SealError(Exception):
    """A key or a seal can't be used; the message says why, and quotes neither."""


@dataclass(frozen=True, slots=True)
class _Hour:
    """The key of an hour.

    Attributes:
        until: when another is to be made, by the clock of the sealer.
        cipher: seals under it.
        encapsulated: the key, sealed to the legal key.
        named: the attributes that name both, encoded.
    """

    until: float
    cipher: ChaCha20Poly1305
    encapsulated: str
    named: bytes


Padded = NewType("Padded", bytes)
"""A text ready to be sealed."""


class Sealer:
    """Seals to one legal key; shared by threads."""

    def __init__(
        self, public_key: X25519PublicKey, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Seal to `public_key`; `clock` tells seconds."""
        self._public_key = public_key
        self._clock = clock
        self._key_id = key_id(public_key)
        self._making = threading.Lock()
        self._hour: _Hour | None = None
        self._nonces = Randomness(_NONCE_BYTES)

    def seal(self, text: str, bound_to: bytes) -> Mapping[str, AttributeValue]:
        """Return attributes that keep `text` for whoever opens them as bound to the same."""
        hour = self._current()
        data = self._encrypt(hour, self.pad(text), bound_to)
        return {KEY: self._key_id, ENCAPSULATION: hour.encapsulated, DATA: data.decode()}

    def pad(self, text: str) -> Padded:
        """Return `text` as `seal_padded` takes it."""
        return Padded(_pad(text.encode()))

    def seal_padded(self, padded: Padded, bound_to: bytes) -> bytes:
        """Return what `seal` returns of the text, encoded as fields of a span."""
        hour = self._current()
        return hour.named + _DATA.encode(self._encrypt(hour, padded, bound_to).decode())

    def _encrypt(self, hour: _Hour, padded: Padded, bound_to: bytes) -> bytes:
        """Return `padded`, sealed with a fresh nonce before it, in base 64."""
        nonce = self._nonces.take()
        return base64.b64encode(nonce + hour.cipher.encrypt(nonce, padded, bound_to))

    def _current(self) -> _Hour:
        """Return the key of this hour."""
        hour, now = self._hour, self._clock()
        if hour is not None and now < hour.until:
            return hour
        with self._making:
            if self._hour is not None and now < self._hour.until:  # another thread was faster
                return self._hour
            key = os.urandom(_KEY_BYTES)
            sealed = _SUITE.encrypt(key, self._public_key, _INFO)
            encapsulated = base64.b64encode(sealed).decode()
            named = encode_attributes({KEY: self._key_id, ENCAPSULATION: encapsulated})
            self._hour = _Hour(now + HOUR_SECONDS, ChaCha20Poly1305(key), encapsulated, named)
            return self._hour


def open_seal(
    private_key: X25519PrivateKey, attributes: Mapping[str, AttributeValue], bound_to: bytes
) -> str:
    """Return the text that was sealed.

    Raises:
        SealError: it was sealed to another key, to another span, or was altered.
    """
    ours, theirs = key_id(private_key.public_key()), attributes.get(KEY)
    if ours != theirs:
        message = f"the facts are sealed to key {theirs}, and this is key {ours}"
        raise SealError(message)
    try:
        encapsulated = base64.b64decode(str(attributes.get(ENCAPSULATION)), validate=True)
        data = base64.b64decode(str(attributes.get(DATA)), validate=True)
        cipher = ChaCha20Poly1305(_SUITE.decrypt(encapsulated, private_key, _INFO))
        padded = cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], bound_to)
        length = int.from_bytes(padded[:_LENGTH_BYTES])
        return padded[_LENGTH_BYTES : _LENGTH_BYTES + length].decode()
    except (InvalidTag, binascii.Error, ValueError) as error:
        message = "the sealed facts were altered, or belong to another record"
        raise SealError(message) from error


def open_sealer(path: Path | None) -> Sealer | None:
    """Return what seals to the public key in `path`; None if none is configured.

    Raises:
        StartupError: the file can't be used.
    """
    if path is None:
        return None
    try:
        return Sealer(read_public_key(path))
    except SealError as error:
        message = f"seal_public_key can't be used: {error}"
        raise StartupError(ExitCode.SETTINGS_INVALID, message) from error


def read_public_key(path: Path) -> X25519PublicKey:
    """Return the X25519 public key in `path`, PEM or 64 hexadecimal digits.

    Raises:
        SealError: there is none.
    """
    content = _content(path)
    try:
        if len(content.strip()) == 2 * _KEY_BYTES:
            return X25519PublicKey.from_public_bytes(bytes.fromhex(content.decode().strip()))
        key = load_pem_public_key(content)
    except ValueError as error:
        raise _no_key(path, "public") from error
    if not isinstance(key, X25519PublicKey):
        raise _no_key(path, "public")
    return key


def read_private_key(path: Path) -> X25519PrivateKey:
    """Return the X25519 private key in `path`, PEM without a password.

    Raises:
        SealError: there is none.
    """
    content = _content(path)
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise _no_key(path, "private") from error
    if not isinstance(key, X25519PrivateKey):
        raise _no_key(path, "private")
    return key


def new_keys() -> tuple[bytes, bytes, str]:
    """Return a private key and its public key, both PEM, and the name of the pair."""
    private = X25519PrivateKey.generate()
    public = private.public_key()
    return (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        key_id(public),
    )


def key_id(public_key: X25519PublicKey) -> str:
    """Return the name of a key: the beginning of its SHA-256."""
    return hashlib.sha256(public_key.public_bytes_raw()).hexdigest()[:_KEY_ID_DIGITS]


def _pad(text: bytes) -> bytes:
    """Return `text` behind its length, padded to 512 octets or a power of two times that."""
    length = _LENGTH_BYTES + len(text)
    size = LEAST_BYTES
    while size < length:
        size *= 2
    return (len(text).to_bytes(_LENGTH_BYTES) + text).ljust(size, b"\0")


def _content(path: Path) -> bytes:
    """Return what is in `path`.

    Raises:
        SealError: it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path} can't be read: {error.strerror}"
        raise SealError(message) from error


def _no_key(path: Path, kind: str) -> SealError:
    """Return the error of a file without a key."""
    return SealError(f"{path} holds no X25519 {kind} key (PEM without a password)")
