"""Receivers of OTLP, as a collector has them, that keep what they get."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from integration.server_process import eventually
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span


class Received:
    """What a receiver got.

    Attributes:
        headers: what came with the latest export.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._batches: list[ResourceSpans] = []
        self.headers: Mapping[str, str] = {}

    def take(
        self, request: trace_service_pb2.ExportTraceServiceRequest, headers: Mapping[str, str]
    ) -> None:
        """Keep one export."""
        with self._lock:
            self._batches.extend(request.resource_spans)
            self.headers = headers

    def spans(self) -> list[Span]:
        """Return all spans so far."""
        with self._lock:
            return [
                span
                for batch in self._batches
                for scope in batch.scope_spans
                for span in scope.spans
            ]

    def resources(self) -> list[Mapping[str, Any]]:
        """Return the attributes of the processes that sent something, one for each export."""
        with self._lock:
            return [attributes_of(batch.resource.attributes) for batch in self._batches]

    def decision(self, decision_id: str) -> Span:
        """Return the span of a decision once it is there."""
        trace_id, _, span_id = decision_id.partition("-")

        def find() -> Span | None:
            for span in self.spans():
                if (span.trace_id.hex(), span.span_id.hex()) == (trace_id, span_id):
                    return span
            return None

        found = eventually(find)
        assert found is not None
        return found


class GrpcReceiver(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes exports over gRPC."""

    def __init__(self, received: Received) -> None:
        """Keep them in `received`."""
        self._received = received

    def Export(  # noqa: N802 - the contract names it
        self,
        request: trace_service_pb2.ExportTraceServiceRequest,
        context: grpc.ServicerContext,
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Keep an export."""
        metadata = context.invocation_metadata()
        self._received.take(request, {k: v for k, v in metadata if isinstance(v, str)})
        return trace_service_pb2.ExportTraceServiceResponse()


@contextmanager
def grpc_receiver() -> Iterator[tuple[str, Received, Callable[[], None]]]:
    """Receive OTLP over gRPC: yield address, what comes in, and a function that ends it."""
    received = Received()
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(GrpcReceiver(received), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        yield f"http://localhost:{port}", received, lambda: server.stop(None).wait() and None
    finally:
        server.stop(None).wait()


@contextmanager
def http_receiver() -> Iterator[tuple[str, Received, Callable[[], None]]]:
    """Receive OTLP over HTTP: yield address, what comes in, and a function that ends it."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            known = self.path == "/v1/traces"
            if known and self.headers["Content-Type"] == "application/x-protobuf":
                request = trace_service_pb2.ExportTraceServiceRequest.FromString(content)
                received.take(request, {k.lower(): v for k, v in self.headers.items()})
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("localhost", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()

    def end() -> None:
        server.shutdown()
        server.server_close()

    try:
        yield f"http://localhost:{server.server_address[1]}", received, end
    finally:
        end()
        thread.join()


def attributes_of(pairs: Any) -> Mapping[str, Any]:
    """Return attributes from their OTLP form."""
    return {pair.key: _value_of(pair.value) for pair in pairs}


def _value_of(value: AnyValue) -> Any:
    """Return one value from its OTLP form."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_value_of(member) for member in value.array_value.values)
    return getattr(value, str(kind))
