"""Holds the names of a request against the vocabulary and geography of the policy that answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Final

import pycountry

from comity.domain.errors import FieldViolation
from comity.policy.atlas import Atlas
from comity.policy.lexicon import Lexicon
from comity.v1 import facts_pb2

SINGLE_VALUED: Final = ("action", "product", "device")
SET_VALUED: Final = ("purpose", "item", "label", "population")
PERSONAL: Final = ("age", "account_created")
LOW_TRUST: Final = "low"
# A suggestion costs a comparison with every word; a hostile call must not ask for thousands.
MOST_SUGGESTIONS: Final = 32
CLOSE_ENOUGH: Final = 0.75
MOST_LISTED: Final = 24


class Vocabulary:
    """The names that one policy revision knows; made for one call, whose suggestions it bounds."""

    def __init__(self, lexicon: Lexicon, atlas: Atlas) -> None:
        """Check against `lexicon` and `atlas`."""
        self._lexicon = lexicon
        self._atlas = atlas
        self._suggestions_left = MOST_SUGGESTIONS

    def has(self, dimension: str) -> bool:
        """Return whether the compiled vocabulary has `dimension`."""
        return dimension in self._lexicon.kinds

    def value(self, dimension: str, value: str, path: str) -> Iterator[FieldViolation]:
        """Yield a violation if `value` is given and no value of `dimension`."""
        if value:
            kind = dimension.replace("_", " ")
            yield from self._known(kind, value, self._lexicon.kinds.get(dimension, {}), path)

    def values(self, dimension: str, values: Iterable[str], path: str) -> Iterator[FieldViolation]:
        """Yield a violation for each of `values` that is no value of `dimension`."""
        for index, value in enumerate(values):
            yield from self.value(dimension, value, f"{path}[{index}]")

    def factor(self, value: str, path: str) -> Iterator[FieldViolation]:
        """Yield a violation if `value` is no connecting factor."""
        yield from self._known("connecting factor", value, self._lexicon.factors, path)

    def factors(self, values: Iterable[str], path: str) -> Iterator[FieldViolation]:
        """Yield a violation for each of `values` that is no connecting factor."""
        for index, value in enumerate(values):
            yield from self.factor(value, f"{path}[{index}]")

    def indicators(self, values: Iterable[str], path: str) -> Iterator[FieldViolation]:
        """Yield a violation for each of `values` that is no indicator."""
        for index, value in enumerate(values):
            known = self._lexicon.indicators
            yield from self._known("indicator", value, known, f"{path}[{index}]")

    def trust(self, value: str, path: str) -> Iterator[FieldViolation]:
        """Yield a violation if `value` is given and no class of trust."""
        if value:
            known = {*self._lexicon.trust_classes, LOW_TRUST}
            yield from self._known("trust class", value, known, path)

    def dimension(self, value: str, path: str) -> Iterator[FieldViolation]:
        """Yield a violation if `value` names neither a dimension nor a connecting factor."""
        known = {*SINGLE_VALUED, *SET_VALUED, *PERSONAL, *self._lexicon.factors}
        yield from self._known("dimension", value, known, path)

    def place(self, value: str, path: str) -> Iterator[FieldViolation]:
        """Yield a violation if `value` is no place: a group, or a code or name nobody knows."""
        atlas = self._atlas
        if atlas.is_group(value):
            yield FieldViolation(path, f"'{value}' is a group; name the place in it that is meant")
        elif value[:1].islower():
            named = {name for name in (*atlas.parents, *atlas.aliases) if name[:1].islower()}
            yield from self._known("body or area", value, named, path)
        elif not (value in atlas.parents or value in atlas.aliases or value in iso_codes()):
            yield FieldViolation(path, "is no code of ISO 3166-1 alpha-2 or ISO 3166-2")

    def _known(
        self, kind: str, value: str, known: Collection[str], path: str
    ) -> Iterator[FieldViolation]:
        """Yield a violation if `value` is not `known`."""
        if value not in known:
            yield FieldViolation(path, self._complaint(kind, value, known))

    def _complaint(self, kind: str, value: str, known: Collection[str]) -> str:
        """Say that `value` is no `kind`, without repeating it: it may be anything."""
        close: list[str] = []
        if self._suggestions_left:
            self._suggestions_left -= 1
            close = get_close_matches(value, sorted(known), n=1, cutoff=CLOSE_ENOUGH)
        if close:
            return f"unknown {kind}: did you mean '{close[0]}'?"
        if 0 < len(known) <= MOST_LISTED:
            return f"unknown {kind}; known: {', '.join(sorted(known))}"
        return f"unknown {kind}; it must be one that the policies name"


def unknown_names(
    facts: facts_pb2.Facts, path: str, vocabulary: Vocabulary
) -> Iterator[FieldViolation]:
    """Yield each name in `facts` that the policies don't know; `path` leads to the facts."""
    yield from vocabulary.value("action", facts.action, f"{path}.action")
    yield from vocabulary.value("product", facts.product, f"{path}.product")
    yield from vocabulary.value("device", facts.device, f"{path}.device")
    yield from vocabulary.values("purpose", facts.purposes, f"{path}.purposes")
    yield from vocabulary.values("item", facts.item_classes, f"{path}.item_classes")
    for index, connection in enumerate(facts.connections):
        yield from _unknown_in_connection(connection, f"{path}.connections[{index}]", vocabulary)
    yield from vocabulary.factors(facts.open_factors, f"{path}.open_factors")
    for index, label in enumerate(facts.labels):
        yield from vocabulary.value("label", label.name, f"{path}.labels[{index}].name")
    yield from vocabulary.values("label", facts.labels_absent, f"{path}.labels_absent")
    for index, unknown in enumerate(facts.unknown):
        yield from vocabulary.dimension(unknown.dimension, f"{path}.unknown[{index}].dimension")
    yield from vocabulary.indicators(facts.indicators, f"{path}.indicators")


def _unknown_in_connection(
    connection: facts_pb2.Connection, path: str, vocabulary: Vocabulary
) -> Iterator[FieldViolation]:
    """Yield each name in a connection that the policies don't know."""
    yield from vocabulary.factor(connection.factor, f"{path}.factor")
    yield from vocabulary.place(connection.place, f"{path}.place")
    yield from vocabulary.values("population", connection.populations, f"{path}.populations")
    absent = connection.populations_absent
    yield from vocabulary.values("population", absent, f"{path}.populations_absent")
    yield from vocabulary.trust(connection.trust, f"{path}.trust")


@cache
def iso_codes() -> frozenset[str]:
    """Return every code of ISO 3166-1 alpha-2 and ISO 3166-2, and XK (user-assigned, Kosovo).

    Source: ISO 3166, as kept by Debian's iso-codes and packaged by pycountry.
    """
    countries = {country.alpha_2 for country in pycountry.countries}
    subdivisions = {subdivision.code for subdivision in pycountry.subdivisions}
    return frozenset({*countries, *subdivisions, "XK"})
