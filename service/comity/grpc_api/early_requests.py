"""Has the message of a call received before a thread is taken for it.

gRPC takes a thread when the headers of a call arrive, and that thread then waits for the message.
So each call wakes a thread twice, and callers who send headers and no message hold all threads.
Here the thread that polls waits for both. This rests on what gRPC keeps to itself; where it isn't
as expected, calls are answered as gRPC would have it.

Source: grpc/_server.py of grpcio 1.85
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from grpc import _server
from grpc._cython import cygrpc  # type: ignore[attr-defined] # not in the stubs

Arguments = tuple[Any, ...]

_NO_FLAGS: Final = 0
_NEEDED: Final = (
    "_unary_response_in_pool",
    "_receive_message",
    "_RECEIVE_MESSAGE_TOKEN",
    "_CLOSED",
    "_is_rpc_state_active",
    "_abort",
)
USABLE: Final = all(hasattr(_server, name) for name in _NEEDED) and hasattr(
    cygrpc, "ReceiveMessageOperation"
)


class _UnaryCall(NamedTuple):
    """The arguments with which gRPC has a call with one message and one reply answered."""

    answer: Callable[..., None]
    event: Any
    state: Any
    behaviour: Any
    await_request: Callable[[], Any]
    deserialize: Any
    serialize: Any


def receive_first(arguments: Arguments, then: Callable[[Arguments], None]) -> bool:
    """Call `then` once the message of a call is there, with arguments that have it.

    `arguments` are those that gRPC hands over, on the thread that it polls with. Return False,
    and do nothing, if they aren't those of a call with one message and one reply.
    """
    call = _unary_call(arguments)
    if call is None:
        return False
    received = _server._receive_message(call.state, call.event.call, call.deserialize)  # noqa: SLF001

    def take() -> Any:  # noqa: ANN401 - any message
        return _take_request(call)

    def tag(event: Any) -> Any:  # noqa: ANN401 - gRPC's own
        finished = received(event)
        then(tuple(call._replace(await_request=take)))
        return finished

    operations = (cygrpc.ReceiveMessageOperation(_NO_FLAGS),)
    with call.state.condition:
        call.event.call.start_server_batch(operations, tag)
        call.state.due.add(_server._RECEIVE_MESSAGE_TOKEN)  # noqa: SLF001
    return True


def without_request(arguments: Arguments) -> Arguments | None:
    """Return `arguments` with an empty request, which nobody has to wait for.

    It is for calls that are refused. None if `arguments` aren't those of a call with one message
    and one reply.
    """
    call = _unary_call(arguments)
    return call and tuple(call._replace(await_request=bytes, deserialize=None))


def _unary_call(arguments: Arguments) -> _UnaryCall | None:
    """Return `arguments` by name; None if they are of another kind of call, or gRPC is unknown."""
    if not USABLE or len(arguments) != len(_UnaryCall._fields):
        return None
    call = _UnaryCall._make(arguments)
    return call if call.answer is _server._unary_response_in_pool else None  # noqa: SLF001


def _take_request(call: _UnaryCall) -> Any:  # noqa: ANN401 - any message
    """Return the message of a call; None if there is none, or nobody waits for the reply."""
    state = call.state
    with state.condition:
        if not _server._is_rpc_state_active(state):  # noqa: SLF001
            return None
        request, state.request = state.request, None
        if request is None and state.client is _server._CLOSED:  # noqa: SLF001
            method = call.event.call_details.method.decode(errors="replace")
            details = f'"{method}" requires exactly one request message.'.encode()
            code = cygrpc.StatusCode.unimplemented
            _server._abort(state, call.event.call, code, details)  # noqa: SLF001
        return request
