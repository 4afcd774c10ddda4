"""Opens what speaks to the collector."""

from __future__ import annotations

from comity.app.startup import ExitCode, StartupError
from comity.journal.exporting.collector import GRPC, Collector
from comity.journal.exporting.sending import Sender


def open_sender(collector: Collector) -> Sender:
    """Return what sends requests to `collector`; it connects when there is something to send.

    Raises:
        StartupError: the certificates can't be used.
    """
    try:
        # Each brings libraries of its own; only the one in use is loaded.
        if collector.protocol == GRPC:
            from comity.journal.exporting.grpc_sending import GrpcSender

            return GrpcSender(collector)
        from comity.journal.exporting.http_sending import HttpSender

        return HttpSender(collector)
    except OSError as error:  # SSLError is one
        message = (
            "the certificates that OTEL_EXPORTER_OTLP_* name can't be used: "
            f"{error.strerror or type(error).__name__}"
        )
        raise StartupError(ExitCode.TLS_UNUSABLE, message) from error
