"""Keeps the exporter running: a process of its own, so that a collector never holds up a worker."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from comity.journal import log_notice, recover_abandoned
from comity.journal.exporting import open_sender, read_collector
from comity.journal.places import journal_in
from comity.logs import get_logger
from comity.settings import Settings, to_environment
from comity.telemetry import Place, find_destination

# What a collector that answers needs for what is left at the end.
_LAST_SPANS_SECONDS: Final = 7.0
SHORTEST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0


class ExporterKeeper:
    """Runs one exporter after the other, from a thread of its own, until closed."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        ended: Callable[[int], None],
    ) -> None:
        """Run `command`, which ends when its standard input does; `ended` hears of exit codes."""
        self._command = command
        self._environment = environment
        self._ended = ended
        self._closing = threading.Event()
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="exporter keeper", daemon=True)

    def start(self) -> None:
        """Start the first exporter."""
        self._thread.start()

    def close(self, patience_seconds: float) -> None:
        """Let the exporter ship what it can within `patience_seconds`, then see it end."""
        with self._starting:
            self._closing.set()
            process = self._process
        if process is not None:
            self._let_go(process)
            try:
                process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        """Run exporters, with growing pauses."""
        pause_seconds = SHORTEST_PAUSE_SECONDS
        while True:
            with self._starting:
                if self._closing.is_set():
                    return
                self._process = process = subprocess.Popen(  # noqa: S603 - our own command
                    self._command,
                    env=dict(self._environment),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                )
            code = process.wait()
            self._let_go(process)
            if self._closing.is_set():
                return
            self._ended(code)
            self._closing.wait(pause_seconds)
            pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)

    @staticmethod
    def _let_go(process: subprocess.Popen[bytes]) -> None:
        """Close the standard input of `process`."""
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()


@contextlib.contextmanager
def exporting(settings: Settings, command: Sequence[str]) -> Iterator[None]:
    """Keep an exporter running within, if a collector is configured.

    Raises:
        StartupError: the variables of OpenTelemetry can't be used.
    """
    # Who writes soon recovers what is its own, and counts in its metrics what it finds.
    _recover(journal_in(settings.data_dir), range(settings.workers + 1))
    destination = find_destination(os.environ, settings.data_dir)
    if destination.place is not Place.COLLECTOR:
        yield
        return
    open_sender(read_collector(os.environ, destination.protocol)).close()
    environment = {**os.environ, **to_environment(settings)}
    keeper = ExporterKeeper(command, environment, _tell_end)
    keeper.start()
    try:
        yield
    finally:
        keeper.close(_LAST_SPANS_SECONDS)


def _recover(journal: Path, writers: Collection[int]) -> None:
    """Seal what killed processes left open, but for `writers`, so that it can be removed."""
    try:
        if journal.is_dir():
            for notice in recover_abandoned(journal, but=writers):
                log_notice(notice)
    except OSError as error:
        get_logger(__name__).warning("journal not recovered", why=error.strerror)


def _tell_end(code: int) -> None:
    """Log that an exporter has ended by itself; another follows."""
    get_logger(__name__).warning("exporter ended", exit_code=code)
