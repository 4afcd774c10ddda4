"""Calls whose caller has stopped waiting are not computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from comity.grpc_api.wrapping import Behaviour, UnaryInterceptor


class DeadlineInterceptor(UnaryInterceptor):
    """Ends a call at once if its deadline passed while it waited for a thread."""

    def __init__(self, tell_late: Callable[[], None] = lambda: None) -> None:
        """Call `tell_late` for every call that is ended."""
        super().__init__()
        self._tell_late = tell_late

    def wrap(self, method: str, behaviour: Behaviour) -> Behaviour:
        """Return `behaviour`, not called when nobody waits for its reply."""
        del method

        def unless_late(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
            require_waiting(context, self._tell_late)
            return behaviour(request, context)

        return unless_late


def is_late(context: grpc.ServicerContext) -> bool:
    """Return whether the deadline has passed. Whether a caller gave up takes longer to tell."""
    remaining = context.time_remaining()
    return remaining is not None and remaining <= 0


def require_waiting(
    context: grpc.ServicerContext, tell_late: Callable[[], None] = lambda: None
) -> None:
    """Return if somebody waits for the reply; else call `tell_late` and end the call."""
    remaining = context.time_remaining()
    if remaining is not None and remaining <= 0:
        tell_late()
        context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed before the reply")
    if not context.is_active():
        tell_late()
        context.abort(grpc.StatusCode.CANCELLED, "the caller no longer waits")
