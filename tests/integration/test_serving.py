"""`comity serve` from start to stop: real processes, asked from outside."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import psutil
import pytest
from comity.v1 import (
    common_pb2,
    eligibility_service_pb2,
    eligibility_service_pb2_grpc,
    policy_service_pb2,
    policy_service_pb2_grpc,
)
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
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
from prometheus_client.parser import text_string_to_metric_families

pytestmark = pytest.mark.processes

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
DENY = common_pb2.EFFECT_DENY
ALLOW = common_pb2.EFFECT_ALLOW


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that tests may ask but not change."""
    home = tmp_path_factory.mktemp("home")
    with ServerProcess(home, policies=copy_policies(home / "policies")) as running:
        yield running


def health_of(channel: grpc.Channel, name: str) -> int:
    """Return what a health check says."""
    stub = health_pb2_grpc.HealthStub(channel)
    return stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10).status


def test_it_answers_from_the_policy_files(server: ServerProcess) -> None:
    """Calls are answered from the directory's rules, by the revision that GetRevision tells of."""
    with server.channel() as channel:
        denied, allowed = ask(channel), ask(channel, device="personal")
        known = revision_of(channel)
    assert (denied.effect, allowed.effect) == (DENY, ALLOW)
    assert [reason.rule_id for reason in denied.reasons] == ["ua-messages"]
    assert denied.policy_revision == known.policy_revision
    assert (known.policy_revision.epoch, known.jurisdiction_count, known.rule_count) == (1, 2, 2)
    assert not known.HasField("refused_edit")


def test_health_is_told_on_both_ports(server: ServerProcess) -> None:
    """The worker tells of its services, the control port of these and of the policies."""
    names = ["", "comity.v1.EligibilityService", "comity.v1.PolicyService"]
    with server.channel() as channel:
        assert [health_of(channel, name) for name in names] == [SERVING] * 3
    with server.channel("control_listen") as channel:
        assert [health_of(channel, name) for name in [*names, "comity.policy"]] == [SERVING] * 4
        with pytest.raises(grpc.RpcError) as unknown:
            health_of(channel, "comity.v1.NoService")
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("port", "service"),
    [
        ("listen", "comity.v1.EligibilityService"),
        ("listen", "comity.v1.DataRequestService"),
        ("listen", "comity.v1.PolicyService"),
        ("control_listen", "comity.v1.PolicyWatchService"),
    ],
)
def test_each_port_describes_its_services(server: ServerProcess, port: str, service: str) -> None:
    """Reflection names the services of the port, so that grpcurl needs no files."""
    with server.channel(port) as channel:
        assert service in ProtoReflectionDescriptorDatabase(channel).get_services()


def test_what_the_port_does_not_serve_is_unimplemented(server: ServerProcess) -> None:
    """Watching is for the control port, deciding is for the other."""
    with server.channel("control_listen") as channel, pytest.raises(grpc.RpcError) as error:
        ask(channel)
    assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_request_that_is_too_long_is_refused(server: ServerProcess) -> None:
    """The limit of the settings holds before anything is read, and the server goes on."""
    with server.channel() as channel:
        with pytest.raises(grpc.RpcError) as error:
            ask(channel, action="x" * (5 << 20))
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert ask(channel).effect == DENY


def test_metrics_tell_of_both_processes(server: ServerProcess) -> None:
    """One page in the Prometheus format has what supervisor and worker count."""
    with server.channel() as channel:
        ask(channel)
    code, page = server.get("/metrics")
    values = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    method = "comity.v1.EligibilityService/CheckEligibility"
    assert code == 200
    worker = ("worker", "1")
    assert values["comity_policy_epoch",] == values["comity_worker_policy_epoch", worker] == 1
    assert values["comity_worker_up", worker] == 1
    assert values["comity_policy_stale",] == 0
    assert values["comity_calls_total", ("code", "OK"), ("method", method), worker] >= 1
    decided = (("determination", "decided"), ("effect", "deny"), worker)
    assert values["comity_decisions_total", *decided] >= 1


