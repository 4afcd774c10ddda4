"""Threads for calls: each call is answered and seen off once, whatever goes wrong in it."""

from __future__ import annotations

import contextvars
import gc
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from comity.grpc_api.call_threads import CallsInFlight, CallThreads, NotBegun, _Turn, begin
from structlog.testing import capture_logs

PATIENCE_SECONDS = 20
RACES = 2_000
MANY = 100


@contextmanager
def switching_often() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class Threads:
    """Threads for calls, and who was told what of them."""

    def __init__(self, threads: int = 2, most_per_caller: int = MANY) -> None:
        """Start the threads."""
        self.not_begun: Counter[NotBegun] = Counter()
        self.in_flight = CallsInFlight(MANY, most_per_caller, self._tell)
        self._aside = ThreadPoolExecutor(1)
        before = set(threading.enumerate())
        self.calls: CallThreads | None = CallThreads(
            threads, self.in_flight, self._aside, known=False
        )
        new = [thread for thread in threading.enumerate() if thread not in before]
        self.started = [thread for thread in new if thread.name.startswith("call_")]

    def _tell(self, reason: NotBegun) -> None:
        self.not_begun[reason] += 1

    def submit(self, answer: Callable[[], object]) -> Any:
        """Hand a call over as gRPC does: within a context of its own."""
        assert self.calls is not None
        return self.calls.submit(contextvars.copy_context().run, answer)

    def wait_for(self, turn: Any) -> None:
        """Return when the call of a turn has ended."""
        ended = threading.Event()
        turn.add_done_callback(lambda _: ended.set())
        assert ended.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        """Let go of the threads."""
        self.calls = None
        self._aside.shutdown()
        gc.collect()


@pytest.fixture
def threads() -> Iterator[Threads]:
    """Two threads."""
    threads = Threads()
    yield threads
    threads.close()


def test_a_turn_tells_each_once_however_threads_race() -> None:
    """One thread ends it while another wants to be told: nobody is left out, or told twice."""
    together = threading.Barrier(2)
    turns = [_Turn() for _ in range(RACES)]
    told: list[list[object]] = [[] for _ in turns]

    def end() -> None:
        for turn in turns:
            together.wait(PATIENCE_SECONDS)
            turn.end()

    with switching_often():
        ending = threading.Thread(target=end)
        ending.start()
        for number, turn in enumerate(turns):
            turn.add_done_callback(told[number].append)
            together.wait(PATIENCE_SECONDS)
            turn.add_done_callback(told[number].append)
            turn.add_done_callback(told[number].append)
        ending.join(PATIENCE_SECONDS)
    assert not ending.is_alive()
    assert told == [[turn] * 3 for turn in turns]


class InBetween(deque[Callable[[Any], object]]):
    """Those who want to be told, with something that another thread does in the worst moment."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        """Do `meanwhile` before each step."""
        super().__init__()
        self._meanwhile = meanwhile

    def append(self, callback: Callable[[Any], object]) -> None:
        """Take one up, after the other thread had its turn."""
        self._meanwhile()
        super().append(callback)

    def popleft(self) -> Callable[[Any], object]:
        """Return the first, after the other thread had its turn."""
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        return super().popleft()


def test_who_comes_while_a_turn_ends_is_told_once() -> None:
    """Whether the end comes just before one is taken up, or two threads tell at once."""
    turn, told = _Turn(), []
    turn._callbacks = InBetween(turn.end)
    turn.add_done_callback(lambda _: told.append("first"))
    assert told == ["first"]
    turn, told = _Turn(), []
    turn._callbacks = InBetween(lambda: None)
    turn.add_done_callback(lambda _: told.append("first"))
    turn._callbacks._meanwhile = turn.end
    turn.end()
    assert told == ["first"]


def test_who_comes_late_is_told_at_once() -> None:
    """And who was told before isn't told again."""
    turn, told = _Turn(), []
    turn.add_done_callback(lambda _: told.append("early"))
    assert told == []
    turn.end()
    turn.add_done_callback(lambda _: told.append("late"))
    assert told == ["early", "late"]


