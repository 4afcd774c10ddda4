"""Loads on a server: so many calls under way at a time, or so many arriving a second."""

from __future__ import annotations

import gc
import random
import select
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bench.throughput.wire import OK, Connection, Ended

CONNECTIONS = 4
UNDER_WAY = 32
KEEP_EVERY = 499
LONGEST_SILENCE_SECONDS = 20.0
# Timers of the kernel are late by about this much.
SPIN_SECONDS = 0.0002


class ServerSilentError(Exception):
    """A server answered nothing for a long time."""


@dataclass(slots=True)
class Ran:
    """How a load went.

    Attributes:
        seconds: how long it took.
        begun: how many calls began.
        statuses: calls ended, by gRPC status.
        latencies: seconds of each call that was answered.
        kept: some of the replies, by the position of their request.
        cpu_seconds: processor time of the load itself.
        late: by how many seconds each call began late, if calls arrive by a plan.
    """

    seconds: float = 0.0
    begun: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: array[float] = field(default_factory=lambda: array("d"))
    kept: list[tuple[int, bytes]] = field(default_factory=list)
    cpu_seconds: float = 0.0
    late: array[float] = field(default_factory=lambda: array("d"))

    @property
    def answered(self) -> int:
        """How many calls were answered."""
        return self.statuses[OK]

    @property
    def rate(self) -> float:
        """Calls answered a second."""
        return self.answered / self.seconds

    @property
    def busy(self) -> float:
        """Share of its core that the load took."""
        return self.cpu_seconds / self.seconds


@contextmanager
def _timed(ran: Ran) -> Iterator[None]:
    """Note time and processor time; the garbage collector rests meanwhile."""
    gc.collect()
    gc.disable()
    start, cpu = time.perf_counter(), time.thread_time()
    try:
        yield
    finally:
        ran.seconds = time.perf_counter() - start
        ran.cpu_seconds = time.thread_time() - cpu
        gc.enable()


@contextmanager
def connected(
    address: str, path: str, count: int = CONNECTIONS, timeout: str = ""
) -> Iterator[Sequence[Connection]]:
    """Yield `count` connections to a server for calls of one method."""
    with ExitStack() as stack:
        yield [stack.enter_context(Connection(address, path, timeout)) for _ in range(count)]


class Poller:
    """Waits for connections that have something to say."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        """Wait for `connections`."""
        self._connections = {connection.socket: connection for connection in connections}

    def wait(self, seconds: float) -> Iterable[Connection]:
        """Return connections to be read, within so many seconds; send what is still to be sent."""
        unsent = [s for s, connection in self._connections.items() if not connection.flush()]
        readable, _, _ = select.select(self._connections, unsent, (), max(0.0, seconds))
        return [self._connections[found] for found in readable]


def run_closed(
    connections: Sequence[Connection],
    messages: Sequence[bytes],
    *,
    seconds: float,
    under_way: int = UNDER_WAY,
    again: bool = True,
) -> Ran:
    """Keep so many calls under way for so many seconds; return how it went.

    The messages are sent in their order, and `again` from the first; else the load ends with the
    last of them.
    """
    ran, started = Ran(), [0.0] * len(messages)
    poller, most = Poller(connections), len(messages)
    each = max(1, under_way // len(connections))

    def begin(connection: Connection) -> None:
        position = ran.begun % most
        started[position] = time.perf_counter()
        connection.begin(position, messages[position], keep=ran.begun % KEEP_EVERY == 0)
        ran.begun += 1

    with _timed(ran):
        deadline = time.perf_counter() + seconds
        for connection in connections:
            for _ in range(min(each, most - ran.begun)):
                begin(connection)
        while any(connection.under_way for connection in connections):
            ready = poller.wait(LONGEST_SILENCE_SECONDS)
            if not ready:
                message = "the server is silent"
                raise ServerSilentError(message)
            go_on = time.perf_counter() < deadline
            for connection in ready:
                for ended in connection.receive():
                    _note(ran, ended, time.perf_counter() - started[ended.call])
                    if go_on and (again or ran.begun < most):
                        begin(connection)
    return ran


def arrivals(rate: float, seconds: float, seed: int = 1) -> array[float]:
    """Return when calls arrive that know nothing of each other, in seconds from the start."""
    chance, at, times = random.Random(seed), 0.0, array("d")
    while (at := at + chance.expovariate(rate)) < seconds:
        times.append(at)
    return times


def run_open(
    connections: Sequence[Connection],
    messages: Sequence[bytes],
    due: Sequence[float],
    *,
    on_end: Callable[[Ended, float, float], None] | None = None,
) -> Ran:
    """Let a call arrive at each instant of `due`, however the server fares; return how it went.

    Latencies count from the instant at which a call is due. `on_end` is told of each end, and of
    the seconds from the start at which the call was due and ended.
    """
    ran, poller, count, most = Ran(), Poller(connections), len(connections), len(messages)
    late, total = ran.late, len(due)
    with _timed(ran):
        start = time.perf_counter()
        give_up = due[-1] + LONGEST_SILENCE_SECONDS if total else 0.0
        while ran.begun < total or any(connection.under_way for connection in connections):
            now = time.perf_counter() - start
            if now > give_up:
                message = "the server is silent"
                raise ServerSilentError(message)
            while (position := ran.begun) < total and due[position] <= now:
                late.append(now - due[position])
                keep = position % KEEP_EVERY == 0
                connections[position % count].begin(position, messages[position % most], keep=keep)
                ran.begun += 1
            wait = due[position] - now - SPIN_SECONDS if position < total else SPIN_SECONDS * 50
            for connection in poller.wait(wait):
                for ended in connection.receive():
                    end = time.perf_counter() - start
                    _note(ran, ended, end - due[ended.call])
                    if on_end:
                        on_end(ended, due[ended.call], end)
    return ran


def _note(ran: Ran, ended: Ended, seconds: float) -> None:
    """Note the end of a call."""
    ran.statuses[ended.status] += 1
    if ended.status == OK:
        ran.latencies.append(seconds)
        if ended.message:
            ran.kept.append((ended.call, ended.message))
