"""Places of IP addresses from MaxMind DB files, exchanged while in use."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from maxminddb import InvalidDatabaseError
from maxminddb.types import Record

from comity.adapters.geoip.database import DatabaseKind, OpenDatabase
from comity.adapters.geoip.embedded import open_embedded
from comity.adapters.geoip.records import read_anonymity, read_place
from comity.adapters.geoip.watched import WatchedDatabase
from comity.app.ports.ip_address import (
    IPV4_BYTES,
    AddressForm,
    AddressReach,
    ParsedAddress,
    pack_address,
    parse_address,
)
from comity.app.ports.place_lookup import (
    DatabaseProvenance,
    PlaceFinding,
    PlaceFlag,
    address_flags,
)
from comity.policy.engine.cache import Cache

_UNREADABLE: Final = frozenset({PlaceFlag.UNREADABLE})
_FINDINGS_KEPT: Final = 65_536
# What is found is kept by networks this wide at least, so that no address is: 256 addresses, and
# what a site is given of IPv6.
_IPV4_NETWORK_BYTES: Final = 3
_IPV6_NETWORK_BYTES: Final = 6
_WHOLE_ADDRESS: Final = 128
_LAST_NUMBERS: Final = frozenset(map(str, range(256)))


@dataclass(frozen=True, slots=True)
class GeoipStatus:
    """What the look-up rests on and what is wrong with it.

    Attributes:
        provenance: the place database in use.
        anonymity_provenance: the database of anonymous addresses in use; None if there is none.
        embedded: whether the place database is the one that comes with the package.
        errors: one sentence for each configured file whose present content is refused, the last
            good one staying in use; empty when all is well.
        failed_lookups: look-ups since start that met damage in a database.
    """

    provenance: DatabaseProvenance
    anonymity_provenance: DatabaseProvenance | None
    embedded: bool
    errors: tuple[str, ...]
    failed_lookups: int


@dataclass(frozen=True, slots=True)
class _Databases:
    """The databases of one moment, exchanged as a whole.

    Attributes:
        place: the place database.
        anonymity: the database of anonymous addresses, if any.
        by_network: what was found of networks.
        by_text: the same of IPv4 networks, by the first three numbers of an address as text.
        alike: each finding, so that equal ones are the same object.
    """

    place: OpenDatabase
    anonymity: OpenDatabase | None
    by_network: Cache[bytes, PlaceFinding] = field(default_factory=lambda: Cache(_FINDINGS_KEPT))
    by_text: Cache[str, PlaceFinding] = field(default_factory=lambda: Cache(_FINDINGS_KEPT))
    alike: Cache[PlaceFinding, PlaceFinding] = field(default_factory=lambda: Cache(_FINDINGS_KEPT))


class MaxMindPlaceLookup:
    """A `PlaceLookup` over MaxMind DB files, or over the embedded database when none is named.

    A named file that can't be used at construction is an error, not a reason to answer from the
    embedded database: whoever names a file counts on its precision, and quietly coarser answers
    would be wrong ones. After that a bad replacement never takes a good database away.
    """

    def __init__(self, database: Path | None = None, anonymity: Path | None = None) -> None:
        """Open the databases.

        Args:
            database: a Country, City or Enterprise file; None for the embedded database.
            anonymity: an Anonymous IP file; None for none.

        Raises:
            GeoipDatabaseError: a file is missing, unreadable, damaged or of another kind.
        """
        self._place = WatchedDatabase(database, DatabaseKind.PLACE) if database else None
        self._anonymity = WatchedDatabase(anonymity, DatabaseKind.ANONYMITY) if anonymity else None
        self._reloading = threading.Lock()
        self._counting = threading.Lock()
        self._failed_lookups = 0
        self._databases = _Databases(
            self._place.current if self._place else open_embedded(),
            self._anonymity.current if self._anonymity else None,
        )

    @property
    def status(self) -> GeoipStatus:
        """What the look-up rests on now."""
        databases = self._databases
        watched = (self._place, self._anonymity)
        return GeoipStatus(
            provenance=databases.place.provenance,
            anonymity_provenance=databases.anonymity.provenance if databases.anonymity else None,
            embedded=self._place is None,
            errors=tuple(file.error for file in watched if file and file.error),
            failed_lookups=self._failed_lookups,
        )

    def reload_if_changed(self) -> bool:
        """Take up files that changed; return whether answers now rest on other data.

        Look-ups under way finish on the databases that they began with. A file that can't be
        used changes nothing and shows in `status.errors`. May be called from any thread.
        """
        with self._reloading:
            place, anonymity = self._databases.place, self._databases.anonymity
            swapped = False
            if self._place and self._place.refresh():
                place, swapped = self._place.current, True
            if self._anonymity and self._anonymity.refresh():
                anonymity, swapped = self._anonymity.current, True
            if swapped:
                self._databases = _Databases(place, anonymity)
            return swapped

    def locate(self, ip: str | bytes) -> PlaceFinding:
        """Return what is known of the place of `ip`; see `PlaceLookup`.

        Raises:
            MalformedAddressError: `ip` is not one address.
        """
        databases = self._databases
        if type(ip) is str:
            first_three, _, last = ip.rpartition(".")
            if last in _LAST_NUMBERS:
                known = databases.by_text.get(first_three)
                if known is not None:
                    return known
        packed = pack_address(ip)
        ipv4 = len(packed) == IPV4_BYTES
        network = packed[: _IPV4_NETWORK_BYTES if ipv4 else _IPV6_NETWORK_BYTES]
        known = databases.by_network.get(network)
        if known is None:
            found, longest = self._find(parse_address(packed), databases)
            known = databases.alike.get(found) or databases.alike.put(found, found)
            if longest > 8 * len(network):
                return known
            databases.by_network.put(network, known)
        if isinstance(ip, str) and ":" not in ip:  # else those numbers are part of a longer address
            databases.by_text.put(ip.rpartition(".")[0], known)
        return known

    def _find(self, address: ParsedAddress, databases: _Databases) -> tuple[PlaceFinding, int]:
        """Return what is known of an address, and how long a prefix it depends on.

        What is not found by its own public address depends on all of it.
        """
        flags, place, prefix_length = address_flags(address), None, None
        public = address.reach is AddressReach.PUBLIC
        longest = 0 if public and address.form is AddressForm.PLAIN else _WHOLE_ADDRESS
        if public:
            record, length, failed = self._read(databases.place, address.text)
            longest = max(longest, length)
            if failed:
                flags |= _UNREADABLE
            else:
                place, known = read_place(record)
                flags |= known
                prefix_length = None if record is None else length
        if public and databases.anonymity:
            record, length, failed = self._read(databases.anonymity, address.text)
            longest = max(longest, length)
            flags |= _UNREADABLE if failed else read_anonymity(record)
        anonymity = databases.anonymity.provenance if databases.anonymity else None
        finding = PlaceFinding(place, flags, prefix_length, databases.place.provenance, anonymity)
        return finding, longest

    def _read(self, database: OpenDatabase, text: str) -> tuple[Record | None, int, bool]:
        """Return the record, the length of its network's prefix, and whether reading failed."""
        try:
            record, prefix_length = database.reader.get_with_prefix_len(text)
        except (InvalidDatabaseError, UnicodeDecodeError):
            with self._counting:
                self._failed_lookups += 1
            return None, _WHOLE_ADDRESS, True
        except ValueError:  # an IPv6 address asked of a database of IPv4 ones
            return None, 0, False
        return record, prefix_length, False
