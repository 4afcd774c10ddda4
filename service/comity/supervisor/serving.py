"""Runs the whole server: policies, decision workers, the control port, metrics."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import grpc

from comity.adapters.bundle_cache import BundleCache
from comity.adapters.data_directory import DataDirectory, DataDirectoryError
from comity.adapters.policy_directory import PolicyDirectory
from comity.adapters.worker_link import Refuse
from comity.app.preparation import PolicyCompiler
from comity.app.startup import ExitCode, StartupError
from comity.grpc_api.control import ControlHealth, RevisionFeed, WatchServicer, add_control_services
from comity.grpc_api.credentials import load_credentials
from comity.grpc_api.listening import bind, require_free, server_options
from comity.journal.exporting import ExportCollector
from comity.journal.places import journal_in
from comity.logs import get_logger, report_defect
from comity.metrics import SupervisorMetrics
from comity.settings import Settings, to_environment
from comity.supervisor.banner import banner
from comity.supervisor.crew import Crew
from comity.supervisor.exporting import exporting
from comity.supervisor.metric_pages import merge_pages
from comity.supervisor.publishing import PolicyPublisher, Publication
from comity.supervisor.reporting import Reporter
from comity.supervisor.standing import Standing
from comity.supervisor.status_page import Status, StatusPage
from comity.supervisor.workers import OfWorker
from comity.telemetry import Place, Telemetry, open_telemetry

_SCRAPE_SECONDS: Final = 2.0
_MARGIN_SECONDS: Final = 5.0
_LAST_WATCHES_SECONDS: Final = 1.0

Event = OfWorker | Publication | signal.Signals


@dataclass(frozen=True)
class Equipment:
    """What the server is run with, apart from its settings.

    Attributes:
        compiler: makes policies out of files.
        worker_command: starts a decision worker; the numbers of worker and socket are appended.
        exporter_command: starts an exporter, which ends when its standard input does.
        show: takes the banner.
    """

    compiler: PolicyCompiler
    worker_command: Sequence[str]
    exporter_command: Sequence[str]
    show: Callable[[str], None]


def serve(settings: Settings, equipment: Equipment) -> None:
    """Serve until told to stop by SIGTERM or SIGINT; a second one ends calls under way.

    Raises:
        StartupError: the server can't start, or its workers keep dying; carries the exit code.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the loop takes signals
    # First of all, since who starts a second server should read that there is one already.
    require_free("listen", settings.listen)
    require_free("control_listen", settings.control_listen)
    with (
        contextlib.suppress(KeyboardInterrupt),
        _data_directory(settings) as data,
        exporting(settings, equipment.exporter_command),
        contextlib.closing(open_telemetry(settings, "supervisor")) as telemetry,
    ):
        publisher = PolicyPublisher(
            PolicyDirectory(settings.policies, settings.settle_seconds),
            BundleCache(data.bundles),
            equipment.compiler,
            lambda: datetime.now(UTC),
            telemetry.span,
        )
        first = publisher.start()
        asyncio.run(Supervisor(settings, equipment, publisher, telemetry, first).run())


@contextlib.contextmanager
def _data_directory(settings: Settings) -> Iterator[DataDirectory]:
    """Hold the data directory.

    Raises:
        StartupError: it can't be used.
    """
    try:
        data = DataDirectory(settings.data_dir)
    except DataDirectoryError as error:
        raise StartupError(ExitCode.DATA_DIR_UNUSABLE, str(error)) from error
    with contextlib.closing(data):
        yield data


