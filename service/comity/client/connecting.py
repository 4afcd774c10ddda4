"""How the client reaches a server: encryption, retries, probes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc

RETRY_POLICY: Final = {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
}
"""Every call is read-only, so a retry is safe. gRPC waits as long as the server asks it to
(`grpc-retry-pushback-ms`), and gives up at once where the server asks for that."""

SERVICE_CONFIG: Final = {
    # A name with several addresses, such as a headless Service of Kubernetes, has its calls spread.
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {"name": [{"service": f"comity.v1.{service}"}], "retryPolicy": RETRY_POLICY}
        for service in (
            "EligibilityService",
            "DataRequestService",
            "PolicyService",
            "DecisionService",
        )
    ],
    # While more than half of the calls fail, retries would only make it worse.
    "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.5},
}
"""Source: https://github.com/grpc/grpc/blob/master/doc/service_config.md."""

_MOST_REPLY_BYTES: Final = 64 << 20
_PROBE_EVERY_MS: Final = 20_000
_PROBE_TIMEOUT_MS: Final = 5_000
_LOOPBACK: Final = re.compile(r"(dns:(///)?)?(localhost|127\.[0-9.]+|\[::1\]):")


@dataclass(frozen=True, slots=True)
class Tls:
    """How the connection is encrypted.

    Attributes:
        authorities: PEM file of the authorities that the server's certificate is held against;
            None for those of gRPC.
        certificate: PEM file of the certificate chain that the client shows; None for none.
        key: PEM file of its private key; with `certificate` only.
        server_name: name that the server's certificate must bear, if it is not the host's.
    """

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str = ""

    def __post_init__(self) -> None:
        """Refuse half a client certificate.

        Raises:
            ValueError: only one of certificate and key is given.
        """
        if (self.certificate is None) != (self.key is None):
            message = "certificate and key go together"
            raise ValueError(message)


def open_channel(target: str, tls: Tls | None) -> grpc.Channel:
    """Return a channel to `target` that retries; connecting begins with the first call.

    Raises:
        OSError: a file of `tls` can't be read.
    """
    options: list[tuple[str, Any]] = [
        ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
        ("grpc.enable_retries", 1),
        ("grpc.max_receive_message_length", _MOST_REPLY_BYTES),
        ("grpc.keepalive_time_ms", _PROBE_EVERY_MS),
        ("grpc.keepalive_timeout_ms", _PROBE_TIMEOUT_MS),
    ]
    if _LOOPBACK.match(target):
        options.append(("grpc.enable_http_proxy", 0))  # a proxy can't reach this machine's own
    if tls is None:
        return grpc.insecure_channel(target, options=options)
    if tls.server_name:
        options.append(("grpc.ssl_target_name_override", tls.server_name))
    credentials = grpc.ssl_channel_credentials(
        root_certificates=_read(tls.authorities),
        private_key=_read(tls.key),
        certificate_chain=_read(tls.certificate),
    )
    return grpc.secure_channel(target, credentials, options=options)


def _read(path: Path | None) -> bytes | None:
    """Return the bytes of a file, if one is named."""
    return None if path is None else path.read_bytes()
