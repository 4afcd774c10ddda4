"""Parsing of IP addresses: what is accepted, what counts, how far it reaches."""

import ipaddress
import random
import traceback

import pytest
from comity.app.ports.ip_address import (
    AddressForm,
    AddressReach,
    MalformedAddressError,
    parse_address,
)

MALFORMED = [
    "",
    " ",
    "8.8.8",
    "8.8.8.8 ",
    " 8.8.8.8",
    "8.8.8.8:443",
    "8.8.8.0/24",
    "8.8.8.256",
    "08.8.8.8",
    "0x8.8.8.8",
    "134744072",
    "٨.٨.٨.٨",
    "8.8.8.8\n",
    "8.8.8.8\0",
    "8.8.8.8%eth0",
    "[2a00:1450::1]",
    "2a00:1450::1/64",
    "2a00:1450:::1",
    "2a00:1450",
    "fe80::1%",
    "fe80::1%a%b",
    "fe80::1%eth0/64",
    "fe80::1%eth 0",
    "fe80::1%" + "x" * 100,
    ":",
    "::ffff:8.8.8.256",
    "\ud800",
    "localhost",
    "a" * 10_000,
]


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_not_one_address_is_refused_without_repeating_it(text: str) -> None:
    """Malformed text raises a typed ValueError whose whole traceback message lacks the text."""
    with pytest.raises(MalformedAddressError) as caught:
        parse_address(text)
    assert isinstance(caught.value, ValueError)
    shown = "".join(traceback.format_exception_only(caught.value))
    assert len(text.strip()) < 2 or text not in shown


@pytest.mark.parametrize("length", [0, 1, 3, 5, 15, 17, 100])
def test_bytes_of_another_length_are_refused(length: int) -> None:
    """Only 4 or 16 bytes are an address."""
    with pytest.raises(MalformedAddressError):
        parse_address(b"\x08" * length)