class Supervisor:
    """Follows the policies, keeps the workers, and tells how both stand.

    Whatever happens in other threads comes in as an event, and events are dealt with one after
    the other in the event loop.
    """

    def __init__(
        self,
        settings: Settings,
        equipment: Equipment,
        publisher: PolicyPublisher,
        telemetry: Telemetry,
        first: Publication,
    ) -> None:
        """Begin with the policies of `first`."""
        self._settings = settings
        self._equipment = equipment
        self._publisher = publisher
        self._telemetry = telemetry
        self._first = first
        self._standing = Standing(first)
        self._told = first
        self._stop_following = threading.Event()
        self._metrics = SupervisorMetrics()
        if telemetry.destination.place is Place.COLLECTOR:
            journal = journal_in(settings.data_dir)
            self._metrics.registry.register(ExportCollector(journal))
        self._signals = 0
        self._shown = False
        self._crew = Crew(
            settings.workers,
            equipment.worker_command,
            self._environment(),
            settings.silence_seconds,
            self._post,
        )

    async def run(self) -> None:
        """Serve until told to stop.

        Raises:
            StartupError: the server can't start, or its workers keep dying.
        """
        self._take_signals()
        async with contextlib.AsyncExitStack() as stack:
            await self._open_control_port(stack)
            page = StatusPage(self._settings.metrics_listen, self._scrape, self._status)
            stack.callback(page.close)
            self._settings = replace(self._settings, metrics_listen=page.address)
            self._crew.publish(self._first)
            follower = threading.Thread(target=self._follow, name="policies")
            follower.start()
            stack.push_async_callback(asyncio.to_thread, follower.join)
            # Where the system chooses the port, the others have to learn it from the first.
            listen = self._settings.listen
            self._crew.start(None if listen.port or listen.path else 1)
            stack.push_async_callback(self._stop_workers)
            stack.callback(self._stop_following.set)
            page.start()
            await self._live()

    def _take_signals(self) -> None:
        """Make events of the signals that end the server."""
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: signal.Signals) -> None:
        """Begin to drain at the first signal, and stop draining at the second."""
        self._signals += 1
        if self._signals > 1:
            self._crew.kill()
        else:
            self._events.put_nowait(number)

    async def _open_control_port(self, stack: contextlib.AsyncExitStack) -> None:
        """Serve Watch, health and reflection until `stack` is closed.

        Raises:
            StartupError: the address or the certificate can't be used.
        """
        settings = self._settings
        warn = get_logger(__name__).warning
        credentials = load_credentials(settings, lambda why: warn("certificate refused", why=why))
        feed, health = RevisionFeed(), ControlHealth()
        server = grpc.aio.server(options=server_options(settings))
        add_control_services(server, WatchServicer(feed, self._metrics.watchers.set), health)
        address = bind(server, "control_listen", settings.control_listen, credentials)
        self._settings = replace(settings, control_listen=address)
        self._health = health
        self._reporter = Reporter(feed, health, self._metrics)
        await health.begin()
        await server.start()
        stack.push_async_callback(server.stop, _LAST_WATCHES_SECONDS)
        stack.callback(feed.close)

    async def _live(self) -> None:
        """Deal with what happens until told to stop.

        Raises:
            StartupError: the server can't start, or its workers keep dying.
        """
        await self._reporter.begin(self._standing)
        while not isinstance(event := await self._events.get(), signal.Signals):
            served = self._standing.serving
            self._standing = self._standing.after(event)
            await self._reporter.report(event, self._standing)
            listen = self._standing.listen
            if listen is not None and listen != self._settings.listen:
                # A worker that replaces this one is to be found at the same place.
                self._settings = replace(self._settings, listen=listen)
                self._crew.use(self._environment())
                self._crew.start()
            if self._standing.serving and not served:
                self._tell_serving()
        get_logger(__name__).info("draining", signal=event.name)
        self._standing = replace(self._standing, draining=True)
        await self._health.drain()

    def _tell_serving(self) -> None:
        """Tell whoever reads the log that the server serves, or serves again; people only once."""
        settings = self._settings
        if settings.banner and not self._shown:
            self._shown = True
            publication = self._standing.publication
            self._equipment.show(banner(publication, settings, self._telemetry.destination.text))
        get_logger(__name__).info("serving", **self._addresses())

    def _addresses(self) -> dict[str, str]:
        """Return where the server listens, by the names of the settings."""
        names = ("listen", "control_listen", "metrics_listen")
        return {name: str(getattr(self._settings, name)) for name in names}

    def _environment(self) -> dict[str, str]:
        """Return the environment of a worker: ours, with the settings in force."""
        return {**os.environ, **to_environment(self._settings)}

    def _post(self, event: Event) -> None:
        """Let the event loop deal with `event`; for other threads."""
        self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    def _follow(self) -> None:
        """Follow the policy directory; a defect in doing so must not end it."""
        while not self._stop_following.is_set():
            try:
                self._publisher.follow(
                    self._told, self._settings.poll_seconds, self._stop_following, self._tell
                )
            except Exception as error:  # noqa: BLE001 - decisions go on whatever an edit did
                report_defect(error)
                self._stop_following.wait(self._settings.poll_seconds)

    def _tell(self, publication: Publication) -> None:
        """Tell the workers how the policies stand after an edit."""
        before, self._told = self._told, publication
        self._post(publication)
        # What was kept from an earlier run and then turns out to stand in the files is the same
        # revision, no longer kept.
        if (before.known, before.kept_from_earlier) != (
            publication.known,
            publication.kept_from_earlier,
        ):
            self._crew.publish(publication)
        else:
            self._crew.refuse(Refuse(publication.refused_edit))

    async def _stop_workers(self) -> None:
        """Let the workers drain, and see them end."""
        patience = self._settings.drain_seconds + self._settings.grace_seconds + _MARGIN_SECONDS
        with self._telemetry.span("comity.shutdown"):
            await asyncio.to_thread(self._crew.stop, patience)
        get_logger(__name__).info("stopped")

    def _scrape(self) -> bytes:
        """Return all metrics."""
        return self._metrics.text() + merge_pages(self._crew.scrape(_SCRAPE_SECONDS))

    def _status(self) -> Status:
        """Return what `/status` tells."""
        return self._standing.to_status(
            {
                **self._addresses(),
                "tls": self._settings.tls,
                "traces": self._telemetry.destination.text,
            }
        )
