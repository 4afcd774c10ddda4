"""The keeper of a worker and the crew of all, with small programs in place of workers."""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from comity.adapters.worker_link import InForce, NotPrepared, Prepared, Refuse
from comity.app.active_policy import KnownRevision
from comity.app.ports.policy_status import RefusedEdit
from comity.domain.request import Revision
from comity.supervisor.crew import Crew
from comity.supervisor.publishing import Publication
from comity.supervisor.workers import Ended, OfWorker, Silent, Started, WorkerEvent

SERVICE = Path(__file__).parents[3] / "service"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
FIRST, SECOND, THIRD = (KnownRevision(Revision(n, f"{n}" * 64), NOW) for n in (1, 2, 3))
REFUSED = RefusedEdit(NOW, 0, ())
PUBLICATION = Publication(FIRST, {"a.yaml": b"a"}, b"form", jurisdiction_count=1, rule_count=1)
PATIENCE_SECONDS = 20
# Changes revisions as told. The first one of a folder takes its time over the second revision,
# until the folder has a file `go`, and can't make the third ready.
WORKER = """
import os, sys, time
from comity.adapters.worker_link import *
folder, _, descriptor = sys.argv[1:]
try:
    os.close(os.open(folder + "/first", os.O_CREAT | os.O_EXCL))
    first = True
except FileExistsError:
    first = False
link = WorkerLink(int(descriptor))
link.send(Listening("localhost:1", ()))
try:
    while True:
        message = link.receive()
        match message:
            case Prepare():
                ready = message
                epoch = message.known.revision.epoch
                while first and epoch == 2 and not os.path.exists(folder + "/go"):
                    time.sleep(0.005)
                if first and epoch == 3:
                    link.send(NotPrepared(message.number, message.known))
                else:
                    link.send(Prepared(message.number))
            case Commit():
                link.send(InForce(ready.known))
            case Scrape():
                link.send(Metrics(message.number, b"metrics"))
            case Ping():
                link.send(Pong())
except LinkClosedError:
    pass
"""
_TELL_REFUSAL = "link.send(NotPrepared(message.number, message.refused_edit))"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


@dataclass
class Watched:
    """A crew, and what it tells."""

    crew: Crew
    events: queue.Queue[OfWorker] = field(default_factory=queue.Queue)

    def next_of(self, *kinds: type[WorkerEvent]) -> OfWorker:
        """Return the next event of one of these kinds; pass over others."""
        while True:
            told = self.events.get(timeout=PATIENCE_SECONDS)
            if isinstance(told.event, kinds):
                return told

    def started(self) -> tuple[int, int]:
        """Return number and process id of the worker that is started next."""
        told = self.next_of(Started)
        assert isinstance(told.event, Started)
        return told.worker, told.event.pid

    def serving(self, count: int) -> dict[int, int]:
        """Return the process ids of the workers by their numbers, once so many serve."""
        pids: dict[int, int] = {}
        serving: set[int] = set()
        while len(serving) < count:
            told = self.next_of(Started, InForce)
            if isinstance(told.event, Started):
                pids[told.worker] = told.event.pid
            else:
                serving.add(told.worker)
        return pids


@contextmanager
def keeping(
    folder: Path, program: str = WORKER, count: int = 1, silence_seconds: float = PATIENCE_SECONDS
) -> Iterator[Watched]:
    """Keep `program` running with `folder`, so many times, while in the context."""
    events: queue.Queue[OfWorker] = queue.Queue()
    environment = {**os.environ, "PYTHONPATH": str(SERVICE)}
    command = (sys.executable, "-c", program, str(folder))
    crew = Crew(count, command, environment, silence_seconds, events.put)
    crew.publish(PUBLICATION)
    crew.start()
    try:
        yield Watched(crew, events)
    finally:
        crew.stop(0)


def test_every_worker_is_told_of_the_policies_in_force(tmp_path: Path) -> None:
    """The first one and each that replaces one, whenever they were published."""
    with keeping(tmp_path) as kept:
        for _ in range(2):
            _, pid = kept.started()
            assert kept.next_of(InForce).event == InForce(FIRST)
            assert kept.crew.scrape(PATIENCE_SECONDS) == [b"metrics"]
            os.kill(pid, signal.SIGKILL)
            assert kept.next_of(Ended).event == Ended(pid, -9)


def test_a_worker_that_replaces_one_learns_of_the_refused_edit(tmp_path: Path) -> None:
    """Else it would not tell callers that the latest edit is not in force."""
    program = WORKER.replace("link.send(Prepared(message.number))", _TELL_REFUSAL)
    with keeping(tmp_path, program) as kept:
        _, pid = kept.started()
        kept.next_of(NotPrepared)
        kept.crew.refuse(Refuse(REFUSED))
        os.kill(pid, signal.SIGKILL)
        told = kept.next_of(NotPrepared).event
        assert isinstance(told, NotPrepared)
        assert told.known == REFUSED


def test_workers_change_when_all_of_them_are_ready(tmp_path: Path) -> None:
    """While one still makes the revision ready nobody changes; then everybody does."""
    with keeping(tmp_path, count=2) as kept:
        kept.serving(2)
        kept.crew.publish(replace(PUBLICATION, known=SECOND))
        kept.next_of(Prepared)
        with pytest.raises(queue.Empty):
            kept.events.get(timeout=0.2)
        (tmp_path / "go").touch()
        told = [kept.next_of(Prepared, InForce) for _ in range(3)]
    assert [type(one.event) for one in told] == [Prepared, InForce, InForce]
    assert {one.worker for one in told[1:]} == {1, 2}
    assert told[1].event == told[2].event == InForce(SECOND)


