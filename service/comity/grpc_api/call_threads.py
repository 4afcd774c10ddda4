"""The threads that answer calls, and how many calls may be in flight to them."""

from __future__ import annotations

import contextvars
import random
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from queue import SimpleQueue
from time import monotonic
from typing import Any, Final, NamedTuple

from grpc._cython import cygrpc  # type: ignore[attr-defined] # not in the stubs

from comity.grpc_api.callers import IDENTITY_PROPERTIES
from comity.grpc_api.early_requests import Arguments, receive_first, without_request
from comity.logs import report_defect

_SHORTEST_PUSHBACK_MS: Final = 10
_LONGEST_PUSHBACK_MS: Final = 2000
_FIRST_GUESS_SECONDS: Final = 0.05
_WEIGHT_OF_ONE_CALL: Final = 0.05


class NotBegun(StrEnum):
    """Why a call was not begun; the words are those of the metric."""

    SERVER_FULL = "server_full"
    CALLER_FULL = "caller_full"
    EXPIRED = "expired"


_over_share: contextvars.ContextVar[bool] = contextvars.ContextVar("over_share", default=False)
_begun: contextvars.ContextVar[bool] = contextvars.ContextVar("begun", default=False)


class CallsInFlight:
    """Counts the calls that run or wait for a thread, in all and of each caller.

    Calls are let in by one thread, the one that gRPC polls with, and leave from others.
    """

    def __init__(
        self, most: int, most_per_caller: int, tell_not_begun: Callable[[NotBegun], None]
    ) -> None:
        """Let in `most` calls at a time, and `most_per_caller` of one caller."""
        self._most = most
        self._most_per_caller = most_per_caller
        self._tell_not_begun = tell_not_begun
        self._lock = threading.Lock()
        self._of_caller: dict[bytes, int] = {}
        self._usual_seconds = _FIRST_GUESS_SECONDS
        self.count = 0

    @property
    def full(self) -> bool:
        """Whether no call of anybody is let in."""
        return self.count >= self._most

    def enter(self, caller: bytes) -> bool:
        """Let a call of `caller` in; return False if too many of its calls are in flight."""
        of_caller = self._of_caller
        with self._lock:
            count = of_caller.get(caller, 0)
            if count >= self._most_per_caller:
                return False
            of_caller[caller] = count + 1
            self.count += 1
            return True

    def leave(self, caller: bytes, seconds: float, *, begun: bool) -> None:
        """See a call of `caller` off after so many seconds; `begun` is False if it never ran."""
        if not begun:
            self._tell_not_begun(NotBegun.EXPIRED)
        with self._lock:
            self.count -= 1
            left = self._of_caller[caller] - 1
            if left:
                self._of_caller[caller] = left
            else:
                del self._of_caller[caller]
            self._usual_seconds += _WEIGHT_OF_ONE_CALL * (seconds - self._usual_seconds)

    def refuse(self, reason: NotBegun) -> int:
        """Count a call that is not let in; return in how many milliseconds it should come again.

        That is about as long as a call is in flight at present, for by then those in flight now
        have left; spread by half, so that those refused together don't return together.
        """
        self._tell_not_begun(reason)
        milliseconds = 1000 * self._usual_seconds * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        return max(_SHORTEST_PUSHBACK_MS, min(round(milliseconds), _LONGEST_PUSHBACK_MS))


class _Turn:
    """Stands in for a future, of which gRPC asks only to be told of the end.

    A future has a lock and a condition of its own; with them a call would take a tenth longer.
    """

    __slots__ = ("_callbacks", "_ended")

    def __init__(self) -> None:
        """Begin."""
        self._callbacks: deque[Callable[[Any], object]] = deque()
        self._ended = False

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """Call `callback` at the end, or now if that is past; once, whatever threads do."""
        self._callbacks.append(callback)
        if self._ended:
            self.end()

    def end(self) -> None:
        """Tell those who want to know."""
        self._ended = True
        while self._callbacks:
            try:
                callback = self._callbacks.popleft()
            except IndexError:  # another thread was faster
                return
            try:
                callback(self)
            except Exception as error:  # noqa: BLE001 - the others want to know all the same
                report_defect(error)


