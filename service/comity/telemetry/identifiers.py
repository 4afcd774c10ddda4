"""Trace and span ids from the randomness of the operating system."""

from __future__ import annotations

import os
from collections import deque
from typing import Final

from opentelemetry.sdk.trace.id_generator import IdGenerator

_WORD_BYTES: Final = 8
_WORDS_AT_ONCE: Final = 512


class SystemRandomIdGenerator(IdGenerator):
    """Makes ids that can't be guessed from earlier ones: whoever holds one may read a decision.

    Randomness is fetched for many ids at once: asking the system lets other threads in, which
    takes longer than a decision. A forked process starts with none of it.
    """

    def __init__(self) -> None:
        """Begin with no randomness in store."""
        self._words: deque[int] = deque()
        os.register_at_fork(after_in_child=self._words.clear)

    def generate_trace_id(self) -> int:
        """Return a trace id; never the invalid one."""
        return self._word() << 8 * _WORD_BYTES | self._word() or self.generate_trace_id()

    def generate_span_id(self) -> int:
        """Return a span id; never the invalid one."""
        return self._word() or self.generate_span_id()

    def _word(self) -> int:
        """Return 64 random bits, each given out once, whatever thread asks."""
        while True:
            try:
                return self._words.popleft()
            except IndexError:
                fetched = memoryview(os.urandom(_WORD_BYTES * _WORDS_AT_ONCE)).cast("Q")
                self._words.extend(fetched)


def decision_id(trace_id: int, span_id: int) -> str:
    """Return the identity of the decision that a span records."""
    return f"{trace_id:032x}-{span_id:016x}"


def identity_octets(identity: str) -> bytes:
    """Return a decision id as octets: those of the trace id, then those of the span id."""
    return bytes.fromhex(identity.replace("-", ""))
