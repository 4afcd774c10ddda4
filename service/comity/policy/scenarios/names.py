"""Whether the names that a scenario gives are those of the vocabulary and of geography."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from comity.policy.atlas import Atlas
from comity.policy.compiling.names import subdivisions
from comity.policy.compiling.territories import countries
from comity.policy.lexicon import Lexicon
from comity.policy.presumptions import LOW_TRUST_CLASS
from comity.policy.problems import closest


@dataclass(frozen=True)
class Names:
    """The names that a compiled bundle knows.

    Attributes:
        lexicon: compiled vocabulary.
        atlas: compiled geography.
    """

    lexicon: Lexicon
    atlas: Atlas

    @cached_property
    def _named_places(self) -> frozenset[str]:
        """The places that the policies name themselves."""
        return frozenset({*self.atlas.parents, *self.atlas.aliases})

    def of(self, dimension: str, values: Iterable[str | None]) -> Iterator[str]:
        """Yield a sentence for each of `values` that is given and no value of `dimension`."""
        known = self.lexicon.kinds.get(dimension, {})
        yield from _strangers(dimension.replace("_", " "), values, known)

    def trust(self, values: Iterable[str | None]) -> Iterator[str]:
        """Yield a sentence for each of `values` that is given and no class of trust."""
        known = {*self.lexicon.trust_classes, LOW_TRUST_CLASS}
        yield from _strangers("class of trust", values, known)

    def place(self, values: Iterable[str | None]) -> Iterator[str]:
        """Yield a sentence for each of `values` that is given and no place."""
        known = self._named_places
        for value in values:
            if value is None or value in known or value in countries() or value in subdivisions():
                continue
            if self.atlas.is_group(value):
                yield f"'{value}' is a group; name a place in it"
            else:
                yield from _strangers("place", (value,), known)


def _strangers(what: str, values: Iterable[str | None], known: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each of `values` that is given and not `known`."""
    for value in values:
        if value is not None and value not in known:
            suggestion = closest(value, known)
            hint = f"; perhaps '{suggestion}' is meant" if suggestion is not None else ""
            yield f"'{value}' is no {what} that the policies know{hint}"
