"""Trace and span ids from the randomness of the operating system."""

from __future__ import annotations

import secrets
from typing import Final

from opentelemetry.sdk.trace.id_generator import IdGenerator

_TRACE_ID_BITS: Final = 128
_SPAN_ID_BITS: Final = 64


class SystemRandomIdGenerator(IdGenerator):
    """Makes ids that can't be guessed from earlier ones: whoever holds one may read a decision."""

    def generate_trace_id(self) -> int:
        """Return a trace id; never the invalid one."""
        return secrets.randbits(_TRACE_ID_BITS) or self.generate_trace_id()

    def generate_span_id(self) -> int:
        """Return a span id; never the invalid one."""
        return secrets.randbits(_SPAN_ID_BITS) or self.generate_span_id()


def decision_id(trace_id: int, span_id: int) -> str:
    """Return the identity of the decision that a span records."""
    return f"{trace_id:032x}-{span_id:016x}"
