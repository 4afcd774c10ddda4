"""How often and how long things are measured, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class Pace:
    """How often and how long things are measured.

    Attributes:
        repetitions: how often.
        seconds: how long a turn lasts, about.
        tell: told of each turn, for people who wait.
    """

    repetitions: int
    seconds: float
    tell: Callable[[str], None]

    def lasting(self, seconds: float) -> Pace:
        """Return this pace with turns of other length."""
        return replace(self, seconds=seconds)

    def turns(self, things: Sequence[One], name: Callable[[One], str]) -> Iterator[tuple[int, One]]:
        """Yield each thing once a repetition, with its number, each in the last one's reverse."""
        for repetition in range(self.repetitions):
            for thing in things[:: 1 if repetition % 2 == 0 else -1]:
                self.tell(f"{name(thing)}, {repetition + 1} of {self.repetitions}")
                yield repetition, thing
