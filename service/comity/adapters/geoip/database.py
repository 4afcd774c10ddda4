"""MaxMind DB files opened from a private copy, checked, and named by their digest."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import IO, Final, Protocol

import maxminddb
from maxminddb import InvalidDatabaseError

from comity.app.ports.place_lookup import DatabaseProvenance
from comity.domain.errors import ComityError

_CHUNK_BYTES: Final = 1 << 20
_NETWORKS_READ: Final = 4096


class GeoipDatabaseError(ComityError):
    """A GeoIP database can't be used; the message names the file and says why."""


class DatabaseKind(Enum):
    """What a database is read for; the value lists words, one of which its type must contain."""

    PLACE = ("country", "city", "enterprise")
    ANONYMITY = ("anonymous",)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class OpenDatabase:
    """A database ready for look-ups; its memory is freed when the last reference to it goes.

    Attributes:
        reader: the reader over the private copy. Never closed by hand: a look-up in another
            thread may still be using it.
        provenance: what the answers rest on.
    """

    reader: maxminddb.Reader = field(repr=False)
    provenance: DatabaseProvenance


class ByteSource(Protocol):
    """Something that bytes are read from, to its end."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


def open_database(source: ByteSource, name: str) -> OpenDatabase:
    """Return a database over a private copy of the bytes of `source`.

    A copy, since a file that is overwritten in place while mapped ends the process (SIGBUS), and
    so that the digest is that of the very bytes that answer.

    Args:
        source: the uncompressed database, read to its end.
        name: what to call it in errors.

    Raises:
        GeoipDatabaseError: it is not a MaxMind DB file, or a broken one.
        OSError: it can't be read, or there is no room for the copy.
    """
    digest = hashlib.sha256()
    with _private_file() as (copy, path):
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        try:
            reader = maxminddb.open_database(path, maxminddb.MODE_AUTO)
        except (InvalidDatabaseError, ValueError, UnicodeDecodeError) as error:
            message = f"{name} is not a MaxMind DB file, or a damaged or unfinished one"
            raise GeoipDatabaseError(message) from error
    metadata = reader.metadata()
    built_at = datetime.fromtimestamp(metadata.build_epoch, UTC)
    provenance = DatabaseProvenance(metadata.database_type, built_at, digest.hexdigest())
    return OpenDatabase(reader, provenance)


def verify_database(database: OpenDatabase, kind: DatabaseKind, name: str) -> None:
    """Refuse a database of another kind, or one whose records can't be read.

    Reads the first 4,096 networks and one address in every /12 (IPv6: /16) of the rest, which
    takes a tenth of a second whatever the size; damage elsewhere shows at look-up.

    Raises:
        GeoipDatabaseError: it is of another kind, or damaged.
    """
    database_type = database.provenance.database_type
    if not any(word in database_type.lower() for word in kind.value):
        message = (
            f"{name} is a database of type {database_type!r}; needed: {' or '.join(kind.value)}"
        )
        raise GeoipDatabaseError(message)
    try:
        for _ in islice(database.reader, _NETWORKS_READ):
            pass
        for address in _probes(database.reader.metadata().ip_version):
            database.reader.get(address)
    except (InvalidDatabaseError, ValueError, UnicodeDecodeError) as error:
        message = f"{name} is damaged: some of its records can't be read"
        raise GeoipDatabaseError(message) from error


def _probes(ip_version: int) -> Iterator[str]:
    """Return addresses spread over the public space."""
    for block in range(0x010, 0xE00):
        yield f"{block >> 4}.{(block & 0xF) << 4}.1.1"
    if ip_version == 6:  # noqa: PLR2004 (the IP version)
        for block in range(0x2000, 0x3000):
            yield f"{block:x}::1"


@contextmanager
def _private_file() -> Iterator[tuple[IO[bytes], str]]:
    """Return a file that no other process sees, and a path to open it by while in the context.

    In memory on Linux, so that a read-only container needs no temporary directory.
    """
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        descriptor = os.memfd_create("comity-geoip", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "w+b") as file:
            yield file, f"/proc/self/fd/{descriptor}"
    else:
        with tempfile.NamedTemporaryFile(prefix="comity-geoip-") as named:
            yield named.file, named.name
