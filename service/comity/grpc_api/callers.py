"""Who calls, and what callers may ask for."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Protocol
from urllib.parse import unquote

import grpc

from comity.domain.errors import NotEntitledError
from comity.domain.request import Caller, Options, View

# A certificate states its identity best in a URI or DNS name (RFC 6125 calls the common name
# legacy); gRPC lists the properties of a peer under these names.
IDENTITY_PROPERTIES = ("x509_subject_alternative_name", "x509_common_name")


class Entitlements(Protocol):
    """Knows which caller may use which view and which options."""

    def open_to_all(self, options: Options) -> bool:
        """Return whether any caller may use `options`, so that it need not be known who calls."""
        ...

    def require(self, caller: Caller, options: Options) -> None:
        """Return if `caller` may use `options`.

        Raises:
            NotEntitledError: it may not; the message names the option.
        """
        ...


class LoopbackEntitlements:
    """Opens every view and instant to callers on this machine, and to no others."""

    def open_to_all(self, options: Options) -> bool:
        """Return whether nothing special is asked for."""
        return not options.hypothetical and options.view is not View.LEGAL

    def require(self, caller: Caller, options: Options) -> None:
        """Return if the caller is on this machine or asks for nothing special."""
        if caller.loopback:
            return
        for option, wanted in (
            ("options.as_of", options.as_of is not None),
            ("options.as_known", options.as_known is not None),
            ("options.view VIEW_LEGAL", options.view is View.LEGAL),
        ):
            if wanted:
                message = f"{option} is only for entitled callers"
                raise NotEntitledError(message)


def caller_of(context: grpc.ServicerContext) -> Caller:
    """Return who calls: the identity of its certificate, and whether it is on this machine."""
    properties = context.auth_context()
    identity = None
    for name in IDENTITY_PROPERTIES:
        values = properties.get(name)
        if values:
            identity = bytes(next(iter(values))).decode(errors="replace")
            break
    return Caller(identity=identity, loopback=is_loopback(context.peer()))


def is_loopback(peer: str) -> bool:
    """Return whether a peer, as gRPC writes it, is on this machine.

    `ipv4:127.0.0.1:5`, `ipv6:[::1]:5` (brackets may be percent-encoded), or a local socket.
    """
    scheme, _, rest = unquote(peer).partition(":")
    if scheme in ("unix", "unix-abstract"):
        return True
    if scheme not in ("ipv4", "ipv6"):
        return False
    host = rest.rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_entitled(
    entitlements: Entitlements, options: Options, context: grpc.ServicerContext
) -> bool:
    """Return whether the caller may use `options`."""
    if entitlements.open_to_all(options):
        return True
    try:
        entitlements.require(caller_of(context), options)
    except NotEntitledError:
        return False
    return True
