"""TLS on both ports: enforced for every caller, and certificates that are exchanged."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
import trustme
from comity.v1 import common_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from integration.server_process import POLICIES, ServerProcess, ask, eventually

pytestmark = pytest.mark.processes


def credentials_of(
    ca: trustme.CA, identity: trustme.LeafCert | None = None
) -> grpc.ChannelCredentials:
    """Return what a caller who trusts `ca` connects with, showing `identity` if it has one."""
    root = ca.cert_pem.bytes()
    if identity is None:
        return grpc.ssl_channel_credentials(root)
    chain = b"".join(pem.bytes() for pem in identity.cert_chain_pems)
    return grpc.ssl_channel_credentials(root, identity.private_key_pem.bytes(), chain)


def write(folder: Path, certificate: trustme.LeafCert) -> None:
    """Write the files of a server's certificate."""
    certificate.private_key_pem.write_to_path(str(folder / "tls.key"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "tls.crt"))


def code_of(channel: grpc.Channel) -> grpc.StatusCode:
    """Return the status of a question."""
    try:
        ask(channel)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


def test_tls_is_enforced_and_certificates_may_be_exchanged(tmp_path: Path) -> None:
    """Only callers with a certificate get through; a new server certificate needs no restart."""
    ca, other_ca, new_ca = trustme.CA(), trustme.CA(), trustme.CA()
    write(tmp_path, ca.issue_cert("localhost"))
    ca.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    caller = ca.issue_cert("caller.example.org")
    with ServerProcess(
        tmp_path,
        policies=POLICIES,
        tls_certificate=tmp_path / "tls.crt",
        tls_key=tmp_path / "tls.key",
        tls_client_ca=tmp_path / "ca.crt",
    ) as server:
        known = credentials_of(ca, caller)
        with server.channel(credentials=known) as channel:
            assert ask(channel).effect == common_pb2.EFFECT_DENY
        with server.channel("control_listen", known) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            status = health.Check(health_pb2.HealthCheckRequest(), timeout=10).status
            assert status == health_pb2.HealthCheckResponse.SERVING
        stranger = credentials_of(ca, other_ca.issue_cert("stranger.example.org"))
        for port in ("listen", "control_listen"):
            for credentials in (None, credentials_of(ca), stranger):
                with server.channel(port, credentials) as channel:
                    assert code_of(channel) is grpc.StatusCode.UNAVAILABLE
        (tmp_path / "tls.key").write_text("half a key", "utf-8")
        with server.channel(credentials=known) as channel:
            assert ask(channel).effect == common_pb2.EFFECT_DENY
        assert server.wait_for_log("certificate refused")
        write(tmp_path, new_ca.issue_cert("localhost"))
        with server.channel(credentials=credentials_of(new_ca, caller)) as channel:
            assert eventually(lambda: code_of(channel) is grpc.StatusCode.OK)
