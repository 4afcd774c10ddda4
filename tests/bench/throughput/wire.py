"""Connections over which gRPC calls are made at little cost to the caller.

A call is a few octets of head, always the same, and a message that was serialised before; of its
reply the status is read, and the message kept if it is wanted. So one core makes many times the
calls that a server on another can answer, each with a message of its own, and knows of each how it
ended. The head is never indexed, and the server is told to index nothing: equal octets then mean
equal headers, which are read once.

Source: RFC 9113 (HTTP/2), RFC 7541 (HPACK),
    https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from hpack import Decoder, Encoder, NeverIndexedHeaderTuple

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
TABLE_SIZE, MOST_STREAMS, FIRST_WINDOW, FRAME_SIZE = 1, 3, 4, 5
LARGEST_WINDOW = (1 << 31) - 1
USUAL_WINDOW = (1 << 16) - 1
LARGEST_FRAME = 1 << 14
LONGEST_READ = 1 << 20
HEAD = struct.Struct(">HBBBI")
SETTING = struct.Struct(">HI")
NUMBER = struct.Struct(">I")
PREFIX = struct.Struct(">BI")
OK = "0"
RESET_STATUS = "reset"


class ConnectionLostError(Exception):
    """The server ended a connection that was still needed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that has ended.

    Attributes:
        call: what the caller knows it by.
        status: its gRPC status code as text; `reset` if the stream was reset.
        pushback_ms: after how long the server wants it again; None if it doesn't say.
        message: the reply, if it was wanted; else empty.
    """

    call: int
    status: str
    pushback_ms: int | None
    message: bytes


@dataclass(slots=True)
class _Stream:
    """A call under way: what the caller knows it by, and its reply so far if that is wanted."""

    call: int
    reply: bytearray | None


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return a frame."""
    size = len(payload)
    return HEAD.pack(size >> 8, size & 0xFF, kind, flags, stream) + payload


