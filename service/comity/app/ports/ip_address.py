"""IP addresses as a place look-up reads them: parsed, unwrapped from tunnels, sorted by reach."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Final, assert_never

from comity.domain.errors import ComityError

_LONGEST_TEXT: Final = 64  # 45 characters of IPv6 with a dotted tail, and a zone identifier
_ZONE: Final = re.compile(r"[0-9A-Za-z._~-]+")  # what RFC 6874 lets stand without escapes
IPV4_BYTES: Final = 4
IPV6_BYTES: Final = 16


class MalformedAddressError(ComityError, ValueError):
    """The text or bytes are not one IP address; the message never repeats them."""

    def __init__(self) -> None:
        """Say what is expected instead."""
        super().__init__("must be one IPv4 or IPv6 address, without port, brackets or prefix")


class AddressReach(StrEnum):
    """Whether an address can be that of a host seen over the public internet."""

    PUBLIC = "public"
    PRIVATE = "private"
    BOGON = "bogon"


class AddressForm(StrEnum):
    """How the address that counts was written: as itself, or inside an IPv6 address."""

    PLAIN = "plain"
    MAPPED = "mapped"
    SIX_TO_FOUR = "six_to_four"
    TEREDO = "teredo"
    NAT64 = "nat64"


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """An address ready to look up; its `repr` doesn't show it.

    Attributes:
        text: the address that counts, as inet_ntop writes it: the IPv4 address for every form but
            `PLAIN`.
        reach: whether it can be a public host's.
        form: how it was written.
    """

    text: str = field(repr=False)
    reach: AddressReach
    form: AddressForm


_Range = tuple[int, int, AddressReach]  # first and last address as numbers

_IPV4_RANGES: Final = {
    "0.0.0.0/8": AddressReach.BOGON,
    "10.0.0.0/8": AddressReach.PRIVATE,
    "100.64.0.0/10": AddressReach.PRIVATE,
    "127.0.0.0/8": AddressReach.BOGON,
    "169.254.0.0/16": AddressReach.PRIVATE,
    "172.16.0.0/12": AddressReach.PRIVATE,
    "192.0.0.0/24": AddressReach.BOGON,
    "192.0.2.0/24": AddressReach.BOGON,
    "192.88.99.0/24": AddressReach.BOGON,
    "192.168.0.0/16": AddressReach.PRIVATE,
    "198.18.0.0/15": AddressReach.BOGON,
    "198.51.100.0/24": AddressReach.BOGON,
    "203.0.113.0/24": AddressReach.BOGON,
    "224.0.0.0/3": AddressReach.BOGON,
}
_IPV6_RANGES: Final = {
    "64:ff9b:1::/48": AddressReach.PRIVATE,
    "fc00::/7": AddressReach.PRIVATE,
    "fe80::/9": AddressReach.PRIVATE,  # link-local, and site-local as it once was
    "2001::/23": AddressReach.BOGON,  # protocol assignments; Teredo inside it is unwrapped before
    "2001:db8::/32": AddressReach.BOGON,
    "3fff::/20": AddressReach.BOGON,
}


def parse_address(ip: str | bytes) -> ParsedAddress:
    """Return the address that counts in `ip`, its reach and the form it was written in.

    A zone identifier (`fe80::1%eth0`) is dropped. IPv4-mapped IPv6 is the IPv4 address itself.
    6to4, Teredo and NAT64 addresses carry the IPv4 address that answers travel back to, and that
    one counts; when it isn't a public one the tunnel address can't exist: a bogon.

    Args:
        ip: text, or the 4 or 16 bytes of the address in network order.

    Raises:
        MalformedAddressError: `ip` is not one address.

    Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890); RFC 4291 (mapped),
        RFC 3056 (6to4), RFC 4380 (Teredo), RFC 6052 and RFC 8215 (NAT64).
    """
    packed = pack_address(ip)
    if len(packed) == IPV4_BYTES:
        return _parse_ipv4(packed, AddressForm.PLAIN)
    form = _form_of(packed)
    match form:
        case AddressForm.PLAIN:
            return ParsedAddress(inet_ntop(AF_INET6, packed), _ipv6_reach(packed), form)
        case AddressForm.MAPPED:
            return _parse_ipv4(packed[12:], form)
        case AddressForm.NAT64:
            return _parse_tunnelled(packed[12:], form)
        case AddressForm.SIX_TO_FOUR:
            return _parse_tunnelled(packed[2:6], form)
        case AddressForm.TEREDO:
            return _parse_tunnelled(bytes(byte ^ 0xFF for byte in packed[12:]), form)
    assert_never(form)


def pack_address(ip: str | bytes) -> bytes:
    """Return the 4 or 16 bytes of an address; a zone identifier is dropped.

    Raises:
        MalformedAddressError: `ip` is not one address.
    """
    if isinstance(ip, bytes):
        if len(ip) not in (IPV4_BYTES, IPV6_BYTES):
            raise MalformedAddressError
        return ip
    if len(ip) > _LONGEST_TEXT:
        raise MalformedAddressError
    family = AF_INET
    if ":" in ip:
        family = AF_INET6
        ip, mark, zone = ip.partition("%")
        if mark and _ZONE.fullmatch(zone) is None:
            raise MalformedAddressError
    try:
        return inet_pton(family, ip)
    except (OSError, ValueError):
        raise MalformedAddressError from None


def _form_of(packed: bytes) -> AddressForm:
    """Return how an IPv6 address carries an IPv4 address, or `PLAIN`."""
    if packed[:2] == b"\x20\x02":
        return AddressForm.SIX_TO_FOUR
    if packed[:4] == b"\x20\x01\x00\x00":
        return AddressForm.TEREDO
    if packed[:12] == b"\x00\x64\xff\x9b" + bytes(8):
        return AddressForm.NAT64
    if packed[:12] == bytes(10) + b"\xff\xff":
        return AddressForm.MAPPED
    return AddressForm.PLAIN


def _parse_ipv4(packed: bytes, form: AddressForm) -> ParsedAddress:
    """Return an IPv4 address with its own reach."""
    return ParsedAddress(inet_ntop(AF_INET, packed), _ipv4_reach(packed), form)


def _parse_tunnelled(packed: bytes, form: AddressForm) -> ParsedAddress:
    """Return the IPv4 end of a tunnel; one that isn't public makes the whole a bogon."""
    reach = _ipv4_reach(packed)
    if reach is not AddressReach.PUBLIC:
        reach = AddressReach.BOGON
    return ParsedAddress(inet_ntop(AF_INET, packed), reach, form)


