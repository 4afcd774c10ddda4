"""Collectors that keep every request as it came, and answer as they are told."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from comity.journal.exporting import Collector
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from unit.journal.wires import Identity


@dataclass(frozen=True)
class Reply:
    """What a collector says to a request.

    Attributes:
        code: gRPC status and HTTP status.
        wish: seconds that it asks to be left alone; None for no wish.
        rejected: spans that it says it threw away.
        message: what it says of that, or of its refusal.
    """

    code: tuple[str, int] = ("OK", 200)
    wish: float | None = None
    rejected: int = 0
    message: str = ""

    @property
    def response(self) -> bytes:
        """The response of a request that was taken."""
        partial = ExportTracePartialSuccess(
            rejected_spans=self.rejected, error_message=self.message
        )
        return ExportTraceServiceResponse(partial_success=partial).SerializeToString()

    @property
    def status(self) -> Status:
        """The status of a request that was not taken."""
        details = []
        if self.wish is not None:
            delay = Duration()
            delay.FromNanoseconds(int(self.wish * 1e9))
            detail = AnyMessage()
            detail.Pack(RetryInfo(retry_delay=delay))
            details.append(detail)
        return Status(code=Code.Value(self.code[0]), message=self.message, details=details)


TAKEN = Reply()
BUSY = Reply(("UNAVAILABLE", 503))
BAD = Reply(("INVALID_ARGUMENT", 400), message="that is no span")
DENIED = Reply(("UNAUTHENTICATED", 401))
TOO_LONG = Reply(("RESOURCE_EXHAUSTED", 413))


@dataclass
class Collected:
    """What a collector got.

    Attributes:
        answer: says what to reply to a request.
        address: host and port.
        protocol: `grpc` or `http/protobuf`.
        secure: whether by TLS.
        requests: every request as it came, decompressed.
        headers: what came with each.
        replies: what was said to each.
    """

    answer: Callable[[bytes], Reply] = lambda _: TAKEN
    address: str = ""
    protocol: str = ""
    secure: bool = False
    requests: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: bytes, headers: Mapping[str, str]) -> Reply:
        """Keep a request and return the reply."""
        reply = self.answer(request)
        with self.lock:
            self.requests.append(request)
            self.headers.append(headers)
            self.replies.append(reply)
            return reply

    def answer_with(self, *replies: Reply) -> None:
        """Reply these to the next requests, then take all."""
        left = list(replies)
        self.answer = lambda _: left.pop(0) if left else TAKEN

    def taken(self) -> list[bytes]:
        """Return the octets of all spans of requests that were taken."""
        with self.lock:
            pairs = list(zip(self.requests, self.replies, strict=True))
        return [span for request, reply in pairs if reply.code[1] == 200 for span in spans(request)]

    def collector(self, **changed: Any) -> Collector:
        """Return how to reach this collector."""
        path = "" if self.protocol == "grpc" else "/v1/traces"
        usual: dict[str, Any] = {"host": self.address, "path": path, "secure": self.secure}
        return Collector(protocol=self.protocol, **usual | changed)

    def environment(self) -> dict[str, str]:
        """Return the variables of a process that exports to this collector."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{self.address}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": self.protocol,
        }


Opened = Callable[..., AbstractContextManager[Collected]]


def spans(request: bytes) -> list[bytes]:
    """Return the octets of the spans of a request, without decoding them."""
    return [
        span
        for resource_spans in fields(request, 1)
        for scope_spans in fields(resource_spans, 2)
        for span in fields(scope_spans, 2)
    ]


def fields(message: bytes, number: int) -> Iterator[bytes]:
    """Yield the values of one field of a message whose fields all have a length."""
    position = 0
    while position < len(message):
        tag, position = varint(message, position)
        assert tag & 7 == 2
        length, position = varint(message, position)
        if tag >> 3 == number:
            yield message[position : position + length]
        position += length
    assert position == len(message)


def varint(octets: bytes, position: int) -> tuple[int, int]:
    """Return the number at `position`, and where it ends."""
    number = shift = 0
    while True:
        octet = octets[position]
        number |= (octet & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if octet < 0x80:
            return number, position


@contextmanager
def grpc_collector(identity: Identity | None = None, port: int = 0) -> Iterator[Collected]:
    """Collect over gRPC, with TLS if there is an `identity`."""
    collected = Collected(protocol="grpc", secure=identity is not None)

    def export(request: bytes, context: grpc.ServicerContext) -> bytes:
        metadata = {k: v for k, v in context.invocation_metadata() if isinstance(v, str)}
        reply = collected.take(request, metadata)
        if reply.code[0] != "OK":
            context.abort_with_status(rpc_status.to_status(reply.status))
        return reply.response

    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    handler = grpc.unary_unary_rpc_method_handler(export)
    name = "opentelemetry.proto.collector.trace.v1.TraceService"
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(name, {"Export": handler}),)
    )
    if identity is None:
        port = server.add_insecure_port(f"localhost:{port}")
    else:
        port = server.add_secure_port(f"localhost:{port}", identity.credentials())
    collected.address = f"localhost:{port}"
    server.start()
    try:
        yield collected
    finally:
        server.stop(None).wait()


@contextmanager
def http_collector(identity: Identity | None = None, port: int = 0) -> Iterator[Collected]:
    """Collect over HTTP, with TLS if there is an `identity`."""
    collected = Collected(protocol="http/protobuf", secure=identity is not None)
    connections: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            content = self.rfile.read(length)
            if len(content) < length:  # the connection was cut
                self.close_connection = True
                return
            if self.headers["Content-Encoding"] == "gzip":
                content = gzip.decompress(content)
            headers = {k.lower(): v for k, v in self.headers.items()}
            reply = collected.take(content, {**headers, ":path": self.path})
            taken = reply.code[1] == 200
            body = reply.response if taken else reply.status.SerializeToString()
            self.send_response(reply.code[1])
            if reply.wish is not None:
                self.send_header("Retry-After", f"{reply.wish:.0f}")
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def process_request(self, request: Any, client_address: Any) -> None:
            """Keep the connection, to cut it at the end."""
            connections.append(request)
            super().process_request(request, client_address)

        def handle_error(self, *_: object) -> None:
            """Say nothing of clients that go away."""

    server = Server(("localhost", port), Handler)
    if identity is not None:
        server.socket = identity.context().wrap_socket(server.socket, server_side=True)
    collected.address = f"localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield collected
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


COLLECTORS: tuple[Opened, ...] = (grpc_collector, http_collector)
