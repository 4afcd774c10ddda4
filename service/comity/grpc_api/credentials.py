"""TLS credentials: if TLS is configured at all it is enforced, or the server does not start."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import grpc

from comity.app.startup import ExitCode, StartupError
from comity.settings import Settings

_Contents = tuple[bytes, bytes, bytes | None]


def load_credentials(
    settings: Settings, report: Callable[[str], None]
) -> grpc.ServerCredentials | None:
    """Return the credentials that the settings ask for; None without TLS.

    Files that are exchanged later are taken up at the next handshake; as long as they don't fit
    together, the ones before them stay in use.

    Args:
        settings: which files.
        report: told why exchanged files are not taken up, once for each exchange.

    Raises:
        StartupError: a file can't be read, or the files don't fit together.
    """
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    files = _TlsFiles(settings.tls_certificate, settings.tls_key, settings.tls_client_ca, report)
    credentials: grpc.ServerCredentials = grpc.dynamic_ssl_server_credentials(
        files.initial,
        files.changed,  # type: ignore[arg-type] # the stubs forget that None means no change
        require_client_authentication=bool(settings.tls_client_ca),
    )
    return credentials


class _TlsFiles:
    """The PEM files of the server."""

    def __init__(
        self, certificate: Path, key: Path, client_ca: Path | None, report: Callable[[str], None]
    ) -> None:
        """Read and check the files.

        Raises:
            StartupError: a file can't be read, or the files don't fit together.
        """
        self._certificate, self._key, self._client_ca = certificate, key, client_ca
        self._report = report
        try:
            self._seen = self._read()
            self._check()
        except (OSError, ValueError) as error:
            raise StartupError(ExitCode.TLS_UNUSABLE, _why(error)) from error
        self.initial = _configuration(self._seen)

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the configuration if the files have changed and fit together, else None."""
        try:
            contents = self._read()
            if contents == self._seen:
                return None
            self._seen = contents
            self._check()
        except (OSError, ValueError) as error:
            self._report(_why(error))
            return None
        return _configuration(contents)

    def _read(self) -> _Contents:
        """Return the contents of the files."""
        return (
            self._certificate.read_bytes(),
            self._key.read_bytes(),
            self._client_ca.read_bytes() if self._client_ca else None,
        )

    def _check(self) -> None:
        """Raise unless certificate, key and authorities can be used together.

        Raises:
            OSError: a file can't be read, or (as `ssl.SSLError`) used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate, self._key, password=_refuse_password)
        if self._client_ca:
            context.load_verify_locations(self._client_ca)


def _refuse_password() -> str:
    """Refuse a key that is encrypted, rather than ask on the terminal."""
    message = "the private key is encrypted; give it without a passphrase"
    raise ValueError(message)


def _configuration(contents: _Contents) -> grpc.ServerCertificateConfiguration:
    """Return what gRPC makes of the files."""
    certificate, key, client_ca = contents
    configuration: grpc.ServerCertificateConfiguration = grpc.ssl_server_certificate_configuration(
        [(key, certificate)], client_ca
    )
    return configuration


def _why(error: OSError | ValueError) -> str:
    """Return why the files can't be used."""
    name = getattr(error, "filename", None)
    detail = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    place = f"{name}: " if name else "tls_certificate, tls_key or tls_client_ca: "
    return f"TLS can't be set up: {place}{detail}"
