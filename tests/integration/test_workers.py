"""Several workers behind one port: real processes, killed, stopped and overloaded."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import grpc
import psutil
import pytest
from comity.client import ComityClient, Question
from comity.v1 import eligibility_service_pb2, eligibility_service_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from integration.server_process import (
    PLACES,
    POLICIES,
    ServerProcess,
    ask,
    copy_policies,
    eventually,
    question,
    replace_text,
    revision_of,
)

pytestmark = pytest.mark.processes

SERVING = health_pb2.HealthCheckResponse.SERVING
OFFICIAL: Question = {
    "action": "message_send",
    "product": "telegram",
    "device": "official",
    "works_for": "UA:government_official",
}


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policies of the server."""
    return copy_policies(tmp_path_factory.mktemp("edited") / "policies")


@pytest.fixture(scope="module")
def server(policies: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Two workers, either of which may be silent for a second and a half; SIGTERM ends both."""
    home = tmp_path_factory.mktemp("home")
    with ServerProcess(
        home, policies=policies, geoip_database=PLACES, workers=2, silence_seconds=1.5
    ) as running:
        yield running
        workers = running.workers(2)
        assert running.stop() == 0
        assert not any(is_running(worker) for worker in workers)


def connections_of(process: psutil.Process) -> int:
    """Return how many connections of clients a worker has."""
    found = process.net_connections(kind="tcp")
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in found)


@contextmanager
def channels_to_all(server: ServerProcess) -> Iterator[list[grpc.Channel]]:
    """Open connections until each worker has one at least."""
    apart = [("grpc.use_local_subchannel_pool", 1)]
    channels: list[grpc.Channel] = []
    try:
        while not all(connections_of(worker) for worker in server.workers(2)):
            assert len(channels) < 50, "one worker gets all connections"
            channels.append(grpc.insecure_channel(server.addresses["listen"], apart))
            ask(channels[-1])
        yield channels
    finally:
        for channel in channels:
            channel.close()


class Asker:
    """Asks one question after the other with the client that callers use, from some connections.

    Attributes:
        answered: answers so far.
        failures: what came instead of an answer; must be empty.
    """

    def __init__(self, server: ServerProcess) -> None:
        """Ask `server`."""
        self.answered = 0
        self.failures: list[str] = []
        self._address = server.addresses["listen"]
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def __enter__(self) -> Self:
        """Begin to ask, and be answered."""
        for thread in self._threads:
            thread.start()
        eventually(lambda: self.answered > 20)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop asking."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        """Ask until told to stop, each connection for a while."""
        while not self._stop.is_set():
            with ComityClient(self._address, timeout_seconds=20) as client:
                for _ in range(10):
                    try:
                        client.check(**OFFICIAL)
                        self.answered += 1
                    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                        self.failures.append(repr(error))
                    self._stop.wait(0.005)


def test_calls_go_on_while_a_worker_is_killed_and_replaced(server: ServerProcess) -> None:
    """Callers with retries notice nothing; health stays, and the new one has the policies."""
    killed, other = server.workers(2)
    with Asker(server) as asker, server.channel("control_listen") as control:
        deaths = deaths_in(server)
        killed.kill()
        assert server.wait_for_log("worker died", deaths + 1)["pid"] == killed.pid
        stub = health_pb2_grpc.HealthStub(control)
        assert stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status == SERVING
        workers = server.workers(2)
        before = asker.answered
        eventually(lambda: asker.answered > before + 20)
    assert asker.failures == []
    assert other in workers
    assert killed not in workers


def deaths_in(server: ServerProcess) -> int:
    """Return how many workers have died so far."""
    return sum(entry["event"] == "worker died" for entry in server.log)


def test_a_stopped_worker_is_noticed_and_replaced(server: ServerProcess) -> None:
    """It holds its connections and answers nobody, so it is killed."""
    stopped, other = server.workers(2)
    deaths = deaths_in(server)
    stopped.send_signal(signal.SIGSTOP)
    assert server.wait_for_log("worker silent")["pid"] == stopped.pid
    server.wait_for_log("worker died", deaths + 1)
    workers = server.workers(2)
    assert other in workers
    assert stopped not in workers


def test_a_reload_reaches_all_workers_at_one_epoch(server: ServerProcess, policies: Path) -> None:
    """Watchers hear of it once nobody answers from the one before; broken files change nobody."""
    edited = policies / "jurisdictions" / "ua.yaml"
    with channels_to_all(server) as channels, server.channel("control_listen") as control:
        for version in (2, 3):
            replace_text(edited, f"Version {version - 1}", f"Version {version}")
            server.wait_for_log("policies applied", version - 1)
            eventually(lambda: server.status()["policies"]["latest_edit_in_force"])
            assert {revision_of(one).policy_revision.epoch for one in channels} == {version}
            assert {ask(one).reasons[0].title for one in channels} == {f"Version {version}"}
        replace_text(edited, "effect: deny", "efect: deny")
        server.wait_for_log("policies refused")
        eventually(lambda: all(revision_of(one).HasField("refused_edit") for one in channels))
        assert {revision_of(one).policy_revision.epoch for one in channels} == {3}
        stub = health_pb2_grpc.HealthStub(control)
        assert stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status == SERVING
    page = server.get("/metrics")[1]
    for worker in (1, 2):
        assert f'comity_worker_policy_epoch{{worker="{worker}"}} 3.0' in page
        assert f'comity_worker_up{{worker="{worker}"}} 1.0' in page


def is_running(process: psutil.Process) -> bool:
    """Return whether a process goes on."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_busy_server_refuses_at_once_and_goes_on(tmp_path: Path) -> None:
    """Calls that wait for a revision hold all threads. Without the supervisor all workers end."""
    with (
        ServerProcess(
            tmp_path,
            policies=POLICIES,
            geoip_database=PLACES,
            workers=2,
            threads=2,
            max_in_flight=2,
        ) as server,
        channels_to_all(server) as channels,
    ):
        held = [hold(one) for one in channels for _ in range(2)]
        refusals = [refusal_of(one) for one in channels for _ in range(5)]
        assert {code for code, _, _ in refusals} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert all(int(pushback) >= 10 for _, pushback, _ in refusals)
        assert min(seconds for _, _, seconds in refusals) < 0.005
        codes = {call.code() for call in held}
        assert codes <= {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert {ask(one).policy_revision.epoch for one in channels} == {1}
        workers = server.workers(2)
        server.supervisor.kill()
        eventually(lambda: not any(is_running(worker) for worker in workers))


def hold(channel: grpc.Channel) -> grpc.Future:
    """Ask for an answer by a revision that does not come."""
    request = eligibility_service_pb2.CheckEligibilityRequest(facts=question())
    request.options.min_revision = 99
    stub = eligibility_service_pb2_grpc.EligibilityServiceStub(channel)
    return stub.CheckEligibility.future(request, timeout=20)


def refusal_of(channel: grpc.Channel) -> tuple[grpc.StatusCode, str, float]:
    """Return how a call is refused: code, pushback, and after how many seconds."""
    start = time.perf_counter()
    with pytest.raises(grpc.RpcError) as error:
        ask(channel)
    seconds = time.perf_counter() - start
    trailers = dict(error.value.trailing_metadata())
    return error.value.code(), trailers["grpc-retry-pushback-ms"], seconds
