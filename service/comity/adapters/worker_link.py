"""The line between the supervisor and a decision worker: a socket pair of theirs alone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from comity.app.active_policy import KnownRevision
from comity.app.ports.policy_status import RefusedEdit
from comity.app.startup import ExitCode


@dataclass(frozen=True, slots=True)
class Prepare:
    """To the worker: make this revision ready, and answer from it once told to.

    Attributes:
        number: counts what the supervisor publishes.
        known: the revision and since when it is in force.
        compiled: its compiled form.
        files: its policy files by relative path, in case that the form can't be used.
        kept_from_earlier: whether it was kept from an earlier run.
        refused_edit: the latest edit, if it was refused.
    """

    number: int
    known: KnownRevision
    compiled: bytes = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    kept_from_earlier: bool
    refused_edit: RefusedEdit | None


@dataclass(frozen=True, slots=True)
class Commit:
    """To the worker: answer from the revision that is ready, from now on.

    Attributes:
        number: that of the `Prepare` that told of it.
        turn: how many others are told at the same time and tidy up before this worker does.
    """

    number: int
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Refuse:
    """To the worker: an edit was refused, or taken back.

    Attributes:
        edit: the latest edit; None if it was taken back.
    """

    edit: RefusedEdit | None


@dataclass(frozen=True, slots=True)
class Scrape:
    """To the worker: tell your metrics.

    Attributes:
        number: to be repeated in the answer.
    """

    number: int


@dataclass(frozen=True, slots=True)
class Ping:
    """To the worker: give a sign of life."""


@dataclass(frozen=True, slots=True)
class Pong:
    """From the worker: the sign of life."""


@dataclass(frozen=True, slots=True)
class Listening:
    """From the worker: calls are taken, though none is answered before a policy is in force.

    Attributes:
        address: where, with the port that the system chose.
        services: names of the services.
    """

    address: str
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """From the worker: the revision is ready.

    Attributes:
        number: that of the `Prepare` that told of it.
    """

    number: int


@dataclass(frozen=True, slots=True)
class InForce:
    """From the worker: this revision is in force.

    Attributes:
        known: the revision.
    """

    known: KnownRevision


@dataclass(frozen=True, slots=True)
class NotPrepared:
    """From the worker: this revision can't be made ready; the one before it is still in force.

    Attributes:
        number: that of the `Prepare` that told of it.
        known: the revision.
    """

    number: int
    known: KnownRevision


@dataclass(frozen=True, slots=True)
class Metrics:
    """From the worker: its metrics.

    Attributes:
        number: which request this answers.
        text: in the Prometheus text format.
    """

    number: int
    text: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """From the worker: it can't start and ends.

    Attributes:
        exit_code: what it ends with.
        message: why, and what to do.
    """

    exit_code: ExitCode
    message: str


ToWorker = Prepare | Commit | Refuse | Scrape | Ping
FromWorker = Listening | Prepared | NotPrepared | InForce | Metrics | Failed | Pong
Message = ToWorker | FromWorker


class LinkClosedError(Exception):
    """The other end is gone."""


class WorkerLink:
    """One end of the line. Any thread may send; one thread receives."""

    def __init__(self, descriptor: int) -> None:
        """Own the socket `descriptor`."""
        self._connection: Connection = Connection(descriptor)
        self._sending = threading.Lock()

    def send(self, message: Message) -> None:
        """Send `message`.

        Raises:
            LinkClosedError: the other end is gone.
        """
        try:
            with self._sending:
                self._connection.send(message)
        except OSError as error:
            raise LinkClosedError from error

    def receive(self) -> Message:
        """Return the next message; waits for it.

        Raises:
            LinkClosedError: the other end is gone.
        """
        try:
            message: Message = self._connection.recv()
        except (EOFError, OSError) as error:
            raise LinkClosedError from error
        return message

    def close(self) -> None:
        """Let go of this end."""
        self._connection.close()


def make_line() -> tuple[WorkerLink, socket.socket]:
    """Return one end of a new line, and the socket of the other to hand to a new process."""
    ours, theirs = socket.socketpair()
    return WorkerLink(ours.detach()), theirs
