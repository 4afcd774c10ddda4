"""Calls whose caller has stopped waiting are not computed."""

from __future__ import annotations

from typing import Any

import grpc

from comity.grpc_api.wrapping import Behaviour, UnaryInterceptor


class DeadlineInterceptor(UnaryInterceptor):
    """Ends a call at once if its deadline passed while it waited for a thread."""

    def wrap(self, method: str, behaviour: Behaviour) -> Behaviour:
        """Return `behaviour`, not called when nobody waits for its reply."""
        del method

        def unless_late(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
            remaining = context.time_remaining()
            if remaining is not None and remaining <= 0:
                text = "the deadline had passed when the call got its turn"
                context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, text)
            if not context.is_active():
                context.abort(grpc.StatusCode.CANCELLED, "the caller no longer waits")
            return behaviour(request, context)

        return unless_late