def test_the_status_page_tells_how_things_stand(server: ServerProcess) -> None:
    """`/status` gives the revision and the processes; other pages do not exist."""
    code, _ = server.get("/status")
    status = server.status()
    assert code == 200
    assert status["policies"]["epoch"] == status["workers"][0]["epoch"] == 1
    assert status["policies"]["latest_edit_in_force"] is True
    assert status["listen"] == server.addresses["listen"]
    assert server.get("/")[0] == 404


def test_the_banner_tells_what_is_served_and_what_to_ask(server: ServerProcess) -> None:
    """The banner names revision, counts, where traces go, and three commands."""
    lines = eventually(lambda: server.output if "--json" in server.output else "").splitlines()
    assert server.addresses["listen"] in lines[0]
    assert "revision 1 (" in lines[1]
    assert "2 jurisdictions and bodies, 2 rules" in lines[1]
    assert any(line.startswith("  traces ") for line in lines)
    assert sum("comity check " in line for line in lines) == 3


def test_killed_processes_leave_nothing_wrong_behind(tmp_path: Path) -> None:
    """A killed worker is replaced at the same address; without its supervisor a worker ends."""
    policies = copy_policies(tmp_path / "policies")
    with (
        ServerProcess(tmp_path, policies=policies, geoip_database=PLACES) as server,
        server.channel() as channel,
    ):
        before = ask(channel)
        killed = server.worker()
        killed.kill()
        server.wait_for_log("worker died")
        worker = server.worker()
        assert server.wait_for_log("serving", 2)["listen"] == server.addresses["listen"]
        assert server.wait_for_log("worker serving", 2)["worker"] == 1
        after = ask(channel)
        assert worker.pid != killed.pid
        assert after.policy_revision == before.policy_revision
        assert server.status()["workers"][0]["starts"] == 2
        replace_text(policies / "jurisdictions/ua.yaml", "Version 1", "Version 2")
        assert eventually(lambda: revision_of(channel).policy_revision.epoch == 2)
        server.supervisor.kill()
        assert eventually(lambda: has_ended(worker))


def has_ended(process: psutil.Process) -> bool:
    """Return whether a process has ended, though perhaps nobody has asked how."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_sigterm_drains(tmp_path: Path) -> None:
    """Health goes first, the call under way is answered, watches end, the exit code is 0."""
    policies = copy_policies(tmp_path / "policies")
    with (
        ServerProcess(
            tmp_path, policies=policies, geoip_database=PLACES, drain_seconds=1
        ) as server,
        server.channel() as channel,
        server.channel("control_listen") as control,
        ThreadPoolExecutor() as pool,
    ):
        statuses = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(statuses).status == SERVING
        watch = policy_service_pb2_grpc.PolicyWatchServiceStub(control).Watch(
            policy_service_pb2.WatchRequest()
        )
        assert next(watch).policy_revision.epoch == 1
        assert ask(channel).effect == DENY
        under_way = pool.submit(ask_for_epoch, channel, 2)
        code = pool.submit(server.stop)
        assert next(statuses).status == NOT_SERVING
        assert under_way.result(10) is grpc.StatusCode.FAILED_PRECONDITION
        assert code.result(30) == 0
        with pytest.raises(grpc.RpcError) as ended:
            next(watch)
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        events = [entry["event"] for entry in server.log if "process" in entry]
        assert events[-1] == "stopped"
        assert "defect" not in events


def ask_for_epoch(channel: grpc.Channel, epoch: int) -> grpc.StatusCode:
    """Ask for an answer by a revision that never comes; return the status after the wait for it."""
    request = eligibility_service_pb2.CheckEligibilityRequest(facts=question())
    request.options.min_revision = epoch
    stub = eligibility_service_pb2_grpc.EligibilityServiceStub(channel)
    with pytest.raises(grpc.RpcError) as error:
        stub.CheckEligibility(request, timeout=10)
    return error.value.code()


def test_a_second_signal_ends_calls_under_way(tmp_path: Path) -> None:
    """Who can't wait for the drain need not kill processes one by one."""
    with (
        ServerProcess(
            tmp_path, policies=POLICIES, geoip_database=PLACES, drain_seconds=60
        ) as server,
        ThreadPoolExecutor() as pool,
    ):
        code = pool.submit(server.stop)
        server.wait_for_log("draining")
        server.supervisor.send_signal(signal.SIGTERM)
        assert code.result(30) == 0