def head_of(path: str, authority: str, timeout: str = "") -> bytes:
    """Return the encoded head of a call; `timeout` is in gRPC's form, such as `500m`."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": authority,
        "te": "trailers",
        "content-type": "application/grpc",
        "user-agent": "comity-bench",
        **({"grpc-timeout": timeout} if timeout else {}),
    }
    return bytes(Encoder().encode([NeverIndexedHeaderTuple(*field) for field in fields.items()]))


class Trailers:
    """Reads heads of replies; a head seen before costs a look-up."""

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[bytes, tuple[str, int | None]] = {}

    def read(self, block: bytes) -> tuple[str, int | None]:
        """Return gRPC status and pushback that a head names; the status is empty without one."""
        found = self._known.get(block)
        if found is None:
            decoder = Decoder()
            decoder.max_allowed_table_size = 4096
            fields: Mapping[str, str] = dict(decoder.decode(block))
            pushback = fields.get("grpc-retry-pushback-ms")
            found = (fields.get("grpc-status", ""), None if pushback is None else int(pushback))
            if len(self._known) < LARGEST_FRAME:
                self._known[block] = found
        return found


class Connection:
    """One HTTP/2 connection to a gRPC server, without TLS.

    Attributes:
        under_way: how many calls have begun and not ended.
        socket: what it is read from; never blocks.
    """

    def __init__(self, address: str, path: str, timeout: str = "") -> None:
        """Connect to `address` (`host:port`) for calls of one method."""
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.under_way = 0
        self._head = head_of(path, address, timeout)
        self._trailers = Trailers()
        self._streams: dict[int, _Stream] = {}
        self._next_stream = 1
        self._received = b""
        self._out = bytearray()
        self._waiting: deque[tuple[int, bytes, bool]] = deque()
        self._window = USUAL_WINDOW
        self._first_window = USUAL_WINDOW
        self._most_streams = 100
        settings = SETTING.pack(TABLE_SIZE, 0) + SETTING.pack(FIRST_WINDOW, LARGEST_WINDOW)
        self.socket.sendall(
            PREFACE
            + frame(SETTINGS, 0, 0, settings)
            + frame(WINDOW_UPDATE, 0, 0, NUMBER.pack(LARGEST_WINDOW - USUAL_WINDOW))
        )
        self._read_settings()
        self.socket.setblocking(False)

    def __enter__(self) -> Self:
        """Return the connection."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.socket.close()

    @property
    def room(self) -> bool:
        """Whether a call that begins now is sent at once, as far as the server lets us."""
        return not self._waiting and len(self._streams) < self._most_streams

    def begin(self, call: int, message: bytes, *, keep: bool = False) -> None:
        """Begin a call, known as `call`, as soon as the server has room; `keep` its reply.

        Nothing is sent before `flush`.
        """
        self.under_way += 1
        self._waiting.append((call, PREFIX.pack(0, len(message)) + message, keep))
        self._begin_waiting()

    def flush(self) -> bool:
        """Send what has begun; return whether all of it could be sent."""
        if self._out:
            try:
                sent = self.socket.send(self._out)
            except BlockingIOError:
                return False
            del self._out[:sent]
        return not self._out

    def receive(self) -> Iterator[Ended]:
        """Yield the calls whose end has been received by now.

        Raises:
            ConnectionLostError: the server closed the connection.
        """
        try:
            octets = self.socket.recv(LONGEST_READ)
        except BlockingIOError:
            return
        if not octets:
            message = "the server closed the connection"
            raise ConnectionLostError(message)
        data = self._received + octets if self._received else octets
        position, size = 0, len(data)
        while size - position >= HEAD.size:
            high, low, kind, flags, stream = HEAD.unpack_from(data, position)
            end = position + HEAD.size + (high << 8 | low)
            if end > size:
                break
            ended = self._take(kind, flags, stream, data[position + HEAD.size : end])
            if ended:
                yield ended
            position = end
        self._received = data[position:]
        self._begin_waiting()

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> Ended | None:
        """Take in one frame; return the call that it ends, if it ends one."""
        if kind == DATA:
            stream = self._streams[number]
            if stream.reply is not None:
                stream.reply += payload
        elif kind == HEADERS:
            if not flags & END_HEADERS or flags & ~(END_HEADERS | END_STREAM):
                message = f"a head of a kind not foreseen: flags {flags:#x}"
                raise ValueError(message)
            if flags & END_STREAM:
                return self._end(number, *self._trailers.read(payload))
        elif kind == RESET:
            if number in self._streams:
                return self._end(number, RESET_STATUS, None)
        else:
            self._obey(kind, flags, number, payload)
        return None

    def _end(self, number: int, status: str, pushback_ms: int | None) -> Ended:
        """Return the call of a stream, which has ended."""
        stream = self._streams.pop(number)
        self.under_way -= 1
        reply = bytes(stream.reply[PREFIX.size :]) if stream.reply else b""
        return Ended(stream.call, status, pushback_ms, reply)

    def _obey(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        """Do what a frame about the connection asks."""
        if kind == SETTINGS and not flags & ACK:
            self._take_settings(payload)
        elif kind == PING and not flags & ACK:
            self._out += frame(PING, ACK, 0, payload)
        elif kind == WINDOW_UPDATE and number == 0:
            self._window += NUMBER.unpack(payload)[0]
        elif kind == GOAWAY:
            message = f"the server takes no more calls: {payload[8:].decode(errors='replace')}"
            raise ConnectionLostError(message)
        elif kind == CONTINUATION:
            message = "a head in several frames is not foreseen"
            raise ValueError(message)

    def _take_settings(self, payload: bytes) -> None:
        """Take in what the server sets, and say so."""
        for key, value in SETTING.iter_unpack(payload):
            if key == FIRST_WINDOW:
                self._first_window = value
            elif key == MOST_STREAMS:
                self._most_streams = value
        self._out += frame(SETTINGS, ACK, 0)

    def _read_settings(self) -> None:
        """Wait for the server's settings, which come before anything else."""
        while len(self._received) < HEAD.size:
            self._received += self.socket.recv(LONGEST_READ)
        high, low, kind, _, _ = HEAD.unpack_from(self._received)
        end = HEAD.size + (high << 8 | low)
        while len(self._received) < end:
            self._received += self.socket.recv(LONGEST_READ)
        if kind != SETTINGS:
            message = "the server does not speak HTTP/2"
            raise ConnectionLostError(message)
        self._take_settings(self._received[HEAD.size : end])
        self._received = self._received[end:]

    def _begin_waiting(self) -> None:
        """Put calls that wait into what is to be sent, as far as the server lets us."""
        while self._waiting and len(self._streams) < self._most_streams:
            call, message, keep = self._waiting[0]
            if len(message) > self._window:
                return
            if len(message) > self._first_window:
                error = f"a message of {len(message)} octets is longer than the server's window"
                raise ValueError(error)
            self._waiting.popleft()
            self._window -= len(message)
            number, self._next_stream = self._next_stream, self._next_stream + 2
            self._streams[number] = _Stream(call, bytearray() if keep else None)
            self._out += frame(HEADERS, END_HEADERS, number, self._head)
            last = max(0, len(message) - 1) // LARGEST_FRAME * LARGEST_FRAME
            for start in range(0, last, LARGEST_FRAME):
                part = message[start : start + LARGEST_FRAME]
                self._out += frame(DATA, 0, number, part)
            self._out += frame(DATA, END_STREAM, number, message[last:])