def test_workers_that_change_together_tidy_up_one_after_the_other(tmp_path: Path) -> None:
    """Each is told how many are before it."""
    told = "open(f'{folder}/turn-{epoch}-{message.turn}', 'a').close(); "
    program = WORKER.replace("link.send(InForce(", f"{told}link.send(InForce(")
    (tmp_path / "go").touch()
    with keeping(tmp_path, program, count=3) as kept:
        kept.serving(3)
        kept.crew.publish(replace(PUBLICATION, known=SECOND))
        for _ in range(3):
            kept.next_of(InForce)
    assert {path.name for path in tmp_path.glob("turn-2-*")} == {f"turn-2-{n}" for n in range(3)}


def test_a_dead_worker_is_not_waited_for(tmp_path: Path) -> None:
    """The others change without it, and the one that replaces it begins with the new revision."""
    with keeping(tmp_path, count=2) as kept:
        pids = kept.serving(2)
        kept.crew.publish(replace(PUBLICATION, known=SECOND))
        quick = kept.next_of(Prepared).worker
        os.kill(pids[3 - quick], signal.SIGKILL)
        told = [kept.next_of(InForce) for _ in range(2)]
    assert [one.worker for one in told] == [quick, 3 - quick]
    assert told[0].event == told[1].event == InForce(SECOND)


def test_a_worker_that_cant_use_a_revision_is_replaced_if_others_can(tmp_path: Path) -> None:
    """All that serve are to answer alike."""
    with keeping(tmp_path, count=2) as kept:
        pids = kept.serving(2)
        kept.crew.publish(replace(PUBLICATION, known=THIRD))
        unable = kept.next_of(NotPrepared).worker
        assert kept.next_of(Ended).event == Ended(pids[unable], -15)
        served = kept.next_of(InForce)
        if served.worker != unable:  # the one that could use it is as late at times
            assert served.event == InForce(THIRD)
            served = kept.next_of(InForce)
        assert served == OfWorker(unable, InForce(THIRD))


def test_nothing_changes_while_no_worker_can_use_a_revision(tmp_path: Path) -> None:
    """The last good one stays in force, and the next that is good replaces it."""
    with keeping(tmp_path) as kept:
        kept.next_of(InForce)
        kept.crew.publish(replace(PUBLICATION, known=THIRD))
        kept.next_of(NotPrepared)
        (tmp_path / "go").touch()
        kept.crew.publish(replace(PUBLICATION, known=SECOND))
        assert kept.next_of(InForce, Ended).event == InForce(SECOND)


def test_a_worker_that_gives_no_sign_of_life_is_replaced(tmp_path: Path) -> None:
    """It is stopped, not dead: its connections are open and nobody answers."""
    with keeping(tmp_path, silence_seconds=1) as kept:
        _, pid = kept.started()
        kept.next_of(InForce)
        os.kill(pid, signal.SIGSTOP)
        assert kept.next_of(Silent).event == Silent(pid)
        assert kept.next_of(Ended).event == Ended(pid, -9)
        assert kept.next_of(InForce).event == InForce(FIRST)


def test_workers_that_end_at_once_are_started_less_and_less_often(tmp_path: Path) -> None:
    """The pause doubles, so that a broken machine is not kept busy."""
    with keeping(tmp_path, "raise SystemExit(7)") as kept:
        instants = []
        for _ in range(4):
            ended = kept.next_of(Ended).event
            assert isinstance(ended, Ended)
            assert ended.exit_code == 7
            instants.append(time.monotonic())
    pauses = [later - earlier for earlier, later in pairwise(instants)]
    assert pauses[0] >= 0.1
    assert pauses[1] >= 0.2
    assert pauses[2] >= 0.4


def test_a_worker_that_cant_be_started_is_tried_again() -> None:
    """As when there is no memory for another process."""
    events: queue.Queue[OfWorker] = queue.Queue()
    crew = Crew(1, ("/no/such/program",), {}, PATIENCE_SECONDS, events.put)
    crew.start()
    try:
        told = [events.get(timeout=PATIENCE_SECONDS) for _ in range(2)]
    finally:
        crew.stop(0)
    assert told == [OfWorker(1, Ended(0, 127))] * 2


def test_workers_that_do_not_drain_are_killed(tmp_path: Path) -> None:
    """Stopping ends in the time given to all together, and starts no other worker."""
    with keeping(tmp_path, DEAF, count=2) as kept:
        for _ in range(2):
            kept.started()
        kept.crew.stop(0.5)
        for _ in range(2):
            ended = kept.next_of(Ended).event
            assert isinstance(ended, Ended)
            assert ended.exit_code in (-9, -15)


def test_a_worker_that_does_not_answer_has_no_metrics(tmp_path: Path) -> None:
    """Whoever scrapes waits for a while and gets nothing of it, not an error."""
    with keeping(tmp_path, DEAF) as kept:
        kept.started()
        assert kept.crew.scrape(0.05) == [b""]
