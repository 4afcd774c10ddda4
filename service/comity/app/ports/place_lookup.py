"""Port: from an IP address to the place it is used in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final, Protocol, assert_never

from comity.app.ports.ip_address import AddressForm, AddressReach, ParsedAddress, parse_address
from comity.policy.lexicon import Lexicon


class PlaceFlag(StrEnum):
    """What else is known of the address; values are the words a vocabulary may use for `via`."""

    VPN = "vpn"
    PROXY = "proxy"
    RESIDENTIAL_PROXY = "residential_proxy"
    TOR = "tor"
    RELAY = "relay"
    ANONYMOUS = "anonymous"
    HOSTING = "hosting"
    SATELLITE = "satellite"
    ANYCAST = "anycast"
    REGISTERED_ONLY = "registered_only"
    PRIVATE = "private"
    BOGON = "bogon"
    MAPPED = "mapped"
    SIX_TO_FOUR = "six_to_four"
    TEREDO = "teredo"
    NAT64 = "nat64"
    DISPUTED = "disputed"
    UNCODED = "uncoded"
    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"


# By default: the policies' `connection_trust` may say otherwise of any flag.
LOW_TRUST_FLAGS: Final[frozenset[str]] = frozenset(
    {
        PlaceFlag.VPN,
        PlaceFlag.PROXY,
        PlaceFlag.RESIDENTIAL_PROXY,
        PlaceFlag.TOR,
        PlaceFlag.RELAY,
        PlaceFlag.ANONYMOUS,
        PlaceFlag.HOSTING,
        PlaceFlag.SATELLITE,
        PlaceFlag.ANYCAST,
        PlaceFlag.REGISTERED_ONLY,
    }
)


@dataclass(frozen=True, slots=True)
class DatabaseProvenance:
    """Which data an answer rests on.

    Attributes:
        database_type: the type that the database states of itself.
        built_at: when its maker built it, UTC.
        sha256: hexadecimal digest of the whole uncompressed file.
    """

    database_type: str
    built_at: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class PlaceFinding:
    """What is known of the place of an address; holds nothing of the address itself.

    Attributes:
        place: ISO 3166-1 alpha-2 code or XK, or a subdivision code such as `UA-43`; None if the
            address has no place, and then no presence is to be recorded from it.
        flags: what else is known, see `PlaceFlag`.
        network_prefix_length: bits of the network that the answer holds for, counted in the
            address that counts (the IPv4 one if mapped or tunnelled); None if no network was found.
        provenance: the place database.
        anonymity_provenance: the database of anonymous addresses; None if there is none.
    """

    place: str | None
    flags: frozenset[PlaceFlag]
    network_prefix_length: int | None
    provenance: DatabaseProvenance
    anonymity_provenance: DatabaseProvenance | None = None

    def is_low_trust(self, lexicon: Lexicon) -> bool:
        """Return whether the person may well be somewhere else than `place`, as policies see it."""
        return lexicon.lowers_trust(self.flags, LOW_TRUST_FLAGS)


class PlaceLookup(Protocol):
    """Finds the place of an IP address.

    The address:
        Mapped IPv6 (`MAPPED`) is the IPv4 address. 6to4, Teredo and NAT64 are looked up by the
        IPv4 address inside. `PRIVATE` (RFC 1918, shared carrier space, link-local, unique local)
        and `BOGON` (loopback, multicast, documentation, benchmarking, reserved, unallocated
        IPv6) have no place and are not looked up. `NOT_FOUND`: the database doesn't know the
        address, a normal answer. `UNREADABLE`: a database failed on it; without a place the
        presence is then unknown because its source is unavailable.
    The place:
        The country where the network is used, not the one that it is registered in. With no such
        country the one of registration, `REGISTERED_ONLY`, at low trust. What a database says a
        network *represents* (a military base, an embassy), and of who uses it (government,
        military), is not read: an address alone never makes a person work for anybody.
        Membership of the European Union comes from the policy's groups, not from the database.
        A subdivision counts only where the database says that it is sure enough.
    Disputed and uncoded areas:
        A code is passed on as the database gives it, never moved to another state: `UA-43`,
        `UA-40`, `RU-CR` and `XK` (accepted though user-assigned) carry `DISPUTED`; which rules
        meet such an area, and that three of them are one area, is for the policy's areas. A
        database of countries only says RU or UA there, with the part unknown. A territory with
        a country code of its own is that country. Pseudo-codes (`EU`, `AP`, `A1`, `A2`, `O1`,
        `T1`, `ZZ`) and withdrawn codes (`AN`) are no place: `UNCODED`.
    Trust:
        Low for every flag of `LOW_TRUST_FLAGS`, unless the policies' `connection_trust` says
        otherwise of a flag: the address is shared or borrowed (VPN, proxies,
        Tor, privacy relay), a machine's (hosting), or used far from where it is booked
        (satellite, anycast). The place is still given. `DISPUTED` and tunnels don't lower it.
    """

    def locate(self, ip: str | bytes) -> PlaceFinding:
        """Return what is known of the place of `ip`.

        Never fails for what a database holds or lacks. Keeps and logs nothing of the address.

        Args:
            ip: text (a zone identifier is dropped), or 4 or 16 bytes in network order.

        Raises:
            MalformedAddressError: `ip` is not one address; the message doesn't repeat it.
        """
        ...


def address_flags(address: ParsedAddress) -> frozenset[PlaceFlag]:
    """Return the flags that follow from the address alone."""
    return _ADDRESS_FLAGS[address.form, address.reach]


def _form_flags(form: AddressForm) -> frozenset[PlaceFlag]:
    """Return the flag of a form."""
    match form:
        case AddressForm.PLAIN:
            return frozenset()
        case AddressForm.MAPPED:
            return frozenset({PlaceFlag.MAPPED})
        case AddressForm.SIX_TO_FOUR:
            return frozenset({PlaceFlag.SIX_TO_FOUR})
        case AddressForm.TEREDO:
            return frozenset({PlaceFlag.TEREDO})
        case AddressForm.NAT64:
            return frozenset({PlaceFlag.NAT64})
    assert_never(form)


def _reach_flags(reach: AddressReach) -> frozenset[PlaceFlag]:
    """Return the flag of a reach."""
    match reach:
        case AddressReach.PUBLIC:
            return frozenset()
        case AddressReach.PRIVATE:
            return frozenset({PlaceFlag.PRIVATE})
        case AddressReach.BOGON:
            return frozenset({PlaceFlag.BOGON})
    assert_never(reach)


_ADDRESS_FLAGS: Final = {
    (form, reach): _form_flags(form) | _reach_flags(reach)
    for form in AddressForm
    for reach in AddressReach
}


class InMemoryPlaceLookup:
    """A `PlaceLookup` over networks named at construction; the longest match wins."""

    def __init__(
        self,
        networks: Mapping[str, tuple[str | None, frozenset[PlaceFlag]]],
        anonymity: DatabaseProvenance | None = None,
    ) -> None:
        """Keep `networks`: by CIDR text, the place and the flags of its addresses.

        Flags are said to come from the database `anonymity` as well, if one is given.
        """
        self._networks = sorted(
            ((ip_network(text), finding) for text, finding in networks.items()),
            key=lambda entry: -entry[0].prefixlen,
        )
        built_at = datetime(2024, 1, 1, tzinfo=UTC)
        self._provenance = DatabaseProvenance("In-Memory", built_at, "0" * 64)
        self._anonymity = anonymity

    def locate(self, ip: str | bytes) -> PlaceFinding:
        """Return what the longest network that holds `ip` says."""
        place, flags, length = self._find(parse_address(ip))
        return PlaceFinding(place, flags, length, self._provenance, self._anonymity)

    def _find(self, parsed: ParsedAddress) -> tuple[str | None, frozenset[PlaceFlag], int | None]:
        """Return the place, the flags and the length of the prefix of an address."""
        flags = address_flags(parsed)
        if parsed.reach is not AddressReach.PUBLIC:
            return None, flags, None
        address = ip_address(parsed.text)
        for network, (place, known) in self._networks:
            if address in network:
                return place, flags | known, network.prefixlen
        return None, flags | {PlaceFlag.NOT_FOUND}, None