def run_at_once(fn: Callable[..., Any], *args: Any) -> _Turn:  # noqa: ANN401 - as gRPC has it
    """Have a call answered on the thread that polls: for refusals, which wait for nothing."""
    turn = _Turn()
    try:
        fn(*args)
    except Exception as error:  # noqa: BLE001 - the thread that polls must not end
        report_defect(error)
    turn.end()
    return turn


class AtOnce(ThreadPoolExecutor):
    """No threads at all: whatever is handed over is run by whoever hands it over."""

    def __init__(self) -> None:
        """Begin without a thread; none is ever started."""
        super().__init__(1)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as inherited
        """Run `fn`."""
        assert not kwargs  # gRPC gives none
        return run_at_once(fn, *args)


class _Call(NamedTuple):
    """A call that waits for a thread.

    Attributes:
        turn: told of its end.
        caller: whose it is.
        arrival: when it came, by the monotonic clock.
        within: runs things in the context of the call.
        arguments: what it runs to answer the call.
    """

    turn: _Turn
    caller: bytes
    arrival: float
    within: Callable[..., Any]
    arguments: Arguments


_Waiting = SimpleQueue["_Call | None"]


class CallThreads(ThreadPoolExecutor):
    """Threads for calls that are counted, and refused if their caller has too many in flight.

    gRPC hands a call over on the thread that it polls with, so a refusal waits for nobody. It
    takes its threads from an executor only; what one does for a call beyond that costs time.
    """

    def __init__(
        self, threads: int, in_flight: CallsInFlight, aside: ThreadPoolExecutor, *, known: bool
    ) -> None:
        """Count calls in `in_flight`; those over their share are refused by threads of `aside`.

        With `known` callers are told apart by their certificates, else all are one.
        """
        super().__init__(threads)
        self._in_flight = in_flight
        self._aside = aside
        self._known = known
        self._waiting: _Waiting = SimpleQueue()
        for number in range(threads):
            arguments = (self._waiting, in_flight)
            threading.Thread(
                target=_answer_calls, args=arguments, name=f"call_{number}", daemon=True
            ).start()
        # The threads don't know the executor, so that they end with it.
        weakref.finalize(self, _end_threads, self._waiting, threads)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as inherited
        """Run a call of gRPC. `fn` runs things in the context of the call."""
        assert not kwargs  # gRPC gives none
        caller = _identity_in(args) if self._known else b""
        if not self._in_flight.enter(caller):
            fn(_over_share.set, True)
            refused = without_request(args)
            return self._aside.submit(fn, *args) if refused is None else run_at_once(fn, *refused)
        turn, arrival = _Turn(), monotonic()

        def answer(arguments: Arguments) -> None:
            self._waiting.put(_Call(turn, caller, arrival, fn, arguments))

        if not receive_first(args, answer):
            answer(args)
        return turn


def _answer_calls(waiting: _Waiting, in_flight: CallsInFlight) -> None:
    """Answer the calls that wait, one after the other, until there is nothing to wait for."""
    while (call := waiting.get()) is not None:
        turn, caller, arrival, within, arguments = call
        try:
            within(*arguments)
        except Exception as error:  # noqa: BLE001 - gRPC lets none out; the thread must not end
            report_defect(error)
        in_flight.leave(caller, monotonic() - arrival, begun=within(_begun.get))
        turn.end()
        del call, turn, within, arguments  # else they would be kept until the next


def _end_threads(waiting: _Waiting, threads: int) -> None:
    """Have so many threads end."""
    for _ in range(threads):
        waiting.put(None)


def begin() -> bool:
    """Note that the call of this context got its thread; return whether it is to be answered.

    False if it is over the share of its caller.
    """
    _begun.set(True)
    return not _over_share.get()


def _identity_in(args: tuple[Any, ...]) -> bytes:
    """Return whose call gRPC hands over, by the caller's certificate; empty for an unknown caller.

    An interceptor is told of method and metadata only. The call itself is in the event among the
    arguments, which are gRPC's own affair: a test holds them to it.
    """
    event = next((value for value in args if isinstance(value, cygrpc.BaseEvent)), None)
    if event is None:
        return b""
    properties = cygrpc.auth_context(event.call) or {}
    for name in IDENTITY_PROPERTIES:
        values = properties.get(name.encode())
        if values:
            return bytes(next(iter(values)))
    return b""
