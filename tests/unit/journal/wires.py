"""What lies between exporter and collector: a wire that may be cut, and certificates."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from ssl import CERT_NONE, CERT_REQUIRED, PROTOCOL_TLS_SERVER, SSLContext

import grpc
import trustme


class Wire:
    """Passes octets on to a collector, and counts them.

    Attributes:
        address: host and port to send to instead of the collector's.
        octets: how many came from the exporter.
        connections: how many connections there were.
        cut_after: octets from the exporter after which each connection is cut; None for never.
    """

    def __init__(self, address: str) -> None:
        """Pass on to the collector at `address`."""
        self._listener = socket.create_server(("localhost", 0))
        self._target = ("localhost", int(address.rpartition(":")[2]))
        self.address = f"localhost:{self._listener.getsockname()[1]}"
        self.octets = self.connections = 0
        self.cut_after: int | None = None
        self._ends: tuple[socket.socket, ...] = ()
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """Cut the present connection; the next one is whole."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        """Serve one connection after the other."""
        while True:
            try:
                exporter, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with exporter, socket.create_connection(self._target) as collector:
                self._ends = (exporter, collector)
                back = threading.Thread(target=self._pass_back, args=(collector, exporter))
                back.start()
                self._pass_on(exporter, collector)
                for end in (exporter, collector):
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
                back.join()

    def _pass_on(self, exporter: socket.socket, collector: socket.socket) -> None:
        """Pass octets on until an end, or the cut."""
        passed = 0
        with contextlib.suppress(OSError):
            while octets := exporter.recv(4096):
                passed += len(octets)
                self.octets += len(octets)
                if self.cut_after is not None and passed > self.cut_after:
                    return
                collector.sendall(octets)

    @staticmethod
    def _pass_back(collector: socket.socket, exporter: socket.socket) -> None:
        """Pass answers back until an end."""
        with contextlib.suppress(OSError):
            while octets := collector.recv(65536):
                exporter.sendall(octets)


class Identity:
    """Certificates of a collector, in files, and of a client that it knows.

    Attributes:
        ca: certificate of the authority.
        certificate: certificate of the client.
        key: private key of the client.
    """

    def __init__(self, folder: Path, *, asks_for_client: bool = False) -> None:
        """Write the files to `folder`."""
        self._authority = trustme.CA()
        self._server = self._authority.issue_cert("localhost")
        self._asks = asks_for_client
        client = self._authority.issue_cert("exporter.example.org")
        self.ca, self.certificate, self.key = (
            folder / name for name in ("ca.crt", "client.crt", "client.key")
        )
        self._authority.cert_pem.write_to_path(str(self.ca))
        client.cert_chain_pems[0].write_to_path(str(self.certificate))
        client.private_key_pem.write_to_path(str(self.key))

    def credentials(self) -> grpc.ServerCredentials:
        """Return them for gRPC."""
        chain = b"".join(pem.bytes() for pem in self._server.cert_chain_pems)
        pair = (self._server.private_key_pem.bytes(), chain)
        root = self._authority.cert_pem.bytes() if self._asks else None
        return grpc.ssl_server_credentials([pair], root, self._asks)

    def context(self) -> SSLContext:
        """Return them for HTTP."""
        context = SSLContext(PROTOCOL_TLS_SERVER)
        self._server.configure_cert(context)
        context.verify_mode = CERT_REQUIRED if self._asks else CERT_NONE
        if self._asks:
            self._authority.configure_trust(context)
        return context
