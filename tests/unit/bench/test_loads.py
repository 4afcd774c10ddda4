"""The load generator, against a gRPC server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from bench.throughput.load import arrivals, connected, run_closed, run_open
from bench.throughput.pace import Pace
from bench.throughput.wire import OK, RESET_STATUS, Connection, ConnectionLostError, Ended

ECHO = "/bench.Test/Echo"
PATIENCE_SECONDS = 20


class Echo:
    """Answers with what it gets; some requests have a meaning.

    Attributes:
        seen: the requests so far.
    """

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self._lock = threading.Lock()

    def answer(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer, or fail if asked to."""
        with self._lock:
            self.seen.append(request)
        if request.startswith(b"refuse"):
            context.set_trailing_metadata([("grpc-retry-pushback-ms", "123")])
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no")
        if request.startswith(b"wait"):
            time.sleep(0.05)
        return request


@pytest.fixture
def echo() -> Echo:
    """What answers."""
    return Echo()


@pytest.fixture
def address(echo: Echo) -> Iterator[str]:
    """Where it answers; it lets few calls be under way on a connection."""
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_concurrent_streams", 20)])
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(echo.answer)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench.Test", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def ended(connection: Connection, count: int) -> list[Ended]:
    """Return the ends of so many calls, by what they are known as."""
    found: list[Ended] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline
        connection.flush()
        found += connection.receive()
        time.sleep(0.001)
    return sorted(found, key=lambda one: one.call)


def test_replies_come_back_whole(address: str) -> None:
    """Empty, in one frame, in several, and more than the server takes in at once."""
    messages = [b"", b"a", b"b" * 40_000, *(bytes([n]) * 30_000 for n in range(8))]
    with Connection(address, ECHO) as connection:
        for call, message in enumerate(messages):
            connection.begin(call, message, keep=True)
        assert [one.message for one in ended(connection, len(messages))] == messages
        assert connection.under_way == 0


def test_replies_that_are_not_wanted_are_not_kept(address: str) -> None:
    with Connection(address, ECHO) as connection:
        connection.begin(0, b"abc")
        assert ended(connection, 1) == [Ended(0, OK, None, b"")]


def test_errors_are_told_from_answers(address: str) -> None:
    """With what the server says on when to come again."""
    with Connection(address, ECHO) as connection:
        connection.begin(0, b"refuse", keep=True)
        connection.begin(1, b"fine", keep=True)
        refused, answered = ended(connection, 2)
    assert (refused.status, refused.pushback_ms, refused.message) == ("8", 123, b"")
    assert (answered.status, answered.message) == (OK, b"fine")


def test_a_method_that_does_not_exist_is_an_error(address: str) -> None:
    with Connection(address, "/bench.Test/Nothing") as connection:
        connection.begin(0, b"")
        assert [one.status for one in ended(connection, 1)] == ["12"]


def test_no_more_calls_are_under_way_than_the_server_allows(address: str, echo: Echo) -> None:
    """Those past it wait; one that comes while the last is put away may be turned down."""
    with Connection(address, ECHO) as connection:
        for call in range(100):
            connection.begin(call, b"%d" % call)
        assert not connection.room
        found = ended(connection, 100)
    assert [one.call for one in found] == list(range(100))
    assert {one.status for one in found} <= {OK, RESET_STATUS}
    answered = [b"%d" % one.call for one in found if one.status == OK]
    assert len(answered) > 50
    assert sorted(echo.seen) == sorted(answered)


def test_a_server_that_goes_away_is_noticed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings = b"\0\0\0\4\0\0\0\0\0"

        def serve() -> None:
            accepted, _ = listening.accept()
            with accepted:
                accepted.sendall(settings)
                accepted.recv(1 << 16)

        thread = threading.Thread(target=serve)
        thread.start()
        with Connection(f"127.0.0.1:{listening.getsockname()[1]}", ECHO) as connection:
            connection.begin(0, b"")
            connection.flush()
            thread.join(PATIENCE_SECONDS)
            with pytest.raises(ConnectionLostError):
                ended(connection, 1)


def test_a_steady_load_sends_messages_in_turn_and_counts_replies(address: str, echo: Echo) -> None:
    messages = [b"%d" % number for number in range(10)]
    with connected(address, ECHO) as connections:
        ran = run_closed(connections, messages, seconds=0.3)
    assert ran.begun == ran.answered == len(echo.seen) == len(ran.latencies) > 10
    assert ran.seconds >= 0.3
    assert 0 < ran.rate <= ran.answered / 0.3
    counts = [echo.seen.count(message) for message in messages]
    assert max(counts) - min(counts) <= 1
    assert ran.kept[0] == (0, b"0")


def test_a_load_of_fresh_messages_sends_each_once(address: str, echo: Echo) -> None:
    messages = [b"%d" % number for number in range(150)]
    with connected(address, ECHO) as connections:
        ran = run_closed(connections, messages, seconds=PATIENCE_SECONDS, again=False)
    assert ran.seconds < PATIENCE_SECONDS
    assert sorted(echo.seen) == sorted(messages)


def test_a_load_of_fewer_messages_than_may_be_under_way_ends(address: str) -> None:
    with connected(address, ECHO) as connections:
        ran = run_closed(connections, [b"a"], seconds=PATIENCE_SECONDS, again=False)
    assert ran.answered == 1


def test_calls_arrive_by_their_plan_however_slow_the_server_is(address: str) -> None:
    """Each takes 50 ms and eight run at a time, so the last of 80 wait for half a second."""
    due = [0.001 * number for number in range(80)]
    told: list[tuple[float, float]] = []
    with connected(address, ECHO) as connections:
        ran = run_open(
            connections, [b"wait"], due, on_end=lambda _, due, end: told.append((due, end))
        )
    assert ran.begun == ran.answered == len(ran.late) == 80
    assert min(ran.late) >= 0
    assert max(ran.latencies) > 0.3
    assert sorted(due for due, _ in told) == due
    assert sorted(end - due for due, end in told) == pytest.approx(sorted(ran.latencies))


def test_arrivals_keep_their_rate_and_repeat_by_seed() -> None:
    times = arrivals(1_000, 10, seed=3)
    assert 9_500 < len(times) < 10_500
    assert list(times) == sorted(times)
    assert times == arrivals(1_000, 10, seed=3)
    assert times != arrivals(1_000, 10, seed=4)


def test_every_other_repetition_goes_the_other_way() -> None:
    told: list[str] = []
    pace = Pace(3, 1.0, told.append)
    turns = list(pace.turns(["a", "b"], str))
    assert turns == [(0, "a"), (0, "b"), (1, "b"), (1, "a"), (2, "a"), (2, "b")]
    assert told[0] == "a, 1 of 3"
