"""Servers and the addresses that they listen on."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import grpc

from comity.app.startup import ExitCode, StartupError
from comity.settings import Address, Settings

MOST_STREAMS_A_CONNECTION: Final = 1000
_SHORTEST_CLIENT_PING_SECONDS: Final = 10
_PROBE_TIMEOUT_SECONDS: Final = 20
_LAST_CALLS_SECONDS: Final = 30

Option = tuple[str, int]


class Binding(Protocol):
    """The part of a server that takes addresses; the synchronous and the asyncio one have it."""

    def add_insecure_port(self, address: str) -> int:
        """Listen without TLS; return the port."""
        ...

    def add_secure_port(self, address: str, server_credentials: grpc.ServerCredentials) -> int:
        """Listen with TLS; return the port."""
        ...


def build_server(
    settings: Settings,
    interceptors: Sequence[grpc.ServerInterceptor],  # type: ignore[type-arg] # generic in stubs only
) -> grpc.Server:
    """Return a synchronous server for decisions, not started.

    Workers share its port: Linux gives each connection to one of them.
    """
    threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="call")
    server: grpc.Server = grpc.server(
        threads,
        interceptors=list(interceptors),
        options=server_options(settings, shared=settings.workers > 1),
    )
    return server


def server_options(settings: Settings, *, shared: bool = False) -> list[Option]:
    """Return the options of every server. Ages vary by a tenth, so clients don't return at once."""
    return [
        # Else Linux would let a second server listen on the same port, and share out connections.
        ("grpc.so_reuseport", int(shared)),
        ("grpc.max_receive_message_length", settings.max_request_bytes),
        ("grpc.max_send_message_length", settings.max_reply_bytes),
        ("grpc.max_concurrent_streams", MOST_STREAMS_A_CONNECTION),
        ("grpc.keepalive_time_ms", int(settings.keepalive_seconds * 1000)),
        ("grpc.keepalive_timeout_ms", _PROBE_TIMEOUT_SECONDS * 1000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _SHORTEST_CLIENT_PING_SECONDS * 1000),
        ("grpc.max_connection_age_ms", int(settings.max_connection_age_seconds * 1000)),
        ("grpc.max_connection_age_grace_ms", _LAST_CALLS_SECONDS * 1000),
    ]


def bind(
    server: Binding, name: str, address: Address, credentials: grpc.ServerCredentials | None
) -> Address:
    """Make `server` listen on `address`; return it with the port that the system chose.

    Raises:
        StartupError: the address can't be listened on; the message names the setting `name`.
    """
    try:
        if credentials is None:
            port = server.add_insecure_port(str(address))
        else:
            port = server.add_secure_port(str(address), credentials)
    except RuntimeError as error:
        raise _unusable(name, address, "it is in use or not this machine's") from error
    return address if address.path else address.with_port(port)


def require_free(name: str, address: Address) -> None:
    """Return if nobody listens on `address` yet.

    Where a name has several addresses gRPC is content with one of them; then some clients would
    reach another server.

    Raises:
        StartupError: the address can't be listened on; the message names the setting `name`.
    """
    if address.path or not address.port:
        return
    usable = 0
    for family, kind, protocol, _, target in _resolve(name, address):
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind(target)
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    continue
                raise _unusable(name, address, error.strerror or "unknown reason") from error
            usable += 1
    if not usable:
        raise _unusable(name, address, "it is no address of this machine")


def _resolve(name: str, address: Address) -> list[Any]:
    """Return the socket addresses of `address`.

    Raises:
        StartupError: there is none.
    """
    try:
        return socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise _unusable(name, address, error.strerror or "unknown host") from error


def _unusable(name: str, address: Address, why: str) -> StartupError:
    """Return the error of an address that can't be listened on."""
    message = (
        f"can't listen on {address}: {why}; "
        f"name another with --{name.replace('_', '-')} or COMITY_{name.upper()}"
    )
    return StartupError(ExitCode.ADDRESS_UNUSABLE, message)
