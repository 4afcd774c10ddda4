"""The life of a decision worker: serve, take up policies, drain."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import assert_never

from comity.adapters.bundle_cache import BundleCache
from comity.adapters.data_directory import bundles_in
from comity.adapters.worker_link import (
    Failed,
    FromWorker,
    InForce,
    LinkClosedError,
    Listening,
    Metrics,
    NotInForce,
    Publish,
    Refuse,
    Scrape,
    ToWorker,
    WorkerLink,
)
from comity.app.active_policy import ActivePolicy, KnownRevision, PolicyHolder
from comity.app.preparation import PolicyCompiler
from comity.app.startup import ExitCode, StartupError
from comity.grpc_api.credentials import load_credentials
from comity.grpc_api.listening import bind
from comity.logs import configure_logging, get_logger, report_defect
from comity.server.composition import SERVICE_NAMES, Composition, compose
from comity.settings import Settings
from comity.telemetry import Telemetry, open_telemetry


def run_worker(settings: Settings, link: WorkerLink, compiler: PolicyCompiler) -> ExitCode:
    """Serve decisions until told to stop or until the supervisor is gone; return how it ended.

    SIGTERM drains. SIGINT is left to the supervisor, which gets it from the terminal as well.
    """
    configure_logging(settings.log_level, "worker")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        telemetry = open_telemetry(settings, "worker")
        with telemetry.span("comity.worker.startup"):
            worker = _Worker(settings, link, compiler, telemetry)
    except StartupError as error:
        get_logger(__name__).error("worker can't start", why=str(error))
        _send(link, Failed(error.exit_code, str(error)))
        return error.exit_code
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.serve()
    telemetry.close()
    link.close()
    return ExitCode.STOPPED


class _Worker:
    """A worker that listens."""

    def __init__(
        self,
        settings: Settings,
        link: WorkerLink,
        compiler: PolicyCompiler,
        telemetry: Telemetry,
    ) -> None:
        """Listen, with nothing in force yet.

        Raises:
            StartupError: something that the settings name can't be used.
        """
        self._settings = settings
        self._link = link
        self._compiler = compiler
        self._telemetry = telemetry
        self._logger = get_logger(__name__)
        self._stop = threading.Event()
        history = BundleCache(bundles_in(settings.data_dir))
        self._holder = PolicyHolder(history, self._recompile)
        self._parts: Composition = compose(settings, self._holder, telemetry)
        credentials = load_credentials(
            settings, lambda why: self._logger.warning("certificate refused", why=why)
        )
        address = bind(self._parts.server, "listen", settings.listen, credentials)
        self._parts.server.start()
        _send(link, Listening(str(address), SERVICE_NAMES))

    def stop(self) -> None:
        """Begin to drain, soon; safe in a signal handler."""
        self._stop.set()

    def serve(self) -> None:
        """Answer calls until told to stop, then drain."""
        threading.Thread(target=self._listen, name="link", daemon=True).start()
        while not self._stop.wait(self._settings.poll_seconds):
            try:
                self._parts.refresh()
            except Exception as error:  # noqa: BLE001 - a file must never take the service down
                report_defect(error)
        with self._telemetry.span("comity.worker.shutdown"):
            self._drain()

    def _listen(self) -> None:
        """Do what the supervisor says; begin to drain once it is gone."""
        try:
            while True:
                message = self._link.receive()
                if isinstance(message, Publish | Refuse | Scrape):
                    self._obey(message)
        except LinkClosedError:
            self._logger.info("supervisor gone")
        finally:
            self._stop.set()

    def _obey(self, message: ToWorker) -> None:
        """Do what one message says."""
        match message:
            case Publish():
                self._publish(message)
            case Refuse():
                self._holder.refuse(message.edit)
            case Scrape():
                _send(self._link, Metrics(message.number, self._parts.metrics.text()))
            case _:
                assert_never(message)

    def _publish(self, message: Publish) -> None:
        """Put a revision in force and say so."""
        policy = self._prepare(message.known, message.files, kept=message.kept_from_earlier)
        if policy is None:
            self._logger.error("policy not in force", epoch=message.known.revision.epoch)
            _send(self._link, NotInForce(message.known))
            if self._holder.current is None:  # of no use; another worker may do better
                self._stop.set()
            return
        self._holder.publish(policy)
        self._holder.refuse(message.refused_edit)
        self._parts.health.serve()
        self._parts.metrics.epoch.set(policy.revision.epoch)
        _send(self._link, InForce(message.known))
        self._logger.info("policy in force", epoch=policy.revision.epoch)
        del policy
        _tidy_memory()

    def _recompile(self, known: KnownRevision, files: Mapping[str, bytes]) -> ActivePolicy:
        """Return an old revision, compiled again.

        Raises:
            RuntimeError: it doesn't compile any more.
        """
        policy = self._prepare(known, files, kept=True)
        if policy is None:
            message = f"the policies of epoch {known.revision.epoch} no longer compile"
            raise RuntimeError(message)
        return policy

    def _prepare(
        self, known: KnownRevision, files: Mapping[str, bytes], *, kept: bool
    ) -> ActivePolicy | None:
        """Return a revision ready to answer; None if it doesn't compile."""
        prepared = self._compiler.prepare(files, datetime.now(UTC).date())
        if prepared.bundle is None or prepared.engine is None:
            return None
        return ActivePolicy(
            known.revision, prepared.bundle, prepared.engine, known.in_force_since, kept
        )

    def _drain(self) -> None:
        """Say NOT_SERVING, go on for a while, then finish the calls under way."""
        self._logger.info("draining")
        self._parts.health.drain()
        threading.Event().wait(self._settings.drain_seconds)
        self._parts.drain.stop(self._parts.server, self._settings.grace_seconds)
        self._logger.info("stopped")


def _tidy_memory() -> None:
    """Let go of the revision before, and leave the present one out of later collections.

    Revisions are full of cycles: waiting for the collector would keep several, and looking through
    one at each collection makes calls wait for what never changes.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _send(link: WorkerLink, message: FromWorker) -> None:
    """Send `message`; without a supervisor there is nobody to tell."""
    try:
        link.send(message)
    except LinkClosedError:
        get_logger(__name__).debug("supervisor gone")
