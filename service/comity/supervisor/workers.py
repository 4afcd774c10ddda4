"""Keeps a decision worker running: starts it, tells it of policies, replaces it when it dies."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from comity.adapters.worker_link import (
    FromWorker,
    LinkClosedError,
    Message,
    Metrics,
    Publish,
    Refuse,
    Scrape,
    WorkerLink,
    make_line,
)

SHORTEST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 10.0
_LIFE_THAT_COUNTS_SECONDS: Final = 60.0
_LAST_BREATH_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Started:
    """A worker was started.

    Attributes:
        pid: its process id.
    """

    pid: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker is gone.

    Attributes:
        pid: its process id.
        exit_code: what it ended with; negative for a signal.
    """

    pid: int
    exit_code: int


WorkerEvent = FromWorker | Started | Ended


class WorkerKeeper:
    """Keeps one worker running, from a thread of its own."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        tell: Callable[[WorkerEvent], None],
    ) -> None:
        """Run `command`, with the number of its socket appended; `tell` hears what happens."""
        self._command = command
        self._environment = environment
        self._tell = tell
        self._stopping = threading.Event()
        self._sending = threading.Lock()
        self._link: WorkerLink | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._publish: Publish | None = None
        self._scraped = threading.Condition()
        self._metrics = Metrics(0, b"")
        self._thread = threading.Thread(target=self._keep, name="worker keeper")

    def start(self) -> None:
        """Start the first worker."""
        self._thread.start()

    def use(self, environment: Mapping[str, str]) -> None:
        """Start later workers with `environment`."""
        self._environment = environment

    def publish(self, message: Publish) -> None:
        """Tell the worker, and each later one, to answer from a revision."""
        with self._sending:
            self._publish = message
            self._send(message)

    def refuse(self, message: Refuse) -> None:
        """Tell the worker, and each later one, of a refused edit."""
        with self._sending:
            if self._publish is not None:
                self._publish = replace(self._publish, refused_edit=message.edit)
            self._send(message)

    def scrape(self, timeout_seconds: float) -> bytes:
        """Return the worker's metrics; empty if it doesn't answer in time."""
        with self._scraped:
            number = self._metrics.number + 1
            if not self._sending.acquire(timeout=timeout_seconds):
                return b""  # the worker does not read what it was sent before
            try:
                self._send(Scrape(number))
            finally:
                self._sending.release()
            self._scraped.wait_for(lambda: self._metrics.number >= number, timeout_seconds)
            return self._metrics.text if self._metrics.number >= number else b""

    def stop(self, patience_seconds: float) -> None:
        """Let the worker drain, kill it if it takes longer, and start no other."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
        self._thread.join(patience_seconds)
        self.kill()
        self._thread.join()

    def kill(self) -> None:
        """Kill the worker without letting it drain, and start no other."""
        self._stopping.set()
        if self._process is not None:
            self._process.kill()

    def _send(self, message: Message) -> None:
        """Send `message` to the worker, if there is one; `_sending` is held."""
        if self._link is not None:
            with contextlib.suppress(LinkClosedError):
                self._link.send(message)

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
        link, theirs = make_line()
        with theirs:
            descriptor = theirs.fileno()
            process = subprocess.Popen(  # noqa: S603 - our own command
                [*self._command, str(descriptor)],
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                pass_fds=(descriptor,),
            )
        self._process = process
        self._tell(Started(process.pid))
        if self._stopping.is_set():  # asked to stop before there was a process to tell
            process.kill()
        with self._sending:
            self._link = link
            if self._publish is not None:
                self._send(self._publish)
        with contextlib.suppress(LinkClosedError):
            while True:
                self._hear(link.receive())
        with self._sending:
            self._link = None
        link.close()
        try:
            exit_code = process.wait(_LAST_BREATH_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            exit_code = process.wait()
        self._tell(Ended(process.pid, exit_code))

    def _hear(self, message: Message) -> None:
        """Pass on what the worker says."""
        if isinstance(message, Metrics):
            with self._scraped:
                self._metrics = max(self._metrics, message, key=lambda metrics: metrics.number)
                self._scraped.notify_all()
        elif not isinstance(message, Publish | Refuse | Scrape):
            self._tell(message)
