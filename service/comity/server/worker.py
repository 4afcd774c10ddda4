"""The life of a decision worker: serve, take up policies, drain."""

from __future__ import annotations

import signal
import threading
from typing import assert_never

from comity.adapters.bundle_cache import BundleCache
from comity.adapters.compiled_form import digest_code
from comity.adapters.data_directory import bundles_in
from comity.adapters.worker_link import (
    Commit,
    Failed,
    FromWorker,
    InForce,
    LinkClosedError,
    Listening,
    Metrics,
    NotPrepared,
    Ping,
    Pong,
    Prepare,
    Refuse,
    Scrape,
    ToWorker,
    WorkerLink,
)
from comity.app.preparation import PolicyCompiler
from comity.app.startup import ExitCode, StartupError
from comity.grpc_api.credentials import load_credentials
from comity.grpc_api.listening import bind
from comity.logs import configure_logging, get_logger, report_defect
from comity.server.composition import SERVICE_NAMES, Composition, compose
from comity.server.policies import PolicyTaker
from comity.settings import Settings
from comity.telemetry import Telemetry, open_telemetry


def run_worker(
    settings: Settings, number: int, link: WorkerLink, compiler: PolicyCompiler
) -> ExitCode:
    """Serve decisions until told to stop or until the supervisor is gone; return how it ended.

    `number` is that of the worker, from 1; no other process of the server has it.
    SIGTERM drains. SIGINT is left to the supervisor, which gets it from the terminal as well.
    """
    configure_logging(settings.log_level, f"worker {number}")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        telemetry = open_telemetry(settings, "worker", number)
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
        self._telemetry = telemetry
        self._logger = get_logger(__name__)
        self._stop = threading.Event()
        history = BundleCache(bundles_in(settings.data_dir))
        self._policies = PolicyTaker(compiler, history, self._tell, digest_code())
        self._parts: Composition = compose(settings, self._policies.holder, telemetry)
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
        self._policies.start()
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
                if isinstance(message, Prepare | Commit | Refuse | Scrape | Ping):
                    self._obey(message)
        except LinkClosedError:
            self._logger.info("supervisor gone")
        finally:
            self._stop.set()

    def _obey(self, message: ToWorker) -> None:
        """Do what one message says; nothing that takes long, for a sign of life may be wanted."""
        match message:
            case Ping():
                _send(self._link, Pong())
            case Prepare():
                self._policies.prepare(message)
            case Commit():
                self._commit(message)
            case Refuse():
                self._policies.refuse(message.edit)
            case Scrape():
                _send(self._link, Metrics(message.number, self._parts.metrics.text()))
            case _:
                assert_never(message)

    def _commit(self, message: Commit) -> None:
        """Answer from the revision that is ready."""
        known = self._policies.commit(message)
        if known is not None:
            self._parts.health.serve()
            self._parts.metrics.epoch.set(known.revision.epoch)
            _send(self._link, InForce(known))

    def _tell(self, message: FromWorker) -> None:
        """Tell the supervisor what became of a revision."""
        _send(self._link, message)
        if isinstance(message, NotPrepared) and self._policies.holder.current is None:
            self._stop.set()  # of no use; another worker may do better

    def _drain(self) -> None:
        """Say NOT_SERVING, go on for a while, then finish the calls under way."""
        self._logger.info("draining")
        self._parts.health.drain()
        threading.Event().wait(self._settings.drain_seconds)
        self._parts.drain.stop(self._parts.server, self._settings.grace_seconds)
        self._logger.info("stopped")


def _send(link: WorkerLink, message: FromWorker) -> None:
    """Send `message`; without a supervisor there is nobody to tell."""
    try:
        link.send(message)
    except LinkClosedError:
        get_logger(__name__).debug("supervisor gone")
