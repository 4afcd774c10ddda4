"""How the whole server stands: one frozen value, replaced after each thing that happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from comity.adapters.worker_link import InForce, Listening
from comity.app.active_policy import KnownRevision
from comity.app.ports.policy_status import RefusedEdit, RefusedProblem
from comity.settings import Address
from comity.supervisor.publishing import Publication
from comity.supervisor.status_page import Status
from comity.supervisor.workers import Ended, OfWorker, Started


@dataclass(frozen=True, slots=True)
class WorkerStanding:
    """How one worker stands.

    Attributes:
        pid: its process id; 0 while there is no process.
        starts: how often it was started.
        in_force: the revision that it answers from; None while it answers from none.
    """

    pid: int = 0
    starts: int = 0
    in_force: KnownRevision | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the whole server stands.

    Attributes:
        publication: the policies that the workers are to answer from.
        workers: each worker that was started so far, by its number.
        listen: where decisions are served, with the port that the system chose; None before.
        services: names of the services that decide.
        draining: whether the server is on its way out.
    """

    publication: Publication
    workers: Mapping[int, WorkerStanding] = field(default_factory=lambda: MappingProxyType({}))
    listen: Address | None = None
    services: tuple[str, ...] = ()
    draining: bool = False

    @property
    def serving(self) -> bool:
        """Whether decisions are served: by one worker at least."""
        return any(worker.in_force for worker in self.workers.values()) and not self.draining

    @property
    def in_force(self) -> KnownRevision | None:
        """The revision that all workers that serve answer from.

        None while there is none, and in the moment in which they change from one to another.
        """
        found = {worker.in_force for worker in self.workers.values() if worker.in_force}
        return found.pop() if len(found) == 1 else None

    @property
    def fresh(self) -> bool:
        """Whether the latest edit of the policies is in force in all workers that serve."""
        return self.publication.refused_edit is None and self.in_force == self.publication.known

    def after(self, event: OfWorker | Publication) -> Standing:
        """Return how the server stands after `event`."""
        if isinstance(event, Publication):
            return replace(self, publication=event)
        number, happened = event.worker, event.event
        worker = self.workers.get(number, WorkerStanding())
        match happened:
            case Started():
                return self._with(number, WorkerStanding(happened.pid, worker.starts + 1))
            case InForce():
                return self._with(number, replace(worker, in_force=happened.known))
            case Ended():
                return self._with(number, replace(worker, pid=0, in_force=None))
            case Listening():
                listen = Address.parse(happened.address)
                return replace(self, listen=listen, services=happened.services)
            case _:
                return self

    def _with(self, number: int, worker: WorkerStanding) -> Standing:
        """Return how the server stands if worker `number` stands as `worker`."""
        workers = dict(sorted({**self.workers, number: worker}.items()))
        return replace(self, workers=MappingProxyType(workers))

    def to_status(self, settings_shown: Status) -> Status:
        """Return what `/status` tells, beginning with what matters most.

        Args:
            settings_shown: where the server listens and what it was told, as JSON values.
        """
        publication = self.publication
        known = publication.known
        return {
            "serving": self.serving,
            "draining": self.draining,
            "policies": {
                "latest_edit_in_force": self.fresh,
                "epoch": known.revision.epoch,
                "digest": known.revision.digest,
                "in_force_since": known.in_force_since.isoformat(),
                "kept_from_earlier": publication.kept_from_earlier,
                "jurisdictions": publication.jurisdiction_count,
                "rules": publication.rule_count,
                "refused_edit": _edit(publication.refused_edit),
                "warnings": [_problem(warning) for warning in publication.warnings],
            },
            "workers": [
                {
                    "worker": number,
                    "pid": worker.pid or None,
                    "starts": worker.starts,
                    "epoch": worker.in_force.revision.epoch if worker.in_force else None,
                }
                for number, worker in self.workers.items()
            ],
            **settings_shown,
        }


def _edit(edit: RefusedEdit | None) -> Status | None:
    """Return a refused edit as JSON values."""
    if edit is None:
        return None
    return {
        "noticed_at": edit.noticed_at.isoformat(),
        "problem_count": edit.problem_count,
        "problems": [_problem(problem) for problem in edit.problems],
    }


def _problem(problem: RefusedProblem) -> Status:
    """Return a problem as JSON values."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "code": problem.code,
        "message": problem.message,
    }
