"""Takes up policies in a worker: makes them ready, then swaps when told to."""

from __future__ import annotations

import gc
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from comity.adapters.compiled_form import CompiledFormError, read_compiled
from comity.adapters.worker_link import Commit, FromWorker, NotPrepared, Prepare, Prepared
from comity.app.active_policy import ActivePolicy, KnownRevision, PolicyHolder, RevisionHistory
from comity.app.ports.policy_status import RefusedEdit
from comity.app.preparation import PolicyCompiler
from comity.domain.errors import RevisionUnusableError
from comity.logs import get_logger, report_defect

# What calls remember lives long and is free of cycles, but a full collection looks through all of
# it: with the usual thresholds one stopped a worker for 300 ms every few thousand new questions.
COLLECTOR_THRESHOLDS: Final = (2_000, 10, 5_000)
_NEVER: Final = math.inf


@dataclass(frozen=True, slots=True)
class _Ready:
    """A revision that only waits for its moment.

    Attributes:
        asked: what told of it.
        policy: the revision.
    """

    asked: Prepare
    policy: ActivePolicy


def tidy_memory() -> None:
    """Let go of the revision before, and leave the present one out of later collections.

    Revisions are full of cycles: waiting for the collector would keep several, and looking through
    one at each collection makes calls wait for what never changes.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


@dataclass(frozen=True, slots=True)
class Tidying:
    """How and when a worker tidies up its memory after it changed to another revision.

    Attributes:
        tidy: does it.
        turn_seconds: how long each worker that does so before this one is given: letting go of
            10,000 rules stops its calls for a third of a second, and never those of all at once.
    """

    tidy: Callable[[], None] = tidy_memory
    turn_seconds: float = 0.5


class PolicyTaker:
    """Makes revisions ready in a thread of its own, so that the supervisor is heard meanwhile.

    Attributes:
        holder: holds the revision in force.
    """

    def __init__(
        self,
        compiler: PolicyCompiler,
        history: RevisionHistory,
        send: Callable[[FromWorker], None],
        code: bytes,
        tidying: Tidying | None = None,
    ) -> None:
        """Begin with nothing in force.

        Args:
            compiler: makes policies out of files.
            history: keeps the files of earlier revisions.
            send: tells the supervisor.
            code: the code of this process, as compiled forms name it.
            tidying: how and when memory is tidied up after a change; None for as usual.
        """
        self.holder = PolicyHolder(history, self._recompile)
        self._compiler = compiler
        self._send = send
        self._code = code
        self._logger = get_logger(__name__)
        self._tidying = tidying or Tidying()
        # Revisions asked for, and instants from which on memory is to be tidied up.
        self._asked: queue.SimpleQueue[Prepare | float] = queue.SimpleQueue()
        self._ready: _Ready | None = None
        self._refused_edit: RefusedEdit | None = None
        self._thread = threading.Thread(target=self._prepare_all, name="policies", daemon=True)

    def start(self) -> None:
        """Begin to make ready what is asked for."""
        self._thread.start()

    def prepare(self, asked: Prepare) -> None:
        """Make a revision ready, soon."""
        self._refused_edit = asked.refused_edit
        self._asked.put(asked)

    def refuse(self, edit: RefusedEdit | None) -> None:
        """Remember the latest edit that was refused; None if it was taken back."""
        self._refused_edit = edit
        self.holder.refuse(edit)

    def commit(self, message: Commit) -> KnownRevision | None:
        """Put the revision that is ready in force; return it, None if another is meant."""
        ready = self._ready
        if ready is None or ready.asked.number != message.number:
            return None
        self._ready = None
        self.holder.publish(ready.policy)
        self.holder.refuse(self._refused_edit)
        self._logger.info("policy in force", epoch=ready.policy.revision.epoch)
        self._asked.put(time.monotonic() + message.turn * self._tidying.turn_seconds)
        return ready.asked.known

    def _prepare_all(self) -> None:
        """Make ready what is asked for, and tidy up when it is time."""
        tidy_at = _NEVER
        while True:
            asked, tidy_at = self._next(tidy_at)
            if asked is None:
                self._tidying.tidy()
                tidy_at = _NEVER
            else:
                self._prepare(asked)

    def _next(self, tidy_at: float) -> tuple[Prepare | None, float]:
        """Return the last of what is asked for, None once it is time to tidy up, and that time."""
        asked: Prepare | None = None
        while True:
            pause = None if tidy_at == _NEVER else max(0.0, tidy_at - time.monotonic())
            try:
                told = self._asked.get(timeout=0.0 if asked else pause)
            except queue.Empty:
                return asked, tidy_at
            if isinstance(told, Prepare):
                asked = told
            else:
                tidy_at = min(tidy_at, told)

    def _prepare(self, asked: Prepare) -> None:
        """Make a revision ready and say so."""
        policy = self._read(asked) or self._compile(
            asked.known, asked.files, kept=asked.kept_from_earlier
        )
        if policy is None:
            self._logger.error("policy not in force", epoch=asked.known.revision.epoch)
            self._send(NotPrepared(asked.number, asked.known))
            return
        self._ready = _Ready(asked, policy)
        self._send(Prepared(asked.number))

    def _read(self, asked: Prepare) -> ActivePolicy | None:
        """Return the revision of a compiled form; None if the form can't be used."""
        known = asked.known
        try:
            bundle = read_compiled(asked.compiled, known.revision.digest, self._code)
            engine = self._compiler.compile_engine(bundle.eligibility)
        except CompiledFormError as error:
            self._logger.warning("compiled policies refused", why=str(error))
            return None
        except Exception as error:  # noqa: BLE001 - there is another way
            report_defect(error)
            return None
        return ActivePolicy(
            known.revision, bundle, engine, known.in_force_since, asked.kept_from_earlier
        )

    def _recompile(self, known: KnownRevision, files: Mapping[str, bytes]) -> ActivePolicy:
        """Return an old revision, compiled again.

        Raises:
            RevisionUnusableError: it doesn't compile any more.
        """
        policy = self._compile(known, files, kept=True)
        if policy is None:
            message = f"the policies of epoch {known.revision.epoch} no longer compile"
            raise RevisionUnusableError(message)
        return policy

    def _compile(
        self, known: KnownRevision, files: Mapping[str, bytes], *, kept: bool
    ) -> ActivePolicy | None:
        """Return a revision ready to answer; None if it doesn't compile."""
        prepared = self._compiler.prepare(files, datetime.now(UTC).date())
        if prepared.bundle is None or prepared.engine is None:
            return None
        return ActivePolicy(
            known.revision, prepared.bundle, prepared.engine, known.in_force_since, kept
        )
