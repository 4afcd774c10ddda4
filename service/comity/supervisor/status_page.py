"""Metrics and status over HTTP."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from comity.app.startup import ExitCode, StartupError
from comity.settings import Address

_READ_TIMEOUT_SECONDS: Final = 10

Status = Mapping[str, object]


class StatusPage:
    """Serves `/metrics` for Prometheus and `/status` for people and health checks.

    `/status` is a JSON object, with HTTP status 200 while decisions are served and 503 otherwise.
    """

    def __init__(
        self, address: Address, metrics: Callable[[], bytes], status: Callable[[], Status]
    ) -> None:
        """Listen on `address`, answering with what `metrics` and `status` give.

        Raises:
            StartupError: the address can't be listened on.
        """
        try:
            self._server = _listen(address, _handler(metrics, status))
        except OSError as error:
            message = (
                f"can't listen on {address}: {error.strerror}; "
                "name another with --metrics-listen or COMITY_METRICS_LISTEN"
            )
            raise StartupError(ExitCode.ADDRESS_UNUSABLE, message) from error
        self.address = address.with_port(int(self._server.server_address[1]))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="status page", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _handler(
    metrics: Callable[[], bytes], status: Callable[[], Status]
) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests with what `metrics` and `status` give."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _READ_TIMEOUT_SECONDS
        server_version = "comity"
        sys_version = ""

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._reply(HTTPStatus.OK, CONTENT_TYPE_PLAIN_0_0_4, metrics())
                case "/status":
                    found = status()
                    serving = found.get("serving") is True
                    code = HTTPStatus.OK if serving else HTTPStatus.SERVICE_UNAVAILABLE
                    text = json.dumps(found, indent=2) + "\n"
                    self._reply(code, "application/json", text.encode())
                case _:
                    text = "there are /metrics and /status\n"
                    self._reply(HTTPStatus.NOT_FOUND, "text/plain", text.encode())

        def log_message(self, *_: object) -> None:
            """Log nothing: addresses of clients stay out of logs."""

        def _reply(self, code: HTTPStatus, content_type: str, content: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


def _listen(address: Address, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    """Return an HTTP server on the first address that `address` has, IPv4 before IPv6.

    Raises:
        OSError: there is none, or it is in use.
    """
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    first = min(found, key=lambda info: info[0] != socket.AF_INET)

    class Server(ThreadingHTTPServer):
        address_family = first[0]
        daemon_threads = True

        def server_bind(self) -> None:
            # The inherited one looks the name of the host up, which may take seconds.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(self.server_address)
            self.server_address = self.socket.getsockname()
            self.server_name, self.server_port = address.host, self.server_address[1]

        def handle_error(self, *_: object) -> None:
            """Pass over clients that hang up."""

    return Server(first[4], handler)  # type: ignore[arg-type] # AF_INET6 has four parts