def test_a_turn_tells_the_rest_though_one_fails() -> None:
    """Whatever the type of the exception, which is reported."""
    turn, told = _Turn(), []
    turn.add_done_callback(lambda _: [].pop())
    turn.add_done_callback(lambda _: told.append("second"))
    with capture_logs() as log:
        turn.end()
    assert told == ["second"]
    assert [entry["event"] for entry in log] == ["defect"]


def test_each_call_is_answered_once_and_seen_off(threads: Threads) -> None:
    """A thousand calls on two threads: none is lost, none is in flight afterwards."""
    answered: Counter[int] = Counter()
    turns = []

    def answer(number: int) -> None:
        assert begin()
        answered[number] += 1

    for number in range(1000):
        while threads.in_flight.count >= MANY - 1:
            threads.wait_for(turns[-1])
        turns.append(threads.submit(lambda number=number: answer(number)))
    for turn in turns:
        threads.wait_for(turn)
    assert answered == dict.fromkeys(range(1000), 1)
    assert threads.in_flight.count == 0
    assert threads.not_begun == {}


def fail() -> None:
    """Fail as a call may that gRPC itself has trouble with."""
    begin()
    message = "a defect"
    raise RuntimeError(message)


def fail_when_told(_: object) -> None:
    """Fail as one may that is told of the end of a call."""
    message = "a defect of another kind"
    raise RuntimeError(message)


def test_an_exception_ends_no_thread(threads: Threads) -> None:
    """Neither one of a call, nor one of whoever is told of its end."""
    held = threading.Event()
    with capture_logs() as log:
        for _ in range(4):
            threads.wait_for(threads.submit(fail))
            turn = threads.submit(lambda: held.wait(PATIENCE_SECONDS))
            turn.add_done_callback(fail_when_told)
            held.set()
            threads.wait_for(turn)
            held.clear()
        answered: list[str] = []
        threads.wait_for(threads.submit(lambda: answered.append("still there")))
    assert answered == ["still there"]
    assert len([entry for entry in log if entry["event"] == "defect"]) == 8
    assert all(thread.is_alive() for thread in threads.started)
    assert threads.in_flight.count == 0


def test_threads_end_with_the_executor_and_answer_what_waits_before() -> None:
    """Nobody has to shut it down; a call that was let in is answered."""
    threads = Threads(threads=3)
    held, answered = threading.Event(), []
    for _ in range(3):
        threads.submit(lambda: held.wait(PATIENCE_SECONDS))
    threads.submit(lambda: answered.append("last"))
    assert len(threads.started) == 3
    threads.close()
    held.set()
    for thread in threads.started:
        thread.join(PATIENCE_SECONDS)
    assert not any(thread.is_alive() for thread in threads.started)
    assert answered == ["last"]


def test_a_call_over_its_share_is_refused_aside() -> None:
    """It doesn't wait for the calls in flight, and doesn't count as one."""
    threads = Threads(threads=1, most_per_caller=1)
    held, seen = threading.Event(), []
    first = threads.submit(lambda: (begin(), held.wait(PATIENCE_SECONDS)))
    second = threads.submit(lambda: seen.append(begin()))
    second.result(PATIENCE_SECONDS)
    assert seen == [False]
    assert threads.in_flight.count == 1
    held.set()
    threads.wait_for(first)
    threads.wait_for(threads.submit(lambda: seen.append(begin())))
    assert seen == [False, True]
    threads.close()


def test_a_call_that_never_ran_is_counted(threads: Threads) -> None:
    """A call that was cancelled while it waited for a thread is ended by gRPC itself."""
    threads.wait_for(threads.submit(lambda: None))
    assert threads.not_begun == {NotBegun.EXPIRED: 1}
