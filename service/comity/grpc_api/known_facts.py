"""Facts that were found good before: they need not be examined again."""

from __future__ import annotations

from dataclasses import dataclass

from comity.domain.question import Question
from comity.grpc_api.requests import question_of
from comity.policy.engine.cache import Cache
from comity.v1 import facts_pb2

KEPT = 4096
MOST_BYTES = 2048  # longer facts are rare, and would fill the memory


@dataclass(frozen=True, slots=True)
class GoodFacts:
    """Facts without faults of their own.

    Attributes:
        question: the facts as the use case takes them.
        digest: digest of the bundle that knows every name in them.
    """

    question: Question
    digest: str


class KnownFacts:
    """The facts seen lately, by their bytes: nothing in them tells who is asked about."""

    def __init__(self) -> None:
        """Begin with none."""
        self._good: Cache[bytes, GoodFacts] = Cache(KEPT)

    def find(self, facts: facts_pb2.Facts) -> GoodFacts | None:
        """Return what is known of `facts`; None if they have to be examined."""
        return self._good.get(facts.SerializeToString())

    def keep(self, facts: facts_pb2.Facts, digest: str) -> Question:
        """Return `facts`, found good by the bundle `digest`, as the use case takes them."""
        question = question_of(facts)
        octets = memorable_octets(facts)
        if octets is not None:
            self._good.put(octets, GoodFacts(question, digest))
        return question


def memorable_octets(facts: facts_pb2.Facts) -> bytes | None:
    """Return the octets of facts; None if they are not to be kept in memory.

    They are too long, or have fields that the contract doesn't know and that may hold anything.
    """
    octets = facts.SerializeToString()
    if len(octets) > MOST_BYTES:
        return None
    known = facts_pb2.Facts()
    known.CopyFrom(facts)
    known.DiscardUnknownFields()
    return octets if known.ByteSize() == len(octets) else None
