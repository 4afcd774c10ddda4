"""OTLP over HTTP, with binary protobuf."""

from __future__ import annotations

import gzip
import http.client
import select
import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from comity.journal.exporting.collector import Collector
from comity.journal.exporting.sending import Accepted, Answer, Deferred, Refused, shorten

# Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response (the first four; with the
# others our credentials or the address are wrong, which is no reason to give up a record)
_LATER: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
    }
)
# Of somebody in between, who knows no more than we do.
_IN_DOUBT: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
)
_PROTOBUF: Final = "application/x-protobuf"
_LONGEST_RESPONSE_BYTES: Final = 4 << 20
_GZIP_LEVEL: Final = 6


class HttpSender:
    """Sends requests over HTTP, on one connection. A `Sender`."""

    def __init__(self, collector: Collector, now: Callable[[], float] = time.time) -> None:
        """Connect to `collector` when there is something to send.

        `now` gives seconds since 1970, for dates in `Retry-After`.

        Raises:
            OSError, ssl.SSLError: a file of certificates can't be used.
        """
        self._now = now
        self._path = collector.path
        self._gzip = collector.gzip
        self._headers = {
            "User-Agent": "comity-journal",
            **dict(collector.headers),
            "Content-Type": _PROTOBUF,
            **({"Content-Encoding": "gzip"} if collector.gzip else {}),
        }
        timeout = collector.timeout_seconds
        self._connection: http.client.HTTPConnection
        if collector.secure:
            self._connection = http.client.HTTPSConnection(
                collector.host, timeout=timeout, context=_context(collector)
            )
        else:
            self._connection = http.client.HTTPConnection(collector.host, timeout=timeout)

    def send(self, request: bytes) -> Answer:
        """Send `request` once, on a new connection if the collector has closed an idle one."""
        # Without a time in it, the same request gives the same octets.
        body = gzip.compress(request, _GZIP_LEVEL, mtime=0) if self._gzip else request
        connected = False
        try:
            self._connect()
            connected = True
            return self._post(body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return Deferred(type(error).__name__, perhaps_taken=connected)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _connect(self) -> None:
        """Have a connection that the collector has not closed.

        Raises:
            OSError: there is none.
        """
        # A collector says nothing before it is asked: that there is something to read is the end.
        if self._connection.sock is not None and _is_readable(self._connection.sock):
            self._connection.close()
        if self._connection.sock is None:
            self._connection.connect()

    def _post(self, body: bytes) -> Answer:
        """Send `body` and return the answer.

        Raises:
            OSError, http.client.HTTPException: there was none.
        """
        self._connection.request("POST", self._path, body, self._headers)
        with self._connection.getresponse() as response:
            content = response.read(_LONGEST_RESPONSE_BYTES)
            if response.read(1):
                self._connection.close()
            if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                return _accepted(content)
            reason = f"HTTP {response.status}"
            if response.status in _LATER or response.status < HTTPStatus.BAD_REQUEST:
                after = self._delay(response.headers.get("Retry-After", ""))
                return Deferred(reason, after, response.status in _IN_DOUBT)
            return Refused(shorten(f"{reason}: {_message(content)}"))

    def _delay(self, text: str) -> float | None:
        """Return for how long a `Retry-After` asks; None if it can't be read.

        Source: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
        """
        text = text.strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            then = parsedate_to_datetime(text)
        except ValueError:
            return None
        return max(0.0, then.replace(tzinfo=then.tzinfo or UTC).timestamp() - self._now())


def _is_readable(connection: socket.socket) -> bool:
    """Return whether there is something to read, be it the end."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _context(collector: Collector) -> ssl.SSLContext:
    """Return how the collector is trusted, and what it is shown."""
    context = ssl.create_default_context(cafile=collector.ca)
    if collector.certificate is not None:
        context.load_cert_chain(collector.certificate, collector.key)
    return context


def _accepted(content: bytes) -> Accepted:
    """Return what a collector that took a request says of it."""
    try:
        partial = ExportTraceServiceResponse.FromString(content).partial_success
    except DecodeError:  # JSON, or something else that it need not say
        return Accepted()
    return Accepted(partial.rejected_spans, shorten(partial.error_message))


def _message(content: bytes) -> str:
    """Return why a request was refused: the message of a `google.rpc.Status`, or what is there."""
    try:
        return str(Status.FromString(content).message)
    except DecodeError:
        return content.decode("utf-8", "replace")
