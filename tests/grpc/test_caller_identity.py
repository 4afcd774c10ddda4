"""Who a caller is, as its certificate says over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
import trustme
from comity.grpc_api.callers import caller_of


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    """An authority that server and callers trust."""
    return trustme.CA()


@pytest.fixture(scope="module")
def address(ca: trustme.CA) -> Iterator[str]:
    """A server that tells each caller who it is."""

    def tell(_: bytes, context: grpc.ServicerContext) -> bytes:
        return repr(caller_of(context)).encode()

    certificate = ca.issue_cert("localhost")
    server = grpc.server(ThreadPoolExecutor(2))
    handler = grpc.unary_unary_rpc_method_handler(tell)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("Identity", {"Tell": handler})]
    )
    port = server.add_secure_port(
        "localhost:0",
        grpc.ssl_server_credentials(
            [(certificate.private_key_pem.bytes(), certificate.cert_chain_pems[0].bytes())],
            ca.cert_pem.bytes(),
            require_client_auth=True,
        ),
    )
    server.start()
    yield f"localhost:{port}"
    server.stop(None).wait()


def told(address: str, ca: trustme.CA, identity: trustme.LeafCert) -> str:
    """Return who the server takes the caller with the certificate `identity` for."""
    credentials = grpc.ssl_channel_credentials(
        ca.cert_pem.bytes(),
        identity.private_key_pem.bytes(),
        identity.cert_chain_pems[0].bytes(),
    )
    with grpc.secure_channel(address, credentials) as channel:
        reply: bytes = channel.unary_unary("/Identity/Tell")(b"", timeout=10)
    return reply.decode()


def test_the_first_alternative_name_is_the_identity(address: str, ca: trustme.CA) -> None:
    """A DNS name, as services have it, is the identity; the common name beside it is not."""
    certificate = ca.issue_cert("legal.example.org", common_name="Somebody")
    assert told(address, ca, certificate) == "Caller(identity='legal.example.org', loopback=True)"


def test_without_alternative_names_the_common_name_counts(address: str, ca: trustme.CA) -> None:
    """Certificates of old make give a common name only."""
    certificate = ca.issue_cert(common_name="Legal desk")
    assert told(address, ca, certificate) == "Caller(identity='Legal desk', loopback=True)"