def test_a_broken_database_of_places_changes_nothing(tmp_path: Path) -> None:
    """The one before answers on; the log and a metric say that the file is refused."""
    database = shutil.copy(PLACES, tmp_path / "places.mmdb")
    with ServerProcess(tmp_path, policies=POLICIES, geoip_database=database) as server:
        Path(database).write_bytes(b"half a database")
        assert server.wait_for_log("geoip refused")["problems"]
        stale = 'comity_worker_file_stale{worker="1",file="geoip"} 1.0'
        assert eventually(lambda: stale in server.get("/metrics")[1])
        with server.channel() as channel:
            assert ask(channel).effect == DENY


def test_watch_tells_of_each_revision(tmp_path: Path) -> None:
    """A watcher hears of the revision in force and of each later one, once workers answer by it.

    Ctrl-C ends a server as SIGTERM does.
    """
    policies = copy_policies(tmp_path / "policies")
    with (
        ServerProcess(tmp_path, policies=policies, geoip_database=PLACES) as server,
        server.channel() as channel,
        server.channel("control_listen") as control,
    ):
        watch = policy_service_pb2_grpc.PolicyWatchServiceStub(control).Watch(
            policy_service_pb2.WatchRequest()
        )
        for version in (1, 2, 3):
            told = next(watch)
            answer = ask(channel)
            assert told.policy_revision.epoch == version
            assert answer.policy_revision == told.policy_revision
            assert answer.reasons[0].title == f"Version {version}"
            replace_text(
                policies / "jurisdictions/ua.yaml", f"Version {version}", f"Version {version + 1}"
            )
        watch.cancel()
        assert server.stop(signal.SIGINT) == 0


def test_a_broken_edit_keeps_the_last_good_policies(tmp_path: Path) -> None:
    """It shows wherever one may look, a restart does not change that, and mending it does."""
    policies = copy_policies(tmp_path / "policies")
    with ServerProcess(tmp_path, policies=policies, geoip_database=PLACES) as server:
        replace_text(policies / "jurisdictions/ua.yaml", "effect: deny", "efect: deny")
        refusal = server.wait_for_log("policies refused")
        assert refusal["problems"][0].startswith("jurisdictions/ua.yaml:14:5 CP202 ")
        assert refusal["problems"][0].endswith("Did you mean 'effect'?")
        require_stale(server, kept_from_earlier=False)
        assert server.stop() == 0
    with ServerProcess(tmp_path, policies=policies, geoip_database=PLACES) as server:
        require_stale(server, kept_from_earlier=True)
        replace_text(policies / "jurisdictions/ua.yaml", "efect: deny", "effect: deny")
        assert eventually(lambda: server.status()["policies"]["latest_edit_in_force"])
        with server.channel() as channel:
            known = eventually(
                lambda: (
                    found if not (found := revision_of(channel)).HasField("refused_edit") else None
                )
            )
        assert known.policy_revision.epoch == 1
        assert not known.kept_from_earlier


def require_stale(server: ServerProcess, *, kept_from_earlier: bool) -> None:
    """Fail unless the server says everywhere that the latest edit is not in force, and answers."""
    with server.channel() as channel, server.channel("control_listen") as control:
        known = eventually(
            lambda: found if (found := revision_of(channel)).HasField("refused_edit") else None
        )
        assert known.policy_revision.epoch == 1
        assert known.kept_from_earlier is kept_from_earlier
        assert known.refused_edit.problems[0].code == "CP202"
        assert ask(channel).effect == DENY
        assert eventually(lambda: health_of(control, "comity.policy") == NOT_SERVING)
        assert health_of(control, "") == SERVING
    policies = server.status()["policies"]
    assert policies["refused_edit"]["problem_count"] == known.refused_edit.problem_count
    assert policies["kept_from_earlier"] is kept_from_earlier
    assert "\ncomity_policy_stale 1.0\n" in server.get("/metrics")[1]
