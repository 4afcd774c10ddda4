"""OTLP over gRPC."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import grpc
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from comity.journal.exporting.collector import Collector
from comity.journal.exporting.sending import Accepted, Answer, Deferred, Refused, shorten

_METHOD: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
# Those that the specification retries, and those that say nothing of the spans: what is wrong then
# is our credentials or the address, and no reason to give up a record.
# Source: https://opentelemetry.io/docs/specs/otlp/#failures
_LATER: Final = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)
# Without an answer, or with one of somebody in between who had none, the collector may have taken
# the request.
_IN_DOUBT: Final = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
# What grpcio says if it never reached anybody.
_NOT_CONNECTED: Final = "failed to connect to all addresses"
# RESOURCE_EXHAUSTED means overload or a message that is too long; one of this length never is.
_NEVER_TOO_LONG_BYTES: Final = 1 << 16
_OPTIONS: Final = (
    ("grpc.enable_retries", 0),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 5000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.primary_user_agent", "comity-journal"),
)


class GrpcSender:
    """Sends requests over gRPC. A `Sender`."""

    def __init__(self, collector: Collector) -> None:
        """Connect to `collector` when there is something to send.

        Raises:
            OSError: a file of certificates can't be read.
        """
        if collector.secure:
            credentials = grpc.ssl_channel_credentials(
                _pem(collector.ca),
                _pem(collector.key),
                _pem(collector.certificate),
            )
            self._channel = grpc.secure_channel(collector.host, credentials, options=_OPTIONS)
        else:
            self._channel = grpc.insecure_channel(collector.host, options=_OPTIONS)
        self._export = self._channel.unary_unary(
            _METHOD, None, ExportTraceServiceResponse.FromString
        )
        self._metadata = collector.headers
        self._timeout_seconds = collector.timeout_seconds
        self._compression = grpc.Compression.Gzip if collector.gzip else None

    def send(self, request: bytes) -> Answer:
        """Send `request` once."""
        try:
            response = self._export(
                request,
                timeout=self._timeout_seconds,
                metadata=self._metadata,
                compression=self._compression,
            )
        except grpc.RpcError as error:
            return _answer_of(error, len(request))
        partial = response.partial_success
        return Accepted(partial.rejected_spans, shorten(partial.error_message))

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


def _pem(path: Path | None) -> bytes | None:
    """Return what a file of certificates holds; None for no file."""
    return None if path is None else path.read_bytes()


def _answer_of(error: grpc.RpcError, length: int) -> Answer:
    """Return what the failure of a request of `length` octets means."""
    assert isinstance(error, grpc.Call)  # as grpcio documents
    code = error.code()
    after = _retry_delay(error)
    exhausted = code is grpc.StatusCode.RESOURCE_EXHAUSTED
    if exhausted and (after is not None or length <= _NEVER_TOO_LONG_BYTES):
        return Deferred(code.name, after)
    if code in _LATER:
        away = (error.details() or "").startswith(_NOT_CONNECTED)
        return Deferred(code.name, after, code in _IN_DOUBT and after is None and not away)
    return Refused(shorten(f"{code.name}: {error.details() or ''}"))


def _retry_delay(error: grpc.Call) -> float | None:
    """Return how long the collector asks to be left alone; None if it doesn't."""
    # A status that contradicts the call's is nobody's wish.
    with contextlib.suppress(ValueError):
        status = rpc_status.from_call(error)
        for detail in status.details if status is not None else ():
            info = RetryInfo()
            if detail.Unpack(info):
                seconds: float = info.retry_delay.ToTimedelta().total_seconds()
                return max(0.0, seconds)
    return None
