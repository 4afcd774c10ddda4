"""Where generated policy sets and facts take their choices from: Hypothesis or a fast generator.

Both drive the same builders: Hypothesis shrinks what it finds, `random` is thirty times as fast.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Choices(Protocol):
    """A source of choices."""

    def integer(self, least: int, most: int) -> int:
        """Return an integer between `least` and `most`, both included."""


class RandomChoices:
    """Choices of a pseudo-random generator."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def integer(self, least: int, most: int) -> int:
        """Return a uniform integer."""
        return least + int(self._random.random() * (most - least + 1))


class DrawnChoices:
    """Choices of Hypothesis, which shrinks them towards `least`."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def integer(self, least: int, most: int) -> int:
        """Return an integer that Hypothesis chose."""
        return self._data.draw(st.integers(least, most))


def chance(choices: Choices, percent: int) -> bool:
    """Return True in about `percent` of 100 calls; the simplest choice is False."""
    return choices.integer(0, 99) >= 100 - percent


def pick(choices: Choices, options: Sequence[T]) -> T:
    """Return one of `options`; the simplest choice is the first."""
    return options[choices.integer(0, len(options) - 1)]


def some(choices: Choices, options: Sequence[T], least: int, most: int) -> list[T]:
    """Return between `least` and `most` of `options`, without repetition."""
    left = list(options)
    count = choices.integer(least, min(most, len(left)))
    return [left.pop(choices.integer(0, len(left) - 1)) for _ in range(count)]


def shuffled(choices: Choices, items: Sequence[T]) -> list[T]:
    """Return `items` in another order."""
    return some(choices, items, len(items), len(items))
