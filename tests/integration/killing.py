"""Processes of a server, killed while it answers calls and ships what it decided."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import grpc
import psutil
from comity.journal.exporting import Counts
from integration.deliveries import (
    Callers,
    counts_of,
    exporter_of,
    is_running,
    metric,
    received_by,
    serving,
    wait_until_received,
)
from integration.server_process import ServerProcess, eventually
from unit.journal.collectors import TAKEN, Collected, Reply, grpc_collector

Victim = Literal["worker", "exporter", "supervisor"]

_BETWEEN_KILLS = 30


@dataclass
class Outcome:
    """What came of killing processes.

    Attributes:
        answered: ids of the decisions that callers were told of.
        received: ids of the decisions that the collector took, as often as it did.
        failures: how often calls ended so.
        counts: what the exporter says became of spans.
        repeated: what the metric says was sent once more.
        killed: process ids of those that were killed.
        seconds: how long it all took.
    """

    answered: set[str] = field(default_factory=set)
    received: list[str] = field(default_factory=list)
    failures: Counter[grpc.StatusCode] = field(default_factory=Counter)
    counts: Counts = field(default_factory=Counts)
    repeated: float = 0.0
    killed: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def duplicates(self) -> int:
        """How many decisions the collector took once more."""
        return len(self.received) - len(set(self.received))


def kill_under_load(folder: Path, victims: Sequence[Victim], seed: int = 1) -> Outcome:
    """Kill one process of each kind in `victims` after the other; return what came of it."""
    outcome, started = Outcome(), time.monotonic()
    choices = random.Random(seed)

    def slowly(_: bytes) -> Reply:
        # So that an exporter is often killed between a request and its answer.
        time.sleep(0.01)
        return TAKEN

    with grpc_collector() as collected, ExitStack() as servers:
        collected.answer = slowly
        server = servers.enter_context(serving(folder, collected, workers=2))
        with Callers(server.addresses["listen"]) as callers:
            for victim in victims:
                callers.wait_for_more(_BETWEEN_KILLS)
                process = _find(server, victim, choices, collected)
                outcome.killed.append(process.pid)
                if victim == "supervisor":
                    _end(server)
                    server = servers.enter_context(serving(folder, collected, workers=2))
                    callers.address = server.addresses["listen"]
                else:
                    process.kill()
            callers.wait_for_more(_BETWEEN_KILLS)
        outcome.answered = callers.answered
        outcome.failures.update(callers.failures)
        wait_until_received(collected, callers.answered)
        # The exporter sees to the cursor after the collector has the spans.
        eventually(lambda: metric(server, "comity_journal_export_lag_spans") == 0)
        outcome.repeated = metric(server, "comity_journal_spans_repeated_total")
        assert server.stop() == 0
        outcome.received = received_by(collected)
        outcome.counts = counts_of(folder / "data")
    outcome.seconds = time.monotonic() - started
    return outcome


def _find(
    server: ServerProcess, victim: Victim, choices: random.Random, collected: Collected
) -> psutil.Process:
    """Return a process to be killed, at work."""
    match victim:
        case "supervisor":
            return server.supervisor
        case "exporter":
            process, before = exporter_of(server), len(collected.requests)
            eventually(lambda: len(collected.requests) > before)
            return process
        case "worker":
            rows = eventually(
                lambda: [row for row in server.status()["workers"] if row["epoch"] and row["pid"]]
            )
            return psutil.Process(choices.choice(rows)["pid"])


def _end(server: ServerProcess) -> None:
    """Kill a supervisor, and return once all that it started has ended by itself."""
    children = server.supervisor.children()
    server.supervisor.kill()
    eventually(lambda: not any(map(is_running, children)))
