"""The exporter: ships what is recorded, at least once, and says how far it got."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, assert_never

from comity.journal.errors import JournalError
from comity.journal.exporting.attempts import Attempts
from comity.journal.exporting.backlog import Backlog
from comity.journal.exporting.batch import Batch, BatchLimits
from comity.journal.exporting.cursor import Cursor, ExportLock, life_of
from comity.journal.exporting.dead_letters import MOST_DEAD_BYTES, DeadLetters
from comity.journal.exporting.patience import Patience, Pauses
from comity.journal.exporting.sampling import Sampling
from comity.journal.exporting.sending import Accepted, Answer, Deferred, Refused, Sender
from comity.journal.layout import SegmentName

_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How a journal is exported.

    Attributes:
        limits: how much one request ships.
        pauses: how long to wait after a failure.
        poll_seconds: how often to look for something new, which thus waits for others to come.
        drain_seconds: how long to go on after a stop was asked for, as long as all goes well.
        dead_bytes: what dead letters may take; the oldest go first.
        sampling: which spans the collector gets; the others are counted.
    """

    limits: BatchLimits = field(default_factory=BatchLimits)
    pauses: Pauses = field(default_factory=Pauses)
    poll_seconds: float = 0.2
    drain_seconds: float = 5.0
    dead_bytes: int = MOST_DEAD_BYTES
    sampling: Sampling = field(default_factory=Sampling)


class _Progress(NamedTuple):
    """What a look into the journal led to: spans that were shipped, and whether to look at once."""

    spans: int
    more: bool


