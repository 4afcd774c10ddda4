"""Standard health of a decision worker: NOT_SERVING until a policy is in force."""

from __future__ import annotations

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

OVERALL = ""

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class WorkerHealth:
    """Tells of the whole server under the empty name, and of each service under its own.

    Watching health takes no thread of the server.
    """

    def __init__(self, services: tuple[str, ...]) -> None:
        """Begin as NOT_SERVING for `services` and the whole."""
        self._servicer = health.HealthServicer()
        self._names = (OVERALL, *services)
        for name in self._names:
            self._servicer.set(name, NOT_SERVING)

    def add_to(self, server: grpc.Server) -> None:
        """Serve health from `server`."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    def serve(self) -> None:
        """Say SERVING from now on."""
        for name in self._names:
            self._servicer.set(name, SERVING)

    def drain(self) -> None:
        """Say NOT_SERVING from now on, for good."""
        self._servicer.enter_graceful_shutdown()