@pytest.mark.parametrize(
    ("ip", "reach"),
    [
        ("0.0.0.0", "bogon"),
        ("0.255.255.255", "bogon"),
        ("1.0.0.0", "public"),
        ("9.255.255.255", "public"),
        ("10.0.0.0", "private"),
        ("10.255.255.255", "private"),
        ("11.0.0.0", "public"),
        ("100.63.255.255", "public"),
        ("100.64.0.0", "private"),
        ("100.127.255.255", "private"),
        ("100.128.0.0", "public"),
        ("126.255.255.255", "public"),
        ("127.0.0.1", "bogon"),
        ("169.253.255.255", "public"),
        ("169.254.1.1", "private"),
        ("172.15.255.255", "public"),
        ("172.16.0.0", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.0", "public"),
        ("192.0.0.8", "bogon"),
        ("192.0.1.0", "public"),
        ("192.0.2.1", "bogon"),
        ("192.0.3.0", "public"),
        ("192.88.99.1", "bogon"),
        ("192.168.0.1", "private"),
        ("192.169.0.0", "public"),
        ("198.17.255.255", "public"),
        ("198.18.0.0", "bogon"),
        ("198.19.255.255", "bogon"),
        ("198.20.0.0", "public"),
        ("198.51.100.7", "bogon"),
        ("203.0.113.7", "bogon"),
        ("203.0.114.0", "public"),
        ("223.255.255.255", "public"),
        ("224.0.0.1", "bogon"),
        ("240.0.0.1", "bogon"),
        ("255.255.255.255", "bogon"),
        ("::", "bogon"),
        ("::1", "bogon"),
        ("::8.8.8.8", "bogon"),
        ("100::1", "bogon"),
        ("64:ff9b:1::1", "private"),
        ("64:ff9b:2::1", "bogon"),
        ("2000::1", "public"),
        ("2001:1::1", "bogon"),
        ("2001:2::1", "bogon"),
        ("2001:10::1", "bogon"),
        ("2001:1ff::1", "bogon"),
        ("2001:200::1", "public"),
        ("2001:db7::1", "public"),
        ("2001:db8::1", "bogon"),
        ("2001:db9::1", "public"),
        ("3ffe:ffff::1", "public"),
        ("3fff:fff::1", "bogon"),
        ("3fff:1000::1", "public"),
        ("4000::1", "bogon"),
        ("5f00::1", "bogon"),
        ("fc00::1", "private"),
        ("fdff::1", "private"),
        ("fe00::1", "bogon"),
        ("fe80::1", "private"),
        ("fe80::1%eth0", "private"),
        ("fec0::1", "private"),
        ("ff02::1", "bogon"),
    ],
)
def test_reach_follows_the_special_purpose_registries(ip: str, reach: str) -> None:
    """Each special range begins and ends where IANA's registries say."""
    parsed = parse_address(ip)
    assert (parsed.reach, parsed.form) == (AddressReach(reach), AddressForm.PLAIN)


@pytest.mark.parametrize(
    ("ip", "form", "counts", "reach"),
    [
        ("::ffff:8.8.8.8", "mapped", "8.8.8.8", "public"),
        ("::ffff:808:808", "mapped", "8.8.8.8", "public"),
        ("::ffff:10.0.0.1", "mapped", "10.0.0.1", "private"),
        ("::ffff:127.0.0.1", "mapped", "127.0.0.1", "bogon"),
        ("2002:808:808::1", "six_to_four", "8.8.8.8", "public"),
        ("2002:a00:1::1", "six_to_four", "10.0.0.1", "bogon"),
        ("2002:c000:204::1", "six_to_four", "192.0.2.4", "bogon"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "teredo", "192.0.2.45", "bogon"),
        ("2001:0:4136:e378:8000:63bf:f7f7:f7f7", "teredo", "8.8.8.8", "public"),
        ("64:ff9b::808:808", "nat64", "8.8.8.8", "public"),
        ("64:ff9b::8.8.8.8", "nat64", "8.8.8.8", "public"),
        ("64:ff9b::10.0.0.1", "nat64", "10.0.0.1", "bogon"),
    ],
)
def test_the_ipv4_address_inside_counts(ip: str, form: str, counts: str, reach: str) -> None:
    """Mapped addresses are the IPv4 one; a tunnel to an IPv4 address that isn't public is none."""
    parsed = parse_address(ip)
    assert (parsed.form, parsed.text, parsed.reach) == (form, counts, reach)


def test_a_parsed_address_does_not_show_itself() -> None:
    """The representation that a log or a debugger would print lacks the address."""
    assert "8.8" not in repr(parse_address("8.8.8.8"))


def test_text_and_bytes_agree_with_the_standard_library() -> None:
    """Random addresses, as text and as bytes, give the same reading and are never refused."""
    chosen = random.Random(4)
    for _ in range(2_000):
        packed = chosen.randbytes(chosen.choice([4, 16]))
        address = ipaddress.ip_address(packed)
        assert parse_address(str(address)) == parse_address(packed)
        if parse_address(packed).form is AddressForm.PLAIN:
            assert parse_address(packed).text == str(address)


def test_mutated_text_is_accepted_exactly_when_the_standard_library_accepts_it() -> None:
    """Damaged addresses neither crash nor pass, whatever character is put in."""
    chosen = random.Random(5)
    seeds = ["8.8.4.4", "2a00:1450:4001::8", "::ffff:1.2.3.4", "fe80::1"]
    for _ in range(5_000):
        text = list(chosen.choice(seeds))
        text[chosen.randrange(len(text))] = chosen.choice("0123456789abcdefg.:/ []\x00é")
        candidate = "".join(text)
        assert _accepts(candidate) == _standard_accepts(candidate), ascii(candidate)


def _accepts(text: str) -> bool:
    """Whether our parser takes `text`."""
    try:
        parse_address(text)
    except MalformedAddressError:
        return False
    return True


def _standard_accepts(text: str) -> bool:
    """Whether the standard library takes `text`."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
