"""What a server does with more calls than it can answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import pytest
import trustme
from comity.app.ports.decision_recorder import DecisionRecord, InMemoryDecisionRecorder
from comity.grpc_api import early_requests
from comity.grpc_api.deadlines import DeadlineInterceptor
from comity.grpc_api.listening import build_server
from comity.grpc_api.overload import PUSHBACK, OverloadInterceptor
from comity.metrics import WorkerMetrics
from comity.settings import load_settings
from comity.v1 import eligibility_service_pb2, eligibility_service_pb2_grpc, facts_pb2
from google.rpc import error_details_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from unit.client.servers import PATIENCE_SECONDS, eventually
from unit.grpc_api.small_world import SmallWorld

ASK = "/Test/Ask"
BATCH = "/Test/BatchAsk"
_LATE_SECONDS = 0.5
SLOW = "/Test/GetDecision"
MOST_SLOW = 32


@dataclass
class BusyServer:
    """Answers each call with its own request once it is told to.

    Attributes:
        address: where it listens.
        metrics: what its guard counts.
        begun: the requests that it began with.
        release: lets all calls end.
        held: the calls that wait, which would be cancelled if nobody kept them.
    """

    metrics: WorkerMetrics = field(default_factory=WorkerMetrics)
    begun: list[bytes] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    held: list[grpc.Future] = field(default_factory=list)
    address: str = ""

    def answer(self, request: bytes, _: grpc.ServicerContext) -> bytes:
        """Answer; requests other than `quick` have to wait."""
        self.begun.append(request)
        if request != b"quick":
            assert self.release.wait(PATIENCE_SECONDS)
        return request

    def counted(self, reason: str) -> float:
        """Return how many calls were not begun for `reason`."""
        labels = {"reason": reason}
        value = self.metrics.registry.get_sample_value("comity_calls_not_begun_total", labels)
        return value or 0.0

    def in_flight(self) -> float:
        """Return how many calls are in flight."""
        value = self.metrics.registry.get_sample_value("comity_calls_in_flight")
        assert value is not None
        return value


@contextmanager
def serving(
    credentials: grpc.ServerCredentials | None = None, **flags: object
) -> Iterator[BusyServer]:
    """Serve with the settings of `flags`."""
    settings = load_settings({"HOME": "/"}, flags)
    busy = BusyServer()
    late = busy.metrics.not_begun.labels("expired").inc
    guards = (OverloadInterceptor(settings, busy.metrics), DeadlineInterceptor(late))
    server = build_server(settings, guards)
    handler = grpc.unary_unary_rpc_method_handler(busy.answer)
    handlers = {"Ask": handler, "BatchAsk": handler, "GetDecision": handler}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("Test", handlers)])
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    if credentials:
        port = server.add_secure_port("localhost:0", credentials)
    else:
        port = server.add_insecure_port("localhost:0")
    busy.address = f"localhost:{port}"
    server.start()
    try:
        yield busy
    finally:
        busy.release.set()
        server.stop(PATIENCE_SECONDS).wait()


def hold(channel: grpc.Channel, busy: BusyServer, *requests: bytes, method: str = ASK) -> None:
    """Leave `requests` in flight."""
    before = busy.in_flight()
    for request in requests:
        busy.held.append(channel.unary_unary(method).future(request, timeout=PATIENCE_SECONDS))
    eventually(lambda: busy.in_flight() == before + len(requests))


def refusal_of(channel: grpc.Channel, method: str = ASK) -> tuple[grpc.RpcError, float]:
    """Return how a call is refused, and after how many seconds."""
    start = time.perf_counter()
    with pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(method)(b"one more", timeout=PATIENCE_SECONDS)
    return refused.value, time.perf_counter() - start


def reason_of(error: grpc.RpcError) -> str:
    """Return the reason that the details of a status give."""
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    assert len(status.details) == 1
    assert status.details[0].Unpack(info)
    assert info.domain == "comity"
    return str(info.reason)


def test_one_call_too_many_is_refused_at_once_though_all_threads_are_busy() -> None:
    """It learns when to come again; what is in flight is answered, and then there is room."""
    with (
        serving(threads=2, max_in_flight=3) as busy,
        grpc.insecure_channel(busy.address) as channel,
    ):
        hold(channel, busy, b"1", b"2", b"waits")
        refusals = [refusal_of(channel) for _ in range(20)]
        for error, _ in refusals:
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert 10 <= int(dict(error.trailing_metadata())[PUSHBACK]) <= 2000
            assert reason_of(error) == "OVERLOADED"
        assert min(seconds for _, seconds in refusals) < 0.005
        assert busy.counted("server_full") == 20
        assert len(busy.begun) == 2
        busy.release.set()
        eventually(lambda: busy.in_flight() == 0)
        assert channel.unary_unary(ASK)(b"later", timeout=PATIENCE_SECONDS) == b"later"
    assert sorted(busy.begun) == [b"1", b"2", b"later", b"waits"]


def test_explanations_keep_nobody_else_from_an_answer() -> None:
    """They run one at a time, beside a line with an end, and take no room from other calls."""
    with (
        serving(threads=1, max_in_flight=1) as busy,
        grpc.insecure_channel(busy.address) as channel,
    ):
        hold(channel, busy, *(b"%d" % number for number in range(MOST_SLOW)), method=SLOW)
        eventually(lambda: busy.begun)
        error, _ = refusal_of(channel, SLOW)
        assert reason_of(error) == "OVERLOADED"
        assert int(dict(error.trailing_metadata())[PUSHBACK]) >= 10
        assert busy.counted("server_full") == 1
        assert channel.unary_unary(ASK)(b"quick", timeout=PATIENCE_SECONDS) == b"quick"
        assert len(busy.begun) == 2
        busy.release.set()
        eventually(lambda: busy.in_flight() == 0)
    assert len(busy.begun) == MOST_SLOW + 1


def test_health_is_told_whatever_the_load() -> None:
    """A probe must not take a server for dead because it is busy."""
    with (
        serving(threads=1, max_in_flight=1) as busy,
        grpc.insecure_channel(busy.address) as channel,
    ):
        hold(channel, busy, b"1")
        stub = health_pb2_grpc.HealthStub(channel)
        reply = stub.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_SECONDS)
        assert reply.status == health_pb2.HealthCheckResponse.SERVING


def test_callers_without_a_certificate_share_one_part() -> None:
    """Two connections of theirs are one caller."""
    with (
        serving(threads=1, max_in_flight_per_caller=2) as busy,
        grpc.insecure_channel(busy.address) as one,
        grpc.insecure_channel(busy.address, [("grpc.use_local_subchannel_pool", 1)]) as other,
    ):
        hold(one, busy, b"1", b"2")
        error, _ = refusal_of(other)
        assert reason_of(error) == "CALLER_OVERLOADS"
        assert int(dict(error.trailing_metadata())[PUSHBACK]) >= 10
        assert busy.counted("caller_full") == 1


def test_a_caller_can_use_up_its_own_part_only() -> None:
    """Another, known by its certificate, is let in; the first is not, busy threads or not."""
    authority = trustme.CA()
    theirs = authority.issue_cert("localhost")
    server_credentials = grpc.ssl_server_credentials(
        [(theirs.private_key_pem.bytes(), theirs.cert_chain_pems[0].bytes())],
        authority.cert_pem.bytes(),
        require_client_auth=True,
    )

    def channel_of(name: str) -> grpc.Channel:
        ours = authority.issue_cert(name)
        credentials = grpc.ssl_channel_credentials(
            authority.cert_pem.bytes(),
            ours.private_key_pem.bytes(),
            ours.cert_chain_pems[0].bytes(),
        )
        return grpc.secure_channel(busy.address, credentials)

    tls = dict.fromkeys(("tls_certificate", "tls_key", "tls_client_ca"), "/dev/null")
    with (
        serving(server_credentials, threads=2, max_in_flight_per_caller=2, **tls) as busy,
        channel_of("search.test") as search,
        channel_of("login.test") as login,
    ):
        hold(search, busy, b"1", b"2")
        for _ in range(3):
            error, _ = refusal_of(search)
            assert reason_of(error) == "CALLER_OVERLOADS"
        hold(login, busy, b"3")
        busy.release.set()
        eventually(lambda: busy.in_flight() == 0)
        assert search.unary_unary(ASK)(b"4", timeout=PATIENCE_SECONDS) == b"4"
        eventually(lambda: busy.in_flight() == 0)
    assert sorted(busy.begun) == [b"1", b"2", b"3", b"4"]


def test_a_call_that_expires_while_it_waits_is_not_begun() -> None:
    """It is counted, and gives its room back."""
    with serving(threads=1) as busy, grpc.insecure_channel(busy.address) as channel:
        hold(channel, busy, b"1")
        with pytest.raises(grpc.RpcError) as late:
            channel.unary_unary(ASK)(b"late", timeout=_LATE_SECONDS)
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        # The server counts from when the call came, which was before the client gave up.
        time.sleep(_LATE_SECONDS)
        busy.release.set()
        eventually(lambda: busy.in_flight() == 0)
        assert busy.begun == [b"1"]
        assert busy.counted("expired") == 1


def test_batches_leave_threads_to_single_questions() -> None:
    """However many batches wait, half of the threads or more are for others."""
    with serving(threads=4) as busy, grpc.insecure_channel(busy.address) as channel:
        hold(channel, busy, *(b"%d" % number for number in range(9)), method=BATCH)
        for _ in range(20):
            assert channel.unary_unary(ASK)(b"quick", timeout=PATIENCE_SECONDS) == b"quick"
        assert len(busy.begun) == 2 + 20


class SlowRecorder(InMemoryDecisionRecorder):
    """Takes its time to record."""

    def record(self, record: DecisionRecord) -> str:
        """Record after a while."""
        time.sleep(0.02)
        return super().record(record)


def test_a_batch_ends_with_its_deadline() -> None:
    """The items that come after it are not decided."""
    world = SmallWorld(recorder=SlowRecorder())
    facts = facts_pb2.Facts(action="message_send", product="telegram", device="personal")
    item = eligibility_service_pb2.BatchCheckEligibilityItem(facts=facts)
    request = eligibility_service_pb2.BatchCheckEligibilityRequest(items=[item] * 200)
    with world.serving() as channel:
        stub = eligibility_service_pb2_grpc.EligibilityServiceStub(channel)
        with pytest.raises(grpc.RpcError) as late:
            stub.BatchCheckEligibility(request, timeout=0.3)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert 0 < len(world.recorded()) < 100
    assert not world.defects


def test_callers_who_send_no_message_hold_no_thread() -> None:
    """The headers of a call take no thread; what comes whole is answered meanwhile."""
    opened = threading.Event()

    def nothing() -> Iterator[bytes]:
        yield from ()
        opened.wait(PATIENCE_SECONDS)

    with serving(threads=1) as busy, grpc.insecure_channel(busy.address) as channel:
        waiting = [channel.stream_unary(ASK).future(nothing(), timeout=60) for _ in range(5)]
        eventually(lambda: busy.in_flight() == len(waiting))
        assert channel.unary_unary(ASK)(b"quick", timeout=PATIENCE_SECONDS) == b"quick"
        opened.set()
        codes = [call.code() for call in waiting]
        eventually(lambda: busy.in_flight() == 0)
    assert codes == [grpc.StatusCode.UNIMPLEMENTED] * len(waiting)
    assert busy.begun == [b"quick"]


def test_what_is_known_of_grpc_is_as_expected() -> None:
    """Else calls would be answered as gRPC would have it, with two wakings of a thread each."""
    assert early_requests.USABLE
