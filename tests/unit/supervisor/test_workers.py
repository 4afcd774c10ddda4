"""The keeper of a worker, with small programs in place of workers."""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from comity.adapters.worker_link import InForce, NotInForce, Publish, Refuse
from comity.app.active_policy import KnownRevision
from comity.app.ports.policy_status import RefusedEdit
from comity.domain.request import Revision
from comity.supervisor.workers import Ended, Started, WorkerEvent, WorkerKeeper

SERVICE = Path(__file__).parents[3] / "service"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
KNOWN = KnownRevision(Revision(3, "3" * 64), NOW)
REFUSED = RefusedEdit(NOW, 0, ())
# Tells of each revision, and whether its files were refused, by the epoch of what it says.
TELLER = """
import sys
from comity.adapters.worker_link import *
link = WorkerLink(int(sys.argv[-1]))
try:
    while True:
        message = link.receive()
        match message:
            case Publish(): link.send(InForce(message.known))
            case Refuse(): link.send(NotInForce(message.edit))
            case Scrape(): link.send(Metrics(message.number, b"metrics"))
except LinkClosedError:
    pass
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


class Kept:
    """A keeper, and what it tells."""

    def __init__(self, program: str) -> None:
        """Keep `program` running."""
        self._events: queue.Queue[WorkerEvent] = queue.Queue()
        environment = {**os.environ, "PYTHONPATH": str(SERVICE)}
        command = (sys.executable, "-c", program)
        self.keeper = WorkerKeeper(command, environment, self._events.put)

    def next_of(self, kind: type[WorkerEvent]) -> WorkerEvent:
        """Return the next event of a kind; pass over others."""
        while True:
            event = self._events.get(timeout=20)
            if isinstance(event, kind):
                return event


@contextmanager
def keeping(
    program: str, prepare: Callable[[WorkerKeeper], None] = lambda _: None
) -> Iterator[Kept]:
    """Keep `program` running while in the context."""
    kept = Kept(program)
    prepare(kept.keeper)
    kept.keeper.start()
    try:
        yield kept
    finally:
        kept.keeper.stop(0)


def publish() -> Publish:
    """Return the message that publishes `KNOWN`."""
    return Publish(KNOWN, {"a.yaml": b"a"}, kept_from_earlier=False, refused_edit=None)


def test_every_worker_is_told_of_the_policies_in_force() -> None:
    """The first one and each that replaces one, whenever they were published."""
    with keeping(TELLER, lambda keeper: keeper.publish(publish())) as kept:
        for _ in range(2):
            started = kept.next_of(Started)
            assert isinstance(started, Started)
            assert kept.next_of(InForce) == InForce(KNOWN)
            assert kept.keeper.scrape(10) == b"metrics"
            os.kill(started.pid, 9)
            assert kept.next_of(Ended) == Ended(started.pid, -9)


def test_a_worker_that_replaces_one_learns_of_the_refused_edit() -> None:
    """Else it would not tell callers that the latest edit is not in force."""

    def prepare(keeper: WorkerKeeper) -> None:
        keeper.publish(publish())
        keeper.refuse(Refuse(REFUSED))

    program = TELLER.replace("InForce(message.known)", "NotInForce(message.refused_edit)")
    with keeping(program, prepare) as kept:
        told = kept.next_of(NotInForce)
        assert isinstance(told, NotInForce)
        assert told.known == REFUSED


def test_workers_that_end_at_once_are_started_less_and_less_often() -> None:
    """The pause doubles, so that a broken machine is not kept busy."""
    with keeping("raise SystemExit(7)") as kept:
        instants = []
        for _ in range(4):
            ended = kept.next_of(Ended)
            assert isinstance(ended, Ended)
            assert ended.exit_code == 7
            instants.append(time.monotonic())
    pauses = [later - earlier for earlier, later in pairwise(instants)]
    assert pauses[0] >= 0.1
    assert pauses[1] >= 0.2
    assert pauses[2] >= 0.4


def test_a_worker_that_does_not_drain_is_killed() -> None:
    """Stopping ends in the time given, and starts no other worker."""
    with keeping(DEAF) as kept:
        kept.next_of(Started)
        kept.keeper.stop(0.5)
        ended = kept.next_of(Ended)
        assert isinstance(ended, Ended)
        assert ended.exit_code in (-9, -15)


def test_without_a_worker_there_are_no_metrics() -> None:
    """Whoever scrapes waits for a while and gets nothing, not an error."""
    with keeping(DEAF) as kept:
        kept.next_of(Started)
        assert kept.keeper.scrape(0.05) == b""
