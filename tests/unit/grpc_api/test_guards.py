"""What guards calls: deadlines, limits of streams, draining, addresses that are taken."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from comity.app.startup import ExitCode, StartupError
from comity.grpc_api.deadlines import DeadlineInterceptor
from comity.grpc_api.draining import DrainInterceptor
from comity.grpc_api.listening import require_free
from comity.grpc_api.stream_limits import StreamLimitInterceptor
from comity.settings import Address


@contextmanager
def serving(
    interceptor: grpc.ServerInterceptor,
    unary: Callable[[bytes], bytes] = bytes,
    threads: int = 8,
) -> Iterator[tuple[grpc.Server, grpc.Channel]]:
    """Serve a unary method by `unary` and one that echoes a stream."""

    def echo(requests: Iterator[bytes], _: grpc.ServicerContext) -> Iterator[bytes]:
        yield from requests

    server = grpc.server(ThreadPoolExecutor(threads), interceptors=[interceptor])
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(lambda request, _: unary(request)),
        "Echo": grpc.stream_stream_rpc_method_handler(echo),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("Test", handlers)])
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            yield server, channel
    finally:
        server.stop(None).wait()


class OpenStream:
    """A stream that stays open until it is ended."""

    def __init__(self, channel: grpc.Channel) -> None:
        """Open a stream and send one message."""
        self._end = threading.Event()
        self.replies = channel.stream_stream("/Test/Echo")(self._messages(), timeout=20)

    def _messages(self) -> Iterator[bytes]:
        """Yield one message, and the end when it is time."""
        yield b"hello"
        self._end.wait(20)

    def end(self) -> None:
        """End the stream."""
        self._end.set()


def test_a_call_that_waited_too_long_is_not_computed() -> None:
    """What comes to its thread after its deadline ends there, and costs nothing more."""
    release, computed = threading.Event(), []

    def compute(request: bytes) -> bytes:
        computed.append(request)
        release.wait(10)
        return request

    with serving(DeadlineInterceptor(), compute, threads=1) as (_, channel):
        call = channel.unary_unary("/Test/Unary")
        first = call.future(b"first", timeout=10)
        while not computed:
            time.sleep(0.01)
        with pytest.raises(grpc.RpcError) as late:
            call(b"late", timeout=0.05)
        release.set()
        assert first.result() == b"first"
        assert call(b"last", timeout=10) == b"last"
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert computed == [b"first", b"last"]


def test_few_streams_are_open_at_a_time() -> None:
    """One more is refused, and admitted once another has ended."""
    with serving(StreamLimitInterceptor(most=1)) as (_, channel):
        first = OpenStream(channel)
        assert next(first.replies) == b"hello"
        refused = OpenStream(channel)
        with pytest.raises(grpc.RpcError) as error:
            next(refused.replies)
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        first.end()
        assert list(first.replies) == []
        second = OpenStream(channel)
        assert next(second.replies) == b"hello"
        for stream in (refused, second):
            stream.end()


def test_a_stream_does_not_last_for_ever() -> None:
    """A stream whose caller forgets it gives its thread back."""
    with serving(StreamLimitInterceptor(most=1, longest_seconds=0.1)) as (_, channel):
        stream = OpenStream(channel)
        assert next(stream.replies) == b"hello"
        with pytest.raises(grpc.RpcError) as error:
            next(stream.replies)
        stream.end()
    assert error.value.code() is grpc.StatusCode.CANCELLED


def test_draining_waits_for_calls_and_not_for_streams() -> None:
    """A call under way is answered; an open stream does not make the shutdown last."""
    under_way, release = threading.Event(), threading.Event()

    def compute(request: bytes) -> bytes:
        under_way.set()
        release.wait(10)
        return request

    drain = DrainInterceptor()
    with serving(drain, compute) as (server, channel):
        stream = OpenStream(channel)
        assert next(stream.replies) == b"hello"
        call = channel.unary_unary("/Test/Unary").future(b"call", timeout=10)
        assert under_way.wait(10)
        stopping = threading.Thread(target=drain.stop, args=(server, 60))
        stopping.start()
        release.set()
        assert call.result() == b"call"
        stopping.join(10)
        assert not stopping.is_alive()
        stream.end()


def test_draining_ends_calls_that_take_too_long() -> None:
    """After the grace calls are cancelled, so that a shutdown comes to an end."""
    under_way, release = threading.Event(), threading.Event()

    def compute(request: bytes) -> bytes:
        under_way.set()
        release.wait(10)
        return request

    drain = DrainInterceptor()
    with serving(drain, compute) as (server, channel):
        call = channel.unary_unary("/Test/Unary").future(b"call", timeout=10)
        assert under_way.wait(10)
        drain.stop(server, 0.1)
        with pytest.raises(grpc.RpcError):
            call.result()
        release.set()


def test_an_address_in_use_is_refused_by_name() -> None:
    """The message names the setting; after the address is free it is accepted."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(StartupError, match="--control-listen or COMITY_CONTROL") as error:
            require_free("control_listen", address)
    assert error.value.exit_code is ExitCode.ADDRESS_UNUSABLE
    require_free("control_listen", address)


def test_an_address_elsewhere_is_refused() -> None:
    """What is not this machine's can't be listened on."""
    with pytest.raises(StartupError, match="it is no address of this machine"):
        require_free("listen", Address("203.0.113.77", 4000))
