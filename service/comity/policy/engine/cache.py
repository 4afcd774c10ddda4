"""A bounded cache without locks: two generations of a dictionary."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Keeps what was used lately: between `limit` and twice `limit` entries.

    A full young generation becomes the old one, and what was in the old one and not asked for
    since is forgotten. Every step is one dictionary operation or one assignment, so threads may
    share a cache without a lock; a race can only forget an entry early.
    """

    __slots__ = ("_limit", "_old", "_young")

    def __init__(self, limit: int) -> None:
        """Start empty, with generations of at most `limit` entries."""
        self._limit = limit
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return what is kept for `key`, or None."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: K, value: V) -> V:
        """Keep `value` for `key` and return it."""
        young = self._young
        if len(young) >= self._limit:
            self._old = young
            young = self._young = {}
        young[key] = value
        return value

    def __len__(self) -> int:
        """Return how many entries are kept; one that is in both generations counts twice."""
        return len(self._young) + len(self._old)
