"""Facts that were found good before: they need not be examined again.

Facts are known by their connections and by all the rest: these come again in other company.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from google.protobuf.message import DecodeError, Message

from comity.domain.question import Connection, Question
from comity.grpc_api.limits import limit_of
from comity.grpc_api.requests import connection_of, question_of
from comity.grpc_api.views import FACTS_VIEW, is_plain
from comity.policy.engine.cache import Cache
from comity.v1 import facts_pb2

KEPT = 4096
MOST_BYTES = 2048  # longer facts are rare, and would fill the memory

_CONNECTIONS: Final = f"{facts_pb2.Facts.DESCRIPTOR.full_name}.connections"
_MOST_CONNECTIONS: Final = limit_of(_CONNECTIONS).most_entries or 0


class GoodFacts(NamedTuple):
    """Facts without faults of their own.

    Attributes:
        question: the facts as the use case takes them.
        digest: digest of the bundle that knows every name in them.
    """

    question: Question
    digest: str


class _GoodConnection(NamedTuple):
    """A connection without faults.

    Attributes:
        connection: the connection as the use case takes it.
        digest: digest of the bundle that knows every name in it.
    """

    connection: Connection
    digest: str


class KnownFacts:
    """The facts seen lately, by their octets: nothing in them tells who is asked about."""

    def __init__(self) -> None:
        """Begin with none."""
        self._rests: Cache[bytes, GoodFacts] = Cache(KEPT)
        self._connections: Cache[bytes, _GoodConnection] = Cache(KEPT)

    def find(self, octets: bytes) -> GoodFacts | None:
        """Return what is known of the facts in `octets`; None if they have to be examined."""
        try:
            view = FACTS_VIEW.FromString(octets)
        except DecodeError:
            return None
        connections = view.connections
        if not is_plain(view, octets) or len(connections) > _MOST_CONNECTIONS:
            return None
        if not connections:
            return self._rests.get(octets)
        parts = list(connections)
        view.ClearField("connections")
        rest = self._rests.get(view.SerializeToString())
        if rest is None:
            return None
        found = []
        for part in parts:
            good = self._connections.get(part)
            if good is None or good.digest != rest.digest:
                return None
            found.append(good.connection)
        return GoodFacts(rest.question.with_more(found), rest.digest)

    def keep(self, facts: facts_pb2.Facts, digest: str) -> Question:
        """Return `facts`, found good by the bundle `digest`, as the use case takes them."""
        rest = _without_connections(facts)
        question = question_of(rest)
        octets = memorable_octets(rest)
        if octets is not None:
            self._rests.put(octets, GoodFacts(question, digest))
        connections = [self._keep_connection(one, digest) for one in facts.connections]
        return question.with_more(connections)

    def _keep_connection(self, message: facts_pb2.Connection, digest: str) -> Connection:
        """Return a connection; the same object as before if it was kept before."""
        octets = memorable_octets(message)
        if octets is None:
            return connection_of(message)
        good = self._connections.get(octets)
        if good is None or good.digest != digest:
            good = self._connections.put(octets, _GoodConnection(connection_of(message), digest))
        return good.connection


def _without_connections(facts: facts_pb2.Facts) -> facts_pb2.Facts:
    """Return a copy of `facts` without its connections."""
    rest = facts_pb2.Facts()
    rest.CopyFrom(facts)
    rest.ClearField("connections")
    return rest


def memorable_octets(message: Message) -> bytes | None:
    """Return the octets of facts, or of one; None if they are not to be kept in memory.

    They are too long, or have fields that the contract doesn't know and that may hold anything.
    """
    octets = message.SerializeToString()
    if len(octets) > MOST_BYTES:
        return None
    known = type(message)()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    return octets if known.ByteSize() == len(octets) else None
