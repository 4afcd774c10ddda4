"""Keeps one decision worker running: starts it, hears it, replaces it when it dies."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from comity.adapters.worker_link import (
    FromWorker,
    LinkClosedError,
    Listening,
    Message,
    Metrics,
    Ping,
    Pong,
    Scrape,
    ToWorker,
    WorkerLink,
    make_line,
)

SHORTEST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 10.0
_LIFE_THAT_COUNTS_SECONDS: Final = 60.0
_LAST_BREATH_SECONDS: Final = 5.0
_NOT_STARTED: Final = 127
_LONGEST_START_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Started:
    """A worker was started.

    Attributes:
        pid: its process id.
    """

    pid: int


@dataclass(frozen=True, slots=True)
class Silent:
    """A worker gave no sign of life for too long, and is killed.

    Attributes:
        pid: its process id.
    """

    pid: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker is gone.

    Attributes:
        pid: its process id; 0 if it could not be started.
        exit_code: what it ended with; negative for a signal, 127 if it could not be started.
    """

    pid: int
    exit_code: int


WorkerEvent = FromWorker | Started | Silent | Ended


@dataclass(frozen=True, slots=True)
class OfWorker:
    """What happened to one worker.

    Attributes:
        worker: which one, from 1.
        event: what happened.
    """

    worker: int
    event: WorkerEvent


class WorkerKeeper:
    """Keeps one worker running, from threads of its own.

    What is sent to a worker is queued, so that one that does not read holds up nobody.
    """

    def __init__(
        self,
        number: int,
        command: Sequence[str],
        environment: Mapping[str, str],
        tell: Callable[[OfWorker], None],
    ) -> None:
        """Run `command` with the `number` and that of its socket; `tell` hears what happens.

        A worker may be sent messages as soon as `tell` has heard that it was started.
        """
        self._command = [*command, str(number)]
        self._environment = environment
        self._number = number
        self._tell_of = tell
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._outbox: queue.SimpleQueue[ToWorker | None] = queue.SimpleQueue()
        self._heard_at = time.monotonic()
        self._listens = False
        self._scraped = threading.Condition()
        self._scrapes = 0
        self._metrics = Metrics(0, b"")
        self._thread = threading.Thread(target=self._keep, name="worker keeper")

    def start(self) -> None:
        """Start the first worker."""
        self._thread.start()

    def use(self, environment: Mapping[str, str]) -> None:
        """Start later workers with `environment`."""
        self._environment = environment

    def send(self, message: ToWorker) -> None:
        """Send `message` to the worker, soon; a worker that is started later never sees it."""
        self._outbox.put(message)

    def ask_metrics(self) -> int:
        """Ask the worker for its metrics; return the number under which they come."""
        with self._scraped:
            self._scrapes += 1
            number = self._scrapes
        self.send(Scrape(number))
        return number

    def metrics(self, number: int, timeout_seconds: float) -> bytes:
        """Return the metrics that were asked for; empty if they don't come in time."""
        with self._scraped:
            self._scraped.wait_for(lambda: self._metrics.number >= number, timeout_seconds)
            return self._metrics.text if self._metrics.number >= number else b""

    def pulse(self, silence_seconds: float) -> None:
        """Ask for a sign of life; kill the worker if none came for so long.

        While it starts it has longer, since it does not listen to us yet.
        """
        limit = silence_seconds if self._listens else _LONGEST_START_SECONDS
        process = self._process
        if process is None or process.poll() is not None:
            return
        if time.monotonic() - self._heard_at > limit:
            self._tell(Silent(process.pid))
            process.kill()
        elif self._listens:
            self.send(Ping())

    def forgive(self) -> None:
        """Count the silence of the worker from now."""
        self._heard_at = time.monotonic()

    def replace(self) -> None:
        """Let the worker drain; another is started when it has ended."""
        if self._process is not None:
            self._process.terminate()

    def begin_stop(self) -> None:
        """Let the worker drain, and start no other."""
        self._stopping.set()
        self.replace()

    def finish_stop(self, patience_seconds: float) -> None:
        """See the worker end; kill it if it takes longer."""
        self._thread.join(patience_seconds)
        self.kill()
        self._thread.join()

    def kill(self) -> None:
        """Kill the worker without letting it drain, and start no other."""
        self._stopping.set()
        if self._process is not None:
            self._process.kill()

    def _keep(self) -> None:
        """Run one worker after the other."""
        pause_seconds = SHORTEST_PAUSE_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            self._live_through()
            if time.monotonic() - started > _LIFE_THAT_COUNTS_SECONDS:
                pause_seconds = SHORTEST_PAUSE_SECONDS
            self._stopping.wait(pause_seconds)
            pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)

    def _live_through(self) -> None:
        """Run one worker to its end."""
        try:
            link, process = self._begin()
        except OSError:  # of memory, processes or files there are not enough at present
            self._tell(Ended(0, _NOT_STARTED))
            return
        self._listens = False
        self.forgive()
        self._outbox = queue.SimpleQueue()
        self._process = process
        sender = threading.Thread(target=_send_all, args=(link, self._outbox), name="worker sender")
        sender.start()
        self._tell(Started(process.pid))
        if self._stopping.is_set():  # asked to stop before there was a process to tell
            process.kill()
        with contextlib.suppress(LinkClosedError):
            while True:
                self._hear(link.receive())
        self._outbox.put(None)
        sender.join()
        link.close()
        try:
            exit_code = process.wait(_LAST_BREATH_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            exit_code = process.wait()
        self._tell(Ended(process.pid, exit_code))

    def _begin(self) -> tuple[WorkerLink, subprocess.Popen[bytes]]:
        """Start a process; return it with our end of the line to it.

        Raises:
            OSError: it can't be started.
        """
        link, theirs = make_line()
        with theirs:
            descriptor = theirs.fileno()
            try:
                process = subprocess.Popen(  # noqa: S603 - our own command
                    [*self._command, str(descriptor)],
                    env=dict(self._environment),
                    stdin=subprocess.DEVNULL,
                    pass_fds=(descriptor,),
                )
            except OSError:
                link.close()
                raise
        return link, process

    def _tell(self, event: WorkerEvent) -> None:
        """Tell what happened to the worker."""
        self._tell_of(OfWorker(self._number, event))

    def _hear(self, message: Message) -> None:
        """Pass on what the worker says."""
        self.forgive()
        match message:
            case Pong():
                pass
            case Metrics():
                with self._scraped:
                    self._metrics = max(self._metrics, message, key=lambda metrics: metrics.number)
                    self._scraped.notify_all()
            case Listening():
                self._listens = True
                self._tell(message)
            case _ if isinstance(message, FromWorker):
                self._tell(message)


def _send_all(link: WorkerLink, outbox: queue.SimpleQueue[ToWorker | None]) -> None:
    """Send what is put into `outbox`, until that is None or the worker is gone."""
    with contextlib.suppress(LinkClosedError):
        while (message := outbox.get()) is not None:
            link.send(message)


def scrape_all(keepers: Iterable[WorkerKeeper], timeout_seconds: float) -> list[bytes]:
    """Return the metrics of workers in their order; empty for one that doesn't answer in time."""
    deadline = time.monotonic() + timeout_seconds
    asked = [(keeper, keeper.ask_metrics()) for keeper in keepers]
    return [keeper.metrics(number, deadline - time.monotonic()) for keeper, number in asked]
