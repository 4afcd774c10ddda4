"""Keeps all decision workers running, and lets them change to a revision together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from comity.adapters.worker_link import Commit, InForce, NotPrepared, Prepare, Prepared, Refuse
from comity.supervisor.publishing import Publication
from comity.supervisor.workers import (
    Ended,
    OfWorker,
    Started,
    WorkerKeeper,
    scrape_all,
)

_LONGEST_PREPARATION_SECONDS: Final = 120.0
_PULSES_A_SILENCE: Final = 4
_LONGEST_PULSE_SECONDS: Final = 1.0


@dataclass(slots=True)
class _Place:
    """What the crew knows of the worker in one place.

    Attributes:
        keeper: keeps it.
        serving: whether it answers calls.
        prepared: number of the latest revision that it has ready or in force.
        refused: number of the latest revision that it could not make ready.
    """

    keeper: WorkerKeeper
    serving: bool = False
    prepared: int = 0
    refused: int = 0


class Crew:
    """Keeps workers, replaces silent ones, and changes their revision at one point.

    A revision is published under a number. Each worker makes it ready beside the one in force;
    when all that serve have done so they are told to change, one message each. A worker that can't
    make it ready when another can is drained and replaced; while none can, nothing changes.
    """

    def __init__(
        self,
        count: int,
        command: Sequence[str],
        environment: Mapping[str, str],
        silence_seconds: float,
        tell: Callable[[OfWorker], None],
    ) -> None:
        """Keep `count` workers that run `command`; `tell` hears what happens to each.

        One that gives no sign of life for `silence_seconds` is replaced.
        """
        self._silence_seconds = silence_seconds
        self._tell = tell
        self._lock = threading.RLock()
        self._latest: Prepare | None = None
        self._published_at = 0.0
        self._committed = 0
        self._started = 0
        self._stopping = threading.Event()
        self._places = [
            _Place(WorkerKeeper(number, command, environment, self._happened))
            for number in range(1, count + 1)
        ]
        self._pulse = threading.Thread(target=self._feel_pulses, name="worker pulses")

    @property
    def _keepers(self) -> list[WorkerKeeper]:
        """The keepers of all workers."""
        return [place.keeper for place in self._places]

    def start(self, count: int | None = None) -> None:
        """Start the workers that were not started yet, or the first `count` of them."""
        with self._lock:
            last = len(self._places) if count is None else count
            if not self._started:
                self._pulse.start()
            for place in self._places[self._started : last]:
                place.keeper.start()
            self._started = max(self._started, last)

    def use(self, environment: Mapping[str, str]) -> None:
        """Start later workers with `environment`."""
        for keeper in self._keepers:
            keeper.use(environment)

    def publish(self, publication: Publication) -> None:
        """Let all workers, and each later one, answer from a revision."""
        with self._lock:
            self._latest = Prepare(
                self._latest.number + 1 if self._latest else 1,
                publication.known,
                publication.compiled,
                publication.files,
                publication.kept_from_earlier,
                publication.refused_edit,
            )
            self._published_at = time.monotonic()
            for keeper in self._keepers:
                keeper.send(self._latest)

    def refuse(self, message: Refuse) -> None:
        """Tell all workers, and each later one, of a refused edit."""
        with self._lock:
            if self._latest is not None:
                self._latest = replace(self._latest, refused_edit=message.edit)
            for keeper in self._keepers:
                keeper.send(message)

    def scrape(self, timeout_seconds: float) -> list[bytes]:
        """Return the metrics of each worker; empty for one that doesn't answer in time."""
        return scrape_all(self._keepers, timeout_seconds)

    def stop(self, patience_seconds: float) -> None:
        """Let all workers drain at the same time, kill those that take longer, start no other."""
        self._stopping.set()
        started = self._keepers[: self._started]
        for keeper in started:
            keeper.begin_stop()
        deadline = time.monotonic() + patience_seconds
        for keeper in started:
            keeper.finish_stop(max(0.0, deadline - time.monotonic()))
        if self._started:
            self._pulse.join()

    def kill(self) -> None:
        """Kill all workers without letting them drain, and start no other."""
        for keeper in self._keepers:
            keeper.kill()

    def _happened(self, told: OfWorker) -> None:
        """Take in what happened to a worker, and tell of it."""
        event = told.event
        with self._lock:
            place = self._places[told.worker - 1]
            match event:
                case Started() | Ended():
                    place.serving, place.prepared, place.refused = False, 0, 0
                    if isinstance(event, Started) and self._latest is not None:
                        place.keeper.send(self._latest)
                case Prepared():
                    place.prepared = event.number
                    if event.number == self._committed:
                        place.keeper.send(Commit(event.number))
                case NotPrepared():
                    place.refused = event.number
                    if event.number == self._committed:
                        place.keeper.replace()
                case InForce():
                    place.serving = True
            self._change_if_all_are_ready()
        self._tell(told)

    def _change_if_all_are_ready(self) -> None:
        """Tell the workers to change, if nobody who serves has to be waited for."""
        if self._latest is None or self._latest.number == self._committed:
            return
        number = self._latest.number
        ready = [place for place in self._places if place.prepared == number]
        if ready and not self._unready():
            self._committed = number
            for turn, place in enumerate(ready):
                place.keeper.send(Commit(number, turn))
            for place in self._places:
                if place.refused == number:
                    place.keeper.replace()

    def _unready(self) -> list[_Place]:
        """Return the places whose worker serves and has not said yet whether it can change."""
        number = self._latest.number if self._latest else 0
        return [
            place
            for place in self._places
            if place.serving and number not in (place.prepared, place.refused)
        ]

    def _feel_pulses(self) -> None:
        """Ask all workers for signs of life, over and over."""
        pause = min(self._silence_seconds / _PULSES_A_SILENCE, _LONGEST_PULSE_SECONDS)
        asleep_since = time.monotonic()
        while not self._stopping.wait(pause):
            overslept = time.monotonic() - asleep_since > 2 * pause
            asleep_since = time.monotonic()
            for keeper in self._keepers:
                if overslept:  # then it may be us who did not listen
                    keeper.forgive()
                keeper.pulse(self._silence_seconds)
            self._hurry()

    def _hurry(self) -> None:
        """Replace workers that take too long to make a revision ready, for others wait for them."""
        with self._lock:
            late = time.monotonic() - self._published_at > _LONGEST_PREPARATION_SECONDS
            if late and self._latest and self._latest.number != self._committed:
                for place in self._unready():
                    place.keeper.replace()
