"""What a collector can answer to a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

_LONGEST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Accepted:
    """The collector took the request.

    Attributes:
        rejected: how many of its spans the collector says it threw away (partial success).
        reason: why, in its words; a warning if it rejected none.
    """

    rejected: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Deferred:
    """The same request may be taken later: nothing is said against its spans.

    Attributes:
        reason: what went wrong, without addresses.
        after_seconds: how long the collector asks to be left alone; None if it doesn't say.
        perhaps_taken: whether the collector may have the spans all the same.
    """

    reason: str
    after_seconds: float | None = None
    perhaps_taken: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The request will never be taken as it is.

    Attributes:
        reason: what went wrong, in the collector's words.
    """

    reason: str


Answer = Accepted | Deferred | Refused


class Sender(Protocol):
    """Sends requests to a collector, one at a time."""

    def send(self, request: bytes) -> Answer:
        """Send a serialised `ExportTraceServiceRequest` once; return what came of it."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


def shorten(text: str) -> str:
    """Return the beginning of what a collector says, on one line."""
    return " ".join(text.split())[:_LONGEST_REASON]
