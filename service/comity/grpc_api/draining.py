"""Lets the calls under way end, and only them: streams are not waited for."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import grpc

from comity.grpc_api.wrapping import Behaviour, UnaryInterceptor

_LOOK_SECONDS: Final = 0.05


class DrainInterceptor(UnaryInterceptor):
    """Knows how many unary calls are under way.

    A server that waits for all its calls waits for watches of health as well, which never end by
    themselves: one balancer would make every shutdown last as long as it may.
    """

    def __init__(self) -> None:
        """Begin with no call under way."""
        super().__init__()
        self._lock = threading.Lock()
        self._under_way = 0

    def wrap(self, method: str, behaviour: Behaviour) -> Behaviour:
        """Return `behaviour`, counted while it is under way."""
        del method

        def counted(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
            with self._lock:
                self._under_way += 1
            try:
                return behaviour(request, context)
            finally:
                with self._lock:
                    self._under_way -= 1

        return counted

    def stop(self, server: grpc.Server, grace_seconds: float) -> None:
        """Stop `server`: no new calls; those under way have `grace_seconds`; then streams end."""
        deadline = time.monotonic() + grace_seconds
        stopped = server.stop(grace_seconds)
        idle = 0
        # A call that was accepted and still waits for its thread shows at the second look.
        while idle < 2 and time.monotonic() < deadline and not stopped.wait(_LOOK_SECONDS):  # noqa: PLR2004
            idle = 0 if self._under_way else idle + 1
        server.stop(None).wait()
