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
        serialized = facts.SerializeToString()
        if len(serialized) <= MOST_BYTES:
            self._good.put(serialized, GoodFacts(question, digest))
        return question
