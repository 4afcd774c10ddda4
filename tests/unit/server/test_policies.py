"""How a worker takes up policies: ready first, in force when told to."""

from __future__ import annotations

import gc
import queue
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from comity.adapters.compiled_form import write_compiled
from comity.adapters.worker_link import Commit, FromWorker, NotPrepared, Prepare, Prepared
from comity.app.active_policy import KnownRevision
from comity.app.ports.policy_status import RefusedEdit
from comity.app.preparation import PolicyCompiler
from comity.domain.request import Revision
from comity.policy.bundle import Bundle
from comity.policy.compiling.compilation import compile_policies
from comity.policy.engine import Engine
from comity.server.policies import COLLECTOR_THRESHOLDS, PolicyTaker, Tidying, tidy_memory

POLICIES = Path(__file__).parents[2] / "data" / "policies"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
FILES = {str(p.relative_to(POLICIES)): p.read_bytes() for p in POLICIES.rglob("*.yaml")}
REFUSED = RefusedEdit(NOW, 1, ())


class NoHistory:
    """A `RevisionHistory` that begins today."""

    def known_at(self, instant: datetime) -> None:
        """Know of no earlier revision."""

    def files_of(self, known: KnownRevision) -> Mapping[str, bytes]:
        """Have no files."""
        raise LookupError(known)


def good_bundle() -> Bundle:
    """Return what the files compile to."""
    bundle = compile_policies(FILES, NOW.date()).bundle
    assert bundle is not None
    return bundle


BUNDLE = good_bundle()
CODE = bytes(range(32))
FORM = write_compiled(BUNDLE, CODE)
ASKED = Prepare(
    number=1,
    known=KnownRevision(Revision(7, BUNDLE.digest), NOW),
    compiled=FORM,
    files=FILES,
    kept_from_earlier=False,
    refused_edit=None,
)


class Worker:
    """A taker of policies, and what it says.

    Attributes:
        compilations: how often files were compiled.
    """

    def __init__(self, tidying: Tidying | None = None) -> None:
        """Begin with nothing in force."""
        self.compilations = 0
        self._said: queue.Queue[FromWorker] = queue.Queue()
        compiler = PolicyCompiler(self._compile, Engine, lambda _: None)
        self.taker = PolicyTaker(compiler, NoHistory(), self._said.put, CODE, tidying)
        self.taker.start()

    def _compile(self, files: Mapping[str, bytes], today: object) -> object:
        """Compile, and count it."""
        del today
        self.compilations += 1
        return compile_policies(files, NOW.date())

    def says(self) -> FromWorker:
        """Return what it says next."""
        return self._said.get(timeout=20)

    @property
    def epoch(self) -> int | None:
        """Epoch of the revision in force."""
        current = self.taker.holder.current
        return current.revision.epoch if current else None


@pytest.fixture
def worker() -> Worker:
    """A worker with nothing in force."""
    return Worker()


def test_a_revision_that_is_ready_waits_to_be_put_in_force(worker: Worker) -> None:
    """Nothing changes before, and nothing is compiled."""
    worker.taker.prepare(ASKED)
    assert worker.says() == Prepared(1)
    assert worker.epoch is None
    assert worker.taker.commit(Commit(1)) == ASKED.known
    assert (worker.epoch, worker.compilations) == (7, 0)


def test_a_commit_of_another_number_changes_nothing(worker: Worker) -> None:
    """As when a later revision was made ready in the meantime."""
    worker.taker.prepare(ASKED)
    assert worker.says() == Prepared(1)
    assert worker.taker.commit(Commit(2)) is None
    assert worker.epoch is None


@pytest.mark.parametrize("form", [b"", FORM[:-1], write_compiled(BUNDLE, bytes(32))])
def test_a_compiled_form_that_cant_be_trusted_is_not_used(worker: Worker, form: bytes) -> None:
    """The worker compiles the files itself, so that it serves all the same."""
    worker.taker.prepare(replace(ASKED, compiled=form))
    assert worker.says() == Prepared(1)
    assert worker.taker.commit(Commit(1)) == ASKED.known
    assert (worker.epoch, worker.compilations) == (7, 1)


def test_the_form_of_another_revision_is_not_used(worker: Worker) -> None:
    """Its digest is not the one announced; without files that compile nothing is ready."""
    known = KnownRevision(Revision(8, "ab" * 32), NOW)
    worker.taker.prepare(replace(ASKED, known=known, files={"groups.yaml": b"?"}))
    assert worker.says() == NotPrepared(1, known)
    assert worker.taker.commit(Commit(1)) is None
    assert worker.epoch is None


@pytest.mark.parametrize("turn", [0, 2])
def test_memory_is_tidied_up_when_it_is_the_workers_turn(turn: int) -> None:
    """Calls of workers that change together don't all wait at once; revisions are made ready."""
    tidied: queue.Queue[float] = queue.Queue()
    worker = Worker(Tidying(lambda: tidied.put(time.monotonic()), turn_seconds=0.2))
    begun = time.monotonic()
    for number in (1, 2):
        worker.taker.prepare(replace(ASKED, number=number))
        assert worker.says() == Prepared(number)
        worker.taker.commit(Commit(number, turn))
    assert tidied.get(timeout=20) - begun >= turn * 0.2


def test_tidying_leaves_the_revision_out_of_later_collections() -> None:
    """What never changes is looked through once."""
    before = gc.get_threshold()
    try:
        tidy_memory()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == COLLECTOR_THRESHOLDS
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def test_an_edit_refused_meanwhile_is_still_known_afterwards(worker: Worker) -> None:
    """Putting an older revision in force does not make the latest edit good."""
    worker.taker.prepare(ASKED)
    assert worker.says() == Prepared(1)
    worker.taker.refuse(REFUSED)
    worker.taker.commit(Commit(1))
    assert worker.taker.holder.policy_status().refused_edit == REFUSED
