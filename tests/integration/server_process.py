"""`comity serve` as real processes, with what tests ask of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import grpc
import psutil
from comity.v1 import (
    eligibility_service_pb2,
    eligibility_service_pb2_grpc,
    facts_pb2,
    policy_service_pb2,
    policy_service_pb2_grpc,
)

POLICIES = Path(__file__).parents[1] / "data" / "policies"
# To unpack the database that comes with the package takes a worker 0.14 seconds.
PLACES = Path(__file__).parents[1] / "data" / "geoip" / "GeoIP2-Country-Test.mmdb"
PATIENCE_SECONDS = 30
_FOREIGN = ("COMITY_", "OTEL_", "PYTHON")

Found = TypeVar("Found")


def eventually(find: Callable[[], Found], timeout_seconds: float = PATIENCE_SECONDS) -> Found:
    """Return what `find` finds once that is true; fail if it never is."""
    deadline = time.monotonic() + timeout_seconds
    while not (found := find()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def environment_of(home: Path) -> dict[str, str]:
    """Return an environment that says nothing to Comity but where its home is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    kept.pop("XDG_STATE_HOME", None)
    return kept | {"HOME": str(home)}


def serve_command(**settings: object) -> Sequence[str]:
    """Return the command that serves with `settings`, each given by its flag."""
    quick: Mapping[str, object] = {
        "listen": "localhost:0",
        "control_listen": "localhost:0",
        "metrics_listen": "localhost:0",
        "poll_seconds": 0.2,
        "settle_seconds": 0.01,
        "drain_seconds": 0.2,
    }
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in (quick | settings).items()]
    return [sys.executable, "-m", "comity", "serve", *flags]


class ServerProcess:
    """A server that serves.

    Attributes:
        supervisor: its first process.
        addresses: where it listens, by the names of the settings.
    """

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str] | None = None,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        **settings: object,
    ) -> None:
        """Start a server, with these further variables, and wait until it serves."""
        self._patience_seconds = patience_seconds
        self._log: list[Mapping[str, Any]] = []
        self._output: list[str] = []
        self._heard = threading.Condition()
        self._process = subprocess.Popen(
            serve_command(**settings),
            env={**environment_of(home), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read_log, daemon=True),
            threading.Thread(target=self._read_output, daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        self.supervisor = psutil.Process(self._process.pid)
        try:
            self.addresses = self.wait_for_log("serving")
        except BaseException:
            self.kill()
            raise

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server, whatever state it is in."""
        try:
            if self._process.poll() is None:
                self.stop()
        finally:
            self.kill()

    @property
    def log(self) -> Sequence[Mapping[str, Any]]:
        """What was logged so far; a line that is not JSON is an event of its own."""
        with self._heard:
            return list(self._log)

    @property
    def output(self) -> str:
        """What was printed so far."""
        return "".join(self._output)

    def wait_for_log(self, event: str, count: int = 1) -> Mapping[str, Any]:
        """Return the entry that logs `event` for the `count`th time."""

        def find() -> Mapping[str, Any] | None:
            found = [entry for entry in self._log if entry["event"] == event]
            return found[count - 1] if len(found) >= count else None

        with self._heard:
            self._heard.wait_for(
                lambda: find() or not self._readers[0].is_alive(), self._patience_seconds
            )
            found = find()
            assert found, self._log
            return found

    def channel(
        self, listen: str = "listen", credentials: grpc.ChannelCredentials | None = None
    ) -> grpc.Channel:
        """Return a channel to one of its ports, without TLS unless there are `credentials`."""
        if credentials is None:
            return grpc.insecure_channel(self.addresses[listen])
        return grpc.secure_channel(self.addresses[listen], credentials)

    def get(self, path: str) -> tuple[int, str]:
        """Return HTTP status and content of a page."""
        url = f"http://{self.addresses['metrics_listen']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def status(self) -> Mapping[str, Any]:
        """Return what `/status` tells."""
        found: Mapping[str, Any] = json.loads(self.get("/status")[1])
        return found

    def worker(self) -> psutil.Process:
        """Return the process of the only worker, once it serves."""
        (worker,) = self.workers(1)
        return worker

    def workers(self, count: int) -> list[psutil.Process]:
        """Return the processes of the workers, once so many serve."""

        def find() -> list[psutil.Process] | None:
            serving = [row["pid"] for row in self.status()["workers"] if row["epoch"]]
            return [psutil.Process(pid) for pid in serving] if len(serving) == count else None

        return eventually(find)  # type: ignore[return-value] # never None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell the server to stop and return its exit code."""
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Return the exit code once the server has ended."""
        code = self._process.wait(PATIENCE_SECONDS)
        for reader in self._readers:
            reader.join(PATIENCE_SECONDS)
        return code

    def kill(self) -> None:
        """End all of its processes."""
        for process in (*self._children(), self.supervisor):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.wait()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream
            stream.close()

    def _children(self) -> Sequence[psutil.Process]:
        """Return the processes that the supervisor started."""
        try:
            return self.supervisor.children()
        except psutil.NoSuchProcess:
            return ()

    def _read_log(self) -> None:
        """Keep what comes on standard error."""
        assert self._process.stderr
        for line in self._process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"event": line.rstrip()}
            with self._heard:
                self._log.append(entry)
                self._heard.notify_all()
        with self._heard:
            self._heard.notify_all()

    def _read_output(self) -> None:
        """Keep what comes on standard output."""
        assert self._process.stdout
        for line in self._process.stdout:
            with self._heard:
                self._output.append(line)


def question(action: str = "message_send", device: str = "official") -> facts_pb2.Facts:
    """Return a question about an official of Ukraine."""
    tie = facts_pb2.Connection(factor="works_for", place="UA", populations=["government_official"])
    return facts_pb2.Facts(action=action, product="telegram", device=device, connections=[tie])


def ask(channel: grpc.Channel, **asked: Any) -> eligibility_service_pb2.CheckEligibilityResponse:
    """Return the answer to `question(**asked)`."""
    stub = eligibility_service_pb2_grpc.EligibilityServiceStub(channel)
    request = eligibility_service_pb2.CheckEligibilityRequest(facts=question(**asked))
    return stub.CheckEligibility(request, timeout=10)


def revision_of(channel: grpc.Channel) -> policy_service_pb2.GetRevisionResponse:
    """Return what GetRevision tells."""
    stub = policy_service_pb2_grpc.PolicyServiceStub(channel)
    return stub.GetRevision(policy_service_pb2.GetRevisionRequest(), timeout=10)


def copy_policies(folder: Path) -> Path:
    """Copy the small policies to `folder`, where they may be edited, and return it."""
    return shutil.copytree(POLICIES, folder)


def replace_text(path: Path, before: str, after: str) -> None:
    """Edit a file as editors do: write another beside it, and rename that over it."""
    draft = path.with_name(f".{path.name}.draft")
    text = path.read_text("utf-8")
    assert before in text
    draft.write_text(text.replace(before, after), "utf-8")
    draft.replace(path)
