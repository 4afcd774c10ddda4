"""Counts and times calls."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import grpc

from comity.grpc_api.wrapping import Behaviour, UnaryInterceptor
from comity.metrics import WorkerMetrics


class MeteringInterceptor(UnaryInterceptor):
    """Counts every unary call by method and status code, and observes how long it took."""

    def __init__(self, metrics: WorkerMetrics) -> None:
        """Count in `metrics`."""
        super().__init__()
        self._metrics = metrics

    def wrap(self, method: str, behaviour: Behaviour) -> Behaviour:
        """Return `behaviour`, counted and timed. `method` is one that exists: labels stay few."""
        tally = self._metrics.calls.of(method.removeprefix("/"))

        def metered(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
            start = perf_counter()
            unnamed = grpc.StatusCode.UNKNOWN.name
            try:
                reply = behaviour(request, context)
                unnamed = grpc.StatusCode.OK.name
            finally:
                tally.add(perf_counter() - start, _code_name(context) or unnamed)
            return reply

        return metered


def _code_name(context: grpc.ServicerContext) -> str:
    """Return the name of the status that the call was given; empty for none."""
    code = context.code()  # type: ignore[attr-defined] # missing in the stubs
    return code.name if isinstance(code, grpc.StatusCode) else ""
