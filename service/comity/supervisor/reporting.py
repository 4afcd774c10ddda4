"""Tells how the server stands: to health checks, watchers, metrics and the log."""

from __future__ import annotations

from typing import Final

from comity.adapters.worker_link import Failed, InForce, NotPrepared
from comity.app.startup import ExitCode, StartupError
from comity.grpc_api.control import ControlHealth, RevisionFeed
from comity.logs import get_logger
from comity.metrics import SupervisorMetrics
from comity.supervisor.publishing import Publication, tell_problem
from comity.supervisor.standing import Standing
from comity.supervisor.workers import Ended, OfWorker, Silent, Started

MOST_DEATHS_AT_START: Final = 5


class Reporter:
    """Tells of each event what is to be told."""

    def __init__(
        self, feed: RevisionFeed, health: ControlHealth, metrics: SupervisorMetrics
    ) -> None:
        """Tell watchers through `feed`, health checks through `health`, and `metrics`."""
        self._feed = feed
        self._health = health
        self._metrics = metrics
        self._logger = get_logger("comity.supervisor")
        self._epoch = 0
        self._has_served = False
        self._serving: set[int] = set()
        self._deaths = 0

    async def begin(self, standing: Standing) -> None:
        """Tell with what policies the server begins."""
        publication = standing.publication
        self._epoch = publication.known.revision.epoch
        if publication.refused_edit is not None:
            self._log_refusal(publication)
        self._log_warnings(publication)
        await self._show(standing)

    async def report(self, event: OfWorker | Publication, standing: Standing) -> None:
        """Tell of `event`, after which the server stands as `standing`.

        Raises:
            StartupError: no worker can start, or none lives long enough to serve.
        """
        if isinstance(event, Publication):
            self._report_edit(event)
        else:
            self._report_worker(event, standing)
        if standing.in_force is not None:
            self._feed.announce(standing.in_force)
        self._health.know(standing.services)
        await self._show(standing)

    async def _show(self, standing: Standing) -> None:
        """Show how the server stands in metrics and health."""
        publication = standing.publication
        edit = publication.refused_edit
        metrics = self._metrics
        metrics.stale.set(0 if standing.fresh else 1)
        metrics.problems.set(edit.problem_count if edit else 0)
        metrics.epoch.set(publication.known.revision.epoch)
        metrics.in_force_since.set(publication.known.in_force_since.timestamp())
        for number, worker in standing.workers.items():
            metrics.worker_up.labels(str(number)).set(1 if worker.in_force else 0)
        await self._health.show(serving=standing.serving)
        await self._health.show_freshness(fresh=standing.fresh)

    def _report_worker(self, event: OfWorker, standing: Standing) -> None:
        """Count and log what happened to a worker.

        Raises:
            StartupError: no worker can start, or none lives long enough to serve.
        """
        worker, happened = event.worker, event.event
        match happened:
            case Started():
                self._metrics.worker_starts.labels(str(worker)).inc()
                self._serving.discard(worker)
                self._logger.info("worker started", worker=worker, pid=happened.pid)
            case InForce():
                if worker not in self._serving:
                    self._serving.add(worker)
                    epoch = happened.known.revision.epoch
                    self._logger.info("worker serving", worker=worker, epoch=epoch)
                self._has_served = True
                self._deaths = 0
            case NotPrepared():
                epoch = happened.known.revision.epoch
                self._logger.error("worker can't use the policies", worker=worker, epoch=epoch)
            case Silent():
                self._logger.error("worker silent", worker=worker, pid=happened.pid)
            case Failed():
                self._report_failure(happened)
            case Ended():
                self._report_end(event.worker, happened, standing)
            case _:
                pass

    def _report_edit(self, publication: Publication) -> None:
        """Count and log what became of an edit."""
        epoch = publication.known.revision.epoch
        if publication.refused_edit is not None:
            self._metrics.reloads.labels("refused").inc()
            self._log_refusal(publication)
        elif epoch == self._epoch:
            self._metrics.reloads.labels("unchanged").inc()
            self._logger.info("policies unchanged", epoch=epoch)
        else:
            self._metrics.reloads.labels("applied").inc()
            digest = publication.known.revision.digest
            self._logger.info("policies applied", epoch=epoch, digest=digest)
            self._log_warnings(publication)
        self._epoch = epoch

    def _log_refusal(self, publication: Publication) -> None:
        """Log every problem of a refused edit."""
        edit = publication.refused_edit
        assert edit is not None
        self._logger.error(
            "policies refused",
            problem_count=edit.problem_count,
            problems=[tell_problem(problem) for problem in edit.problems],
            epoch_in_force=publication.known.revision.epoch,
            kept_from_earlier=publication.kept_from_earlier,
        )

    def _log_warnings(self, publication: Publication) -> None:
        """Log the warnings of policies in force."""
        if publication.warnings:
            told = [tell_problem(warning) for warning in publication.warnings]
            self._logger.warning("policies have warnings", problems=told)

    def _report_failure(self, event: Failed) -> None:
        """Log why a worker can't start.

        Raises:
            StartupError: none has served yet; it is the server that can't start.
        """
        if not self._has_served:
            raise StartupError(event.exit_code, event.message)
        self._logger.error("worker can't start", why=event.message)

    def _report_end(self, worker: int, event: Ended, standing: Standing) -> None:
        """Log the end of a worker.

        Raises:
            StartupError: too many have ended and none has served yet.
        """
        if standing.draining:
            return
        self._deaths += 1
        self._logger.error("worker died", worker=worker, pid=event.pid, exit_code=event.exit_code)
        if not self._has_served and self._deaths >= MOST_DEATHS_AT_START:
            message = (
                f"{self._deaths} workers died before they could serve, the last one with exit "
                f"code {event.exit_code}; see the log"
            )
            raise StartupError(ExitCode.WORKER_KEEPS_DYING, message)
