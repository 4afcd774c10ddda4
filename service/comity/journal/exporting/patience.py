"""How long to wait before a request is sent once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pauses:
    """Bounds of the pauses between tries.

    Attributes:
        shortest_seconds: what the first pause is drawn from; it doubles with each failure.
        longest_seconds: the bound of that, as long as the collector asks for nothing.
        most_honoured_seconds: the bound of what a collector may ask for.
    """

    shortest_seconds: float = 0.5
    longest_seconds: float = 30.0
    most_honoured_seconds: float = 3600.0


class Patience:
    """Says how long to wait after each failure, with jitter, so that exporters don't march."""

    def __init__(self, pauses: Pauses, draw: Callable[[], float]) -> None:
        """Stay within `pauses`; `draw` gives random numbers from 0 to 1."""
        self._pauses = pauses
        self._draw = draw
        self._failures = 0

    def reset(self) -> None:
        """Begin anew: something was taken."""
        self._failures = 0

    def next_pause(self, asked_seconds: float | None) -> float:
        """Return how long to wait: never less than the collector asks, within bounds.

        Without a wish it is between half of what has doubled so far and all of it.
        """
        pauses = self._pauses
        whole = min(pauses.longest_seconds, pauses.shortest_seconds * 2.0**self._failures)
        # No more than the bound needs: a collector may be away for days.
        if whole < pauses.longest_seconds:
            self._failures += 1
        pause = whole * (1 + self._draw()) / 2
        if asked_seconds is None:
            return pause
        asked = min(asked_seconds, pauses.most_honoured_seconds)
        return asked + pauses.shortest_seconds * self._draw()
