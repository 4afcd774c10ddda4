"""How the whole server stands: one frozen value, replaced after each thing that happens."""

from __future__ import annotations

from dataclasses import dataclass, replace

from comity.adapters.worker_link import Failed, InForce, Listening, Metrics, NotInForce
from comity.app.active_policy import KnownRevision
from comity.app.ports.policy_status import RefusedEdit, RefusedProblem
from comity.settings import Address
from comity.supervisor.publishing import Publication
from comity.supervisor.status_page import Status
from comity.supervisor.workers import Ended, Started, WorkerEvent


@dataclass(frozen=True, slots=True)
class Standing:
    """How the whole server stands.

    Attributes:
        publication: the policies that the worker is to answer from.
        worker_pid: process id of the worker; 0 while there is none.
        worker_starts: workers started so far.
        listen: where decisions are served, with the port that the system chose; None before.
        services: names of the services that decide.
        in_force: the revision that the worker answers from; None while it answers from none.
        draining: whether the server is on its way out.
    """

    publication: Publication
    worker_pid: int = 0
    worker_starts: int = 0
    listen: Address | None = None
    services: tuple[str, ...] = ()
    in_force: KnownRevision | None = None
    draining: bool = False

    @property
    def serving(self) -> bool:
        """Whether decisions are served."""
        return self.in_force is not None and not self.draining

    @property
    def fresh(self) -> bool:
        """Whether the latest edit of the policies is in force."""
        return self.publication.refused_edit is None and self.in_force == self.publication.known

    def after(self, event: WorkerEvent | Publication) -> Standing:
        """Return how the server stands after `event`."""
        match event:
            case Publication():
                return replace(self, publication=event)
            case Started():
                return replace(self, worker_pid=event.pid, worker_starts=self.worker_starts + 1)
            case Listening():
                return replace(self, listen=Address.parse(event.address), services=event.services)
            case InForce():
                return replace(self, in_force=event.known)
            case Ended():
                return replace(self, worker_pid=0, in_force=None)
            case NotInForce() | Failed() | Metrics():
                return self

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
            "worker": {
                "pid": self.worker_pid or None,
                "starts": self.worker_starts,
                "epoch": self.in_force.revision.epoch if self.in_force else None,
            },
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
