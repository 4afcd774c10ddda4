"""Sensitive values of the vocabulary never stand in a trace; a seal stands in their place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from comity.domain.facts import FactKey

SEALED: Final = "[sealed]"


@dataclass(frozen=True, slots=True)
class Seal:
    """Replaces what is sensitive.

    Rule ids and places stay: what a rule is about is public, whom it met is not.

    Attributes:
        sensitive: (dimension, value) pairs.
    """

    sensitive: frozenset[tuple[str, str]]

    def value(self, dimension: str, value: str) -> str:
        """Return `value`, or a seal if it is sensitive."""
        return SEALED if (dimension, value) in self.sensitive else value

    def values(self, dimension: str, values: Iterable[str]) -> tuple[str, ...]:
        """Return `values`, sorted; one seal stands for all that are sensitive."""
        return tuple(sorted({self.value(dimension, value) for value in values}))

    def facts(self, keys: Iterable[FactKey]) -> tuple[str, ...]:
        """Return the texts of fact names, sorted, without sensitive members."""
        return tuple(sorted(set(map(self.fact, keys))))

    def fact(self, key: FactKey) -> str:
        """Return the text of a fact's name, without its member if that is sensitive."""
        if (key.dimension, key.member) in self.sensitive:
            key = key._replace(member=SEALED)
        return str(key)
