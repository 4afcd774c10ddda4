"""Takes up policies in a worker: makes them ready, then swaps when told to."""

from __future__ import annotations

import gc
import queue
import threading
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


@dataclass(frozen=True, slots=True)
class _Ready:
    """A revision that only waits for its moment.

    Attributes:
        asked: what told of it.
        policy: the revision.
    """

    asked: Prepare
    policy: ActivePolicy


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
    ) -> None:
        """Begin with nothing in force.

        Args:
            compiler: makes policies out of files.
            history: keeps the files of earlier revisions.
            send: tells the supervisor.
            code: the code of this process, as compiled forms name it.
        """
        self.holder = PolicyHolder(history, self._recompile)
        self._compiler = compiler
        self._send = send
        self._code = code
        self._logger = get_logger(__name__)
        self._asked: queue.SimpleQueue[Prepare | None] = queue.SimpleQueue()
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
        self._asked.put(None)
        return ready.asked.known

    def _prepare_all(self) -> None:
        """Make ready what is asked for, the last of several; tidy up where None is asked for."""
        while True:
            asked = self._asked.get()
            while not self._asked.empty():
                asked = self._asked.get() or asked
            if asked is None:
                _tidy_memory()
            else:
                self._prepare(asked)

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


def _tidy_memory() -> None:
    """Let go of the revision before, and leave the present one out of later collections.

    Revisions are full of cycles: waiting for the collector would keep several, and looking through
    one at each collection makes calls wait for what never changes.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
