"""Calls a second of all servers, taken in turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.throughput.h2load import run_h2load
from bench.throughput.load import CONNECTIONS, connected, run_closed
from bench.throughput.pace import Pace
from bench.throughput.pools import Pool, Supply
from bench.throughput.results import Row
from bench.throughput.servers import Served

FASTEST = 12_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a contestant.

    Attributes:
        rate: units a second.
        server_us: microseconds of the server's processor for each call.
        load_busy: share of its core that the load took.
    """

    rate: float
    server_us: float
    load_busy: float


class Contestant(Protocol):
    """A server under one kind of load."""

    @property
    def id(self) -> str:
        """Name of its row."""
        ...

    def row(self, turns: Sequence[Turn]) -> Row:
        """Return its row."""
        ...

    def take_turn(self, seconds: float) -> Turn:
        """Load the server for about so many seconds."""
        ...


@dataclass
class Steady:
    """A server under a load of messages that are sent over and over, in their order.

    Attributes:
        id: name of its row.
        label: label of its row.
        server: the server.
        pool: the messages.
        connections: over how many connections they are sent.
    """

    id: str
    label: str
    server: Served
    pool: Pool
    connections: int = CONNECTIONS

    def row(self, turns: Sequence[Turn]) -> Row:
        """Return the row."""
        return row_of(self.id, self.label, unit_of(self.pool), turns)

    def take_turn(self, seconds: float) -> Turn:
        """Load the server for about so many seconds."""
        return load_closed(self.server, self.pool, seconds, connections=self.connections)[0]


@dataclass
class Fresh:
    """A server under a load of messages that it has never seen.

    Attributes:
        id: name of its row.
        label: label of its row.
        server: the server.
        supply: where the messages come from.
        used: how many it has been asked.
    """

    id: str
    label: str
    server: Served
    supply: Supply
    used: int = 0

    def row(self, turns: Sequence[Turn]) -> Row:
        """Return the row."""
        return row_of(self.id, self.label, "calls/s", turns)

    def take_turn(self, seconds: float) -> Turn:
        """Load the server for about so many seconds, or until its questions run out."""
        pool = self.supply.take(self.used, int(seconds * FASTEST))
        turn, begun = load_closed(self.server, pool, seconds, again=False)
        self.used += begun
        return turn


@dataclass
class ByH2load:
    """A server under a load of one message, sent over and over by h2load.

    Attributes:
        id: name of its row.
        label: label of its row.
        server: the server.
        pool: where the message comes from.
        folder: takes the file that h2load reads.
        rate: calls a second that it did last, by which it is told how many to make.
    """

    id: str
    label: str
    server: Served
    pool: Pool
    folder: Path
    rate: float = field(default=500.0, init=False)

    def row(self, turns: Sequence[Turn]) -> Row:
        """Return the row."""
        return row_of(self.id, self.label, unit_of(self.pool), turns)

    def take_turn(self, seconds: float) -> Turn:
        """Load the server for about so many seconds; its own count must be h2load's."""
        answered, spent = self.server.count(), self.server.cpu_seconds()
        calls = max(100, int(self.rate * seconds))
        path = self.pool.form.path
        report = run_h2load(self.server.address, path, self.pool.messages[0], calls, self.folder)
        spent = self.server.cpu_seconds() - spent
        self.server.require_counted(answered + calls)
        self.rate = report.rate
        return Turn(report.rate * self.pool.items, spent / calls * 1e6, report.busy)


def unit_of(pool: Pool) -> str:
    """Return the unit of a rate."""
    return "calls/s" if pool.items == 1 else "decisions/s"


def row_of(name: str, label: str, unit: str, turns: Sequence[Turn]) -> Row:
    """Return the row of turns."""
    return Row(
        id=name,
        label=label,
        unit=unit,
        values=[turn.rate for turn in turns],
        server_us=[turn.server_us for turn in turns],
        load_busy=[turn.load_busy for turn in turns],
    )


def load_closed(
    server: Served,
    pool: Pool,
    seconds: float,
    *,
    again: bool = True,
    connections: int = CONNECTIONS,
) -> tuple[Turn, int]:
    """Load a server; return how that went, and how many calls began.

    Raises:
        WrongAnswerError: a call failed, or a reply that was looked at is wrong.
        CountMismatchError: the server counts otherwise.
    """
    answered, spent = server.count(), server.cpu_seconds()
    with connected(server.address, pool.form.path, connections) as opened:
        ran = run_closed(opened, pool.messages, seconds=seconds, again=again)
    spent = server.cpu_seconds() - spent
    server.require_counted(answered + ran.begun)
    pool.require_all_right(ran)
    turn = Turn(ran.rate * pool.items, spent / ran.begun * 1e6, ran.busy)
    return turn, ran.begun


def take_turns(contestants: Sequence[Contestant], pace: Pace) -> Iterator[Row]:
    """Yield the rows of all, after turns at this pace."""
    turns = defaultdict[str, list[Turn]](list)
    for contestant in contestants:
        pace.tell(f"{contestant.id}, warming up")
        contestant.take_turn(pace.seconds / 3)
    for _, contestant in pace.turns(contestants, lambda one: one.id):
        turns[contestant.id].append(contestant.take_turn(pace.seconds))
    for contestant in contestants:
        yield contestant.row(turns[contestant.id])
