"""What a server does to connections and messages, whoever answers."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import grpc
import pytest
from comity.grpc_api.listening import build_server
from comity.settings import load_settings

METHOD = "/test.Echo/Repeat"
KIB = 1024
PATIENCE_SECONDS = 20.0
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = struct.pack(">I", 0)[1:] + bytes([4, 0]) + struct.pack(">I", 0)
PING = 6


@contextmanager
def serving(**flags: int) -> Iterator[str]:
    """Serve a method that repeats a request tenfold, or tells the caller's address."""

    def repeat(request: bytes, context: grpc.ServicerContext) -> bytes:
        return request * 10 if request else context.peer().encode()

    handlers = {"Repeat": grpc.unary_unary_rpc_method_handler(repeat)}
    server = build_server(load_settings({"HOME": "/"}, flags), [])
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        yield f"localhost:{port}"
    finally:
        server.stop(None).wait()


def call(address: str, request: bytes) -> grpc.StatusCode:
    """Return how a call ends."""
    with grpc.insecure_channel(address) as channel:
        try:
            channel.unary_unary(METHOD)(request, timeout=PATIENCE_SECONDS)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("size", "code"),
    [
        (100, grpc.StatusCode.OK),
        (KIB + 1, grpc.StatusCode.RESOURCE_EXHAUSTED),  # the request is too long
        (KIB, grpc.StatusCode.RESOURCE_EXHAUSTED),  # its reply is
    ],
)
def test_messages_are_limited(size: int, code: grpc.StatusCode) -> None:
    """Requests and replies by settings of their own; the connection serves on."""
    with serving(max_request_bytes=KIB, max_reply_bytes=2 * KIB) as address:
        assert call(address, b"x" * size) is code
        assert call(address, b"x") is grpc.StatusCode.OK


def test_a_connection_that_has_served_long_enough_is_left_for_another() -> None:
    """No call is lost by it."""
    with (
        serving(max_connection_age_seconds=1) as address,
        grpc.insecure_channel(address) as channel,
    ):
        ask = channel.unary_unary(METHOD)
        first, end = ask(b"", timeout=PATIENCE_SECONDS), monotonic() + PATIENCE_SECONDS
        while ask(b"", timeout=PATIENCE_SECONDS) == first:
            assert monotonic() < end, "the connection is never given up"


def test_a_silent_connection_is_probed() -> None:
    """By an HTTP/2 ping, after `keepalive_seconds`."""
    with serving(keepalive_seconds=1) as address:
        host, _, port = address.rpartition(":")
        with socket.create_connection((host, int(port)), PATIENCE_SECONDS) as connection:
            connection.sendall(PREFACE + EMPTY_SETTINGS)
            received = connection.makefile("rb")
            kinds: list[int] = []
            while PING not in kinds:
                head = received.read(9)
                assert len(head) == 9, f"closed after frames {kinds}"
                received.read(int.from_bytes(head[:3], "big"))
                kinds.append(head[3])
