"""A bounded memo: what was made of values lately need not be made again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(dict[K, V]):
    """What was made of values: `memo[value]` makes what is not there.

    A full memo forgets everything, so that finding something costs no more than a dictionary does.
    Every step is one operation of the dictionary; threads may share a memo without a lock.
    """

    __slots__ = ("_limit", "_make")

    def __init__(self, make: Callable[[K], V], limit: int) -> None:
        """Begin empty; `make` makes what is kept, which is at most `limit` entries."""
        super().__init__()
        self._make = make
        self._limit = limit

    def __missing__(self, key: K) -> V:
        """Make what belongs to `key`, and keep it."""
        made = self._make(key)
        if len(self) >= self._limit:
            self.clear()
        self[key] = made
        return made
