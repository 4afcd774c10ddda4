"""Loads of calls that arrive by themselves: latency at half load, and goodput past the limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.throughput.load import Ran, arrivals, connected, run_open
from bench.throughput.spreads import percentile
from bench.throughput.pools import Pool, WrongAnswerError
from bench.throughput.results import Row
from bench.throughput.servers import Served
from bench.throughput.wire import OK, RESET_STATUS, Ended

CONNECTIONS_OF_MANY = 16
PATIENCE_SECONDS = 1.0
LOADS_OF_PEAK = (0.8, 1.0, 1.2)
OVERLOAD = 3.0
# Answered; cancelled or too late, since the caller stopped waiting; refused.
CANCELLED, TOO_LATE, REFUSED = "1", "4", "8"
PAST_THE_LIMIT = {OK, CANCELLED, TOO_LATE, REFUSED, RESET_STATUS}


@dataclass(frozen=True, slots=True)
class Latency:
    """Latencies of one turn, in microseconds from when a call was due.

    Attributes:
        p50: the median.
        p99: what 99 of 100 don't exceed.
        late_p99: by how much the load itself was late, 99 of 100.
        server_us: microseconds of the server's processor a call.
        busy: share of its core that the load took.
    """

    p50: float
    p99: float
    late_p99: float
    server_us: float
    busy: float


def measure_latency(server: Served, pool: Pool, rate: float, seconds: float, seed: int) -> Latency:
    """Return the latencies of calls that arrive at `rate` a second.

    Raises:
        WrongAnswerError: a call failed, or a reply that was looked at is wrong.
    """
    spent = server.cpu_seconds()
    with connected(server.address, pool.form.path) as connections:
        ran = run_open(connections, pool.messages, arrivals(rate, seconds, seed))
    spent = server.cpu_seconds() - spent
    _require_right(ran, pool, {OK})
    return Latency(
        p50=percentile(ran.latencies, 0.5) * 1e6,
        p99=percentile(ran.latencies, 0.99) * 1e6,
        late_p99=percentile(ran.late, 0.99) * 1e6,
        server_us=spent / ran.begun * 1e6,
        busy=ran.busy,
    )


def _require_right(ran: Ran, pool: Pool, statuses: set[str]) -> None:
    """Return if all calls ended with one of `statuses`, and replies that were kept are right.

    Raises:
        WrongAnswerError: this is not so.
    """
    if set(ran.statuses) - statuses or ran.begun != sum(ran.statuses.values()):
        message = f"{pool.form.path}: {ran.begun} calls, {dict(ran.statuses)}"
        raise WrongAnswerError(message)
    for position, reply in ran.kept:
        pool.require_right(position % len(pool.messages), reply)


def compare_latencies(
    servers: Sequence[tuple[str, str, Served, Pool]],
    rate: float,
    repetitions: int,
    seconds: float,
    tell: Callable[[str], None],
) -> Iterator[Row]:
    """Yield p50 and p99 of servers at the same rate, in turns; each is (id, label, server, pool).

    Calls arrive at the same instants for all.
    """
    turns: dict[str, list[Latency]] = {name: [] for name, *_ in servers}
    for repetition in range(repetitions):
        for name, _, server, pool in servers[:: 1 if repetition % 2 == 0 else -1]:
            tell(f"{name} at {rate:,.0f} calls/s, {repetition + 1} of {repetitions}")
            turns[name].append(measure_latency(server, pool, rate, seconds, repetition))
    for name, label, *_ in servers:
        told = turns[name]
        for share in ("p50", "p99"):
            yield Row(
                id=f"{name}_{share}",
                label=f"{label}: {share}",
                unit="µs",
                values=[getattr(turn, share) for turn in told],
                server_us=[turn.server_us for turn in told],
                load_busy=[turn.busy for turn in told],
            )
        late = [turn.late_p99 for turn in told]
        yield Row(f"{name}_late", f"{label}: the load late, p99", "µs", late)


def measure_goodput(server: Served, pool: Pool, rate: float, seconds: float, seed: int) -> float:
    """Return how many calls a second are answered well and in time if `rate` a second arrive.

    Each caller waits for a second; what is refused is not tried again.

    Raises:
        WrongAnswerError: a call failed otherwise, or a reply that was looked at is wrong.
    """
    good = 0

    def note(ended: Ended, due: float, end: float) -> None:
        nonlocal good
        good += ended.status == OK and end - due <= PATIENCE_SECONDS

    timeout = f"{PATIENCE_SECONDS * 1000:.0f}m"
    path = pool.form.path
    with connected(server.address, path, CONNECTIONS_OF_MANY, timeout) as connections:
        due = arrivals(rate, seconds, seed)
        ran = run_open(connections, pool.messages, due, on_end=note)
    _require_right(ran, pool, PAST_THE_LIMIT)
    return good / seconds


def compare_goodputs(
    server: Served,
    pool: Pool,
    sustainable: float,
    repetitions: int,
    seconds: float,
    tell: Callable[[str], None],
) -> Iterator[Row]:
    """Yield the goodput at its best near the sustainable load, and at three times that load."""
    peaks, overloaded = [], []
    for repetition in range(repetitions):
        goodputs = []
        for load in (*LOADS_OF_PEAK, OVERLOAD):
            tell(f"goodput at {load:g} of the sustainable load, {repetition + 1} of {repetitions}")
            rate = sustainable * load
            goodputs.append(measure_goodput(server, pool, rate, seconds, repetition))
        peaks.append(max(goodputs[:-1]))
        overloaded.append(goodputs[-1])
    yield Row("goodput_peak", "Comity, goodput at its peak", "calls/s", peaks)
    yield Row("goodput_3", "Comity, goodput at 3 times the load", "calls/s", overloaded)