class Exporter:
    """Ships the journal of a node to a collector; one at a time.

    A span is shipped at least once: the cursor passes it when the collector has it, or it is among
    the dead letters.
    """

    def __init__(
        self,
        directory: Path,
        sender: Sender,
        options: ExportOptions | None = None,
        *,
        pause: Callable[[float], bool] | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Take the lock and read how far earlier exporters got.

        `pause` waits for some seconds and returns whether a stop was asked for meanwhile; `draw`
        gives random numbers from 0 to 1.

        Raises:
            JournalLockedError: another process exports this journal.
            OSError: the disk refuses.
        """
        self._options = options or ExportOptions()
        self._directory = directory
        self._sender = sender
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = ExportLock(directory)
        self._cursor = _load(directory)
        self._backlog = Backlog(directory, self._cursor, self._options.limits)
        self._attempts = Attempts(directory, self._cursor.counts)
        self._dead_letters = DeadLetters(directory, self._options.dead_bytes)
        self._patience = Patience(self._options.pauses, draw)
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._trouble = ""

    def stop(self) -> None:
        """Have `run` end soon: what is under way is finished, or left to the next exporter."""
        self._stopping.set()

    def close(self) -> None:
        """Let others export."""
        self._sender.close()
        self._attempts.close()
        self._lock.release()

    def run(self, *, until_empty: bool = False) -> None:
        """Export until stopped; if `until_empty`, until all that is recorded is exported.

        Raises:
            OSError: the journal can't be read.
        """
        while not self._stopping.is_set():
            progress = self._export_some()
            if not progress.spans and until_empty:
                return
            if not progress.more and not until_empty:
                self._pause(self._options.poll_seconds)
        end = time.monotonic() + self._options.drain_seconds
        while time.monotonic() < end and self._export_some().spans:
            pass

    def _export_some(self) -> _Progress:
        """Ship a batch of each life of a writer."""
        spans, more = 0, False
        for batch in self._backlog.batches():
            if not self._ship(batch):
                return _Progress(0, more=False)
            spans, more = spans + len(batch.frames), more or batch.more
        return _Progress(spans, more)

    def _ship(self, batch: Batch) -> bool:
        """Have the collector take `batch`, in parts if need be; return False if left for later."""
        chosen = batch.choose(self._options.sampling.wants)
        match self._deliver(chosen) if chosen.frames else Accepted():
            case None:
                return False
            case Accepted() as accepted:
                self._accept(accepted, len(chosen.frames))
            case Refused() if len(chosen.frames) > 1:
                return all(self._ship(half) for half in batch.halves())
            case Refused(reason):
                if not self._insist(partial(self._bury, chosen, reason)):
                    return False
                self._cursor.counts.dead_lettered += 1
                _LOGGER.error("a span is among the dead letters: %s", reason)
            case answer:
                assert_never(answer)
        self._cursor.counts.left_out += len(batch.frames) - len(chosen.frames)
        self._pass(batch)
        if not self._insist(partial(self._cursor.save, self._directory)):
            return False
        self._attempts.settle(batch)
        return True

    def _bury(self, batch: Batch, reason: str) -> None:
        """Keep the only span of `batch` as a dead letter; count those that went for it.

        Raises:
            OSError: the disk refuses.
        """
        removed = self._dead_letters.keep(batch, reason)
        self._cursor.counts.forgotten += removed
        if removed:
            _LOGGER.error("%d dead letters were removed to make room for others", removed)

    def _deliver(self, batch: Batch) -> Accepted | Refused | None:
        """Send `batch` until the collector takes or refuses it; None if stopped before."""
        request, doubtful = batch.request(), len(batch.frames) == 1
        while True:
            self._attempts.begin(batch)
            answer = self._sender.send(request)
            if not _may_have_taken(answer):
                self._attempts.forget()
            if isinstance(answer, Refused) and doubtful:
                # One refusal of a single span may be an accident on the way.
                doubtful = False
                answer = Deferred(answer.reason)
            elif isinstance(answer, Refused) and not self._takes_anything(batch):
                self._note_trouble(answer.reason)
                answer = Deferred(answer.reason)
            elif isinstance(answer, Deferred):
                self._note_trouble(answer.reason)
            if not isinstance(answer, Deferred):
                self._patience.reset()
                self._note_trouble("")
                return answer
            seconds = self._patience.next_pause(answer.after_seconds)
            if self._stopping.is_set() or self._pause(seconds):
                return None

    def _takes_anything(self, batch: Batch) -> bool:
        """Return whether the collector takes at least a request without the spans of `batch`.

        If not, its refusals say nothing of these.
        """
        return isinstance(self._sender.send(batch.empty_request()), Accepted)

    def _accept(self, accepted: Accepted, spans: int) -> None:
        """Count what the collector did with `spans` spans."""
        rejected = min(max(accepted.rejected, 0), spans)
        self._cursor.counts.delivered += spans - rejected
        self._cursor.counts.rejected += rejected
        if rejected or accepted.reason:
            _LOGGER.warning("the collector rejected %d spans: %s", rejected, accepted.reason or "-")

    def _pass(self, batch: Batch) -> None:
        """Have the cursor pass `batch`."""
        cursor, last = self._cursor, batch.frames[-1].sequence
        life, name = life_of(batch.segment), SegmentName.parse(batch.segment.name)
        # Who sees a life from its second segment on can't tell what the first one held.
        begun = 0 if name and name.sequence == 1 else batch.frames[0].sequence - 1
        before = cursor.sequences.get(life, begun)
        cursor.counts.missing += max(0, last - before - len(batch.frames))
        cursor.sequences[life] = max(before, last)
        cursor.offsets[batch.segment.name] = batch.end

    def _insist(self, write: Callable[[], None]) -> bool:
        """Have the disk take what `write` writes; return whether it did before a stop."""
        while True:
            try:
                write()
            except OSError as error:
                _LOGGER.warning("the disk refuses: %s", error.strerror)
            else:
                return True
            if self._stopping.is_set() or self._pause(self._patience.next_pause(None)):
                return False

    def _note_trouble(self, reason: str) -> None:
        """Log that the collector is in trouble, or out of it, once."""
        if bool(reason) != bool(self._trouble):
            if reason:
                _LOGGER.warning("the collector takes nothing at present: %s", reason)
            else:
                _LOGGER.warning("the collector takes spans again")
        self._trouble = reason


def _may_have_taken(answer: Answer) -> bool:
    """Return whether a collector that answers so may have the spans."""
    match answer:
        case Accepted():
            return True
        case Deferred():
            return answer.perhaps_taken
        case Refused():
            return False
        case _:
            assert_never(answer)


def _load(directory: Path) -> Cursor:
    """Return the cursor; a new one if it is damaged: rather twice than never.

    Raises:
        OSError: the disk refuses.
    """
    try:
        return Cursor.load(directory)
    except JournalError as error:
        _LOGGER.error("%s", error)  # noqa: TRY400 - a traceback tells nothing more
        return Cursor()
