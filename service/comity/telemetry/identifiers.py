"""Trace and span ids from the randomness of the operating system."""

from __future__ import annotations

import os
import struct
from collections import deque
from typing import Final

from opentelemetry.sdk.trace.id_generator import IdGenerator

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8
_FETCHED_AT_ONCE: Final = 512


class Randomness:
    """Random octets of the operating system, fetched for many takers at once.

    Asking the system lets other threads in, which takes longer than a decision. A forked process
    starts with none in store.
    """

    def __init__(self, length: int) -> None:
        """Give out `length` octets at a time."""
        self._zeros = bytes(length)
        self._pieces = struct.Struct(f"{length}s" * _FETCHED_AT_ONCE)
        self._store: deque[bytes] = deque()
        os.register_at_fork(after_in_child=self._store.clear)

    def take(self) -> bytes:
        """Return random octets, not all zero, each given out once, whatever thread asks."""
        while True:
            try:
                taken = self._store.popleft()
                if taken != self._zeros:
                    return taken
            except IndexError:
                pieces = self._pieces
                self._store.extend(pieces.unpack(os.urandom(pieces.size)))

    def take_some(self, count: int) -> list[bytes]:
        """Return `count` times what `take` returns."""
        take = self._store.popleft
        try:
            taken = [take() for _ in range(count)]
        except IndexError:  # what was taken before is given to nobody
            return [self.take() for _ in range(count)]
        return taken if self._zeros not in taken else [self.take() for _ in taken]


class SystemRandomIdGenerator(IdGenerator):
    """Makes ids that can't be guessed from earlier ones: whoever holds one may read a decision."""

    def __init__(self) -> None:
        """Begin with no randomness in store."""
        self._trace_ids = Randomness(TRACE_ID_BYTES)
        self._span_ids = Randomness(SPAN_ID_BYTES)

    def generate_trace_id(self) -> int:
        """Return a trace id; never the invalid one."""
        return int.from_bytes(self._trace_ids.take())

    def generate_span_id(self) -> int:
        """Return a span id; never the invalid one."""
        return int.from_bytes(self._span_ids.take())


def decision_id(trace_id: int, span_id: int) -> str:
    """Return the identity of the decision that a span records."""
    return f"{trace_id:032x}-{span_id:016x}"


def identity_octets(identity: str) -> bytes:
    """Return a decision id as octets: those of the trace id, then those of the span id."""
    return bytes.fromhex(identity.replace("-", ""))
