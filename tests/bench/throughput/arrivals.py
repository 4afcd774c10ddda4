"""Loads of calls that arrive by themselves: latency at half load, and goodput past the limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.throughput.load import Ran, arrivals, connected, run_open
from bench.throughput.pace import Pace
from bench.throughput.pools import Pool, WrongAnswerError
from bench.throughput.results import Row
from bench.throughput.servers import Served
from bench.throughput.spreads import percentile
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

    A call that is refused, as when something else holds the machine up, counts as a second.

    Raises:
        WrongAnswerError: a call failed otherwise, or a reply that was looked at is wrong.
    """
    spent = server.cpu_seconds()
    with connected(server.address, pool.form.path) as connections:
        ran = run_open(connections, pool.messages, arrivals(rate, seconds, seed))
    spent = server.cpu_seconds() - spent
    _require_right(ran, pool, {OK, REFUSED})
    latencies = [*ran.latencies, *[PATIENCE_SECONDS] * ran.statuses[REFUSED]]
    return Latency(
        p50=percentile(latencies, 0.5) * 1e6,
        p99=percentile(latencies, 0.99) * 1e6,
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


@dataclass(frozen=True, slots=True)
class Waited:
    """A server whose latency is measured.

    Attributes:
        id: beginning of the names of its rows.
        label: beginning of their labels.
        server: the server.
        pool: what it is asked.
    """

    id: str
    label: str
    server: Served
    pool: Pool

    def rows(self, turns: Sequence[Latency]) -> Iterator[Row]:
        """Yield its rows."""
        for share in ("p50", "p99"):
            yield Row(
                id=f"{self.id}_{share}",
                label=f"{self.label}: {share}",
                unit="µs",
                values=[getattr(turn, share) for turn in turns],
                server_us=[turn.server_us for turn in turns],
                load_busy=[turn.busy for turn in turns],
            )
        late = [turn.late_p99 for turn in turns]
        yield Row(f"{self.id}_late", f"{self.label}: the load late, p99", "µs", late)


def compare_latencies(waited: Sequence[Waited], rate: float, pace: Pace) -> Iterator[Row]:
    """Yield the latencies of servers at the same rate; calls arrive at the same instants."""
    turns: dict[str, list[Latency]] = {one.id: [] for one in waited}
    for seed, one in pace.turns(waited, lambda one: f"{one.id} at {rate:,.0f} calls/s"):
        turns[one.id].append(measure_latency(one.server, one.pool, rate, pace.seconds, seed))
    for one in waited:
        yield from one.rows(turns[one.id])


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


def compare_goodputs(server: Served, pool: Pool, sustainable: float, pace: Pace) -> Iterator[Row]:
    """Yield the goodput at its best near the sustainable load, and at three times that load."""
    goodputs: dict[float, list[float]] = {load: [] for load in (*LOADS_OF_PEAK, OVERLOAD)}
    for seed, load in pace.turns(list(goodputs), lambda load: f"goodput at {load:g} of the load"):
        rate = sustainable * load
        goodputs[load].append(measure_goodput(server, pool, rate, pace.seconds, seed))
    overloaded = goodputs.pop(OVERLOAD)
    peaks = [max(of_one) for of_one in zip(*goodputs.values(), strict=True)]
    yield Row("goodput_peak", "Comity, goodput at its peak", "calls/s", peaks)
    yield Row("goodput_3", "Comity, goodput at 3 times the load", "calls/s", overloaded)