def _compile(ranges: dict[str, AddressReach]) -> dict[int, tuple[_Range, ...]]:
    """Return first and last address of each range under every first byte that it touches."""
    compiled: dict[int, tuple[_Range, ...]] = {}
    for text, reach in ranges.items():
        network = ip_network(text)
        first, last = network.network_address, network.broadcast_address
        for byte in range(first.packed[0], last.packed[0] + 1):
            compiled[byte] = (*compiled.get(byte, ()), (int(first), int(last), reach))
    return compiled


_IPV4_BY_FIRST_BYTE: Final = _compile(_IPV4_RANGES)
_IPV6_BY_FIRST_BYTE: Final = _compile(_IPV6_RANGES)


def _ipv4_reach(packed: bytes) -> AddressReach:
    """Return the reach of an IPv4 address."""
    number = int.from_bytes(packed)
    for first, last, reach in _IPV4_BY_FIRST_BYTE.get(packed[0], ()):
        if first <= number <= last:
            return reach
    return AddressReach.PUBLIC


def _ipv6_reach(packed: bytes) -> AddressReach:
    """Return the reach of an IPv6 address; outside 2000::/3 none is public."""
    number = int.from_bytes(packed)
    for first, last, reach in _IPV6_BY_FIRST_BYTE.get(packed[0], ()):
        if first <= number <= last:
            return reach
    return AddressReach.PUBLIC if packed[0] >> 5 == 1 else AddressReach.BOGON
