"""Who calls, and what strangers may not ask for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from comity.domain.errors import NotEntitledError
from comity.domain.request import Caller, Options, View
from comity.grpc_api.callers import LoopbackEntitlements, is_loopback

NOW = datetime(2024, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "peer",
    [
        "ipv4:127.0.0.1:50123",
        "ipv4:127.8.9.10:1",
        "ipv6:[::1]:50123",
        "ipv6:%5B::1%5D:50123",
        "ipv6:[::ffff:127.0.0.1]:9",
        "unix:",
        "unix:/run/comity.sock",
        "unix-abstract:comity",
    ],
)
def test_a_peer_on_this_machine_is_loopback(peer: str) -> None:
    """Loopback addresses and local sockets are on this machine."""
    assert is_loopback(peer)


@pytest.mark.parametrize(
    "peer",
    [
        "ipv4:192.0.2.1:50123",
        "ipv6:[2001:db8::1]:50123",
        "ipv6:[fe80::1%25eth0]:50123",
        "ipv6:[::ffff:192.0.2.1]:9",
        "ipv4:localhost:1",
        "unixish:127.0.0.1:1",
        "",
    ],
)
def test_any_other_peer_is_not_loopback(peer: str) -> None:
    """What can't be read as loopback isn't."""
    assert not is_loopback(peer)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (Options(as_of=NOW), "options.as_of"),
        (Options(as_known=NOW), "options.as_known"),
        (Options(view=View.LEGAL), "options.view"),
    ],
)
def test_special_options_are_for_this_machine(options: Options, named: str) -> None:
    """A stranger, though certified, is refused what a caller on this machine may ask."""
    entitlements = LoopbackEntitlements()
    assert not entitlements.open_to_all(options)
    entitlements.require(Caller(loopback=True), options)
    with pytest.raises(NotEntitledError, match=named):
        entitlements.require(Caller(identity="search"), options)


def test_ordinary_options_are_for_everybody() -> None:
    """The caller and user views need no entitlement."""
    options = Options(view=View.USER, min_epoch=3, language="fr")
    assert LoopbackEntitlements().open_to_all(options)
    LoopbackEntitlements().require(Caller(), options)
