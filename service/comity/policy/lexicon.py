"""The compiled vocabulary: kinds, presumptions and what each name stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from comity.policy.atlas import ALWAYS, Span


class Presumption(StrEnum):
    """What a connecting factor is taken to be when nothing is recorded."""

    CLOSED = "closed"
    OPEN = "open"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class FactorTerm:
    """A connecting factor.

    Attributes:
        presume: what is taken when nothing is recorded.
        derived_from: factors to derive it from, in order of preference; the last resort,
            presence, gives low trust.
    """

    presume: Presumption
    derived_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatedKind:
    """A kind that a product belongs to, perhaps in one jurisdiction's law and for some time.

    Attributes:
        kind: the kind.
        jurisdiction: whose rules see it so; empty for all.
        span: when.
    """

    kind: str
    jurisdiction: str = ""
    span: Span = ALWAYS


@dataclass(frozen=True)
class Lexicon:
    """The vocabulary as the evaluators read it.

    Attributes:
        kinds: dimension -> value -> the kinds directly above it (`kind_of`). Every value of the
            dimension is a key. Dimensions: action, product, device, purpose, item, population,
            label.
        product_kinds: product -> dated kinds above it.
        presumed: dimension -> what is taken when nothing is recorded: `none` (a set has no other
            members), `unknown`, or a value of the dimension.
        factors: connecting factor -> its presumption.
        low_trust: trust classes that make a connection doubtful.
        ordinary_trust: trust classes that don't, though an address of that kind would by default.
        indicators: indicator -> the factors it opens.
        never_deny: actions outside `action: all`.
        feature_actions: feature -> actions that use it.
        settled_by: verification method -> label that shows it was passed.
        sensitive: (dimension, value) pairs that the vocabulary marks so.
        notices: notice or effect name -> language -> text.
    """

    kinds: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    product_kinds: Mapping[str, tuple[DatedKind, ...]] = field(default_factory=dict)
    presumed: Mapping[str, str] = field(default_factory=dict)
    factors: Mapping[str, FactorTerm] = field(default_factory=dict)
    low_trust: frozenset[str] = frozenset()
    ordinary_trust: frozenset[str] = frozenset()
    indicators: Mapping[str, frozenset[str]] = field(default_factory=dict)
    never_deny: frozenset[str] = frozenset()
    feature_actions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    settled_by: Mapping[str, str] = field(default_factory=dict)
    sensitive: frozenset[tuple[str, str]] = frozenset()
    notices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def sealed(self) -> frozenset[tuple[str, str]]:
        """The sensitive values and every kind below one, which says more still."""
        below = {(d, kind) for d, value in self.sensitive for kind in self.below(d, value)}
        return self.sensitive | below

    @cached_property
    def _known_above(self) -> dict[tuple[str, str], frozenset[str]]:
        """Dimension and value of the vocabulary -> what `above` returned when first asked."""
        return {}

    @property
    def trust_classes(self) -> frozenset[str]:
        """The trust classes that the vocabulary names."""
        return self.low_trust | self.ordinary_trust

    def lowers_trust(self, classes: frozenset[str], by_default: frozenset[str]) -> bool:
        """Return whether one of `classes` is of low trust.

        A class that the vocabulary doesn't name is so if it is one of `by_default`.
        """
        if not classes:
            return False
        low = self.low_trust | (by_default - self.ordinary_trust)
        return not low.isdisjoint(classes)

    def above(self, dimension: str, value: str) -> frozenset[str]:
        """Return `value` and every kind above it by `kind_of`."""
        known = self._known_above.get((dimension, value))
        if known is not None:
            return known
        parents = self.kinds.get(dimension, {})
        found = {value}
        todo = [value]
        while todo:
            for parent in parents.get(todo.pop(), ()):
                if parent not in found:
                    found.add(parent)
                    todo.append(parent)
        kinds = frozenset(found)
        # What is not in the vocabulary comes from outside, and there may be no end to it.
        if value in parents:
            self._known_above[dimension, value] = kinds
        return kinds

    def below(self, dimension: str, value: str) -> frozenset[str]:
        """Return the named kinds strictly below `value` by `kind_of`."""
        values = self.kinds.get(dimension, {})
        return frozenset(v for v in values if v != value and value in self.above(dimension, v))

    @cached_property
    def _known_products(self) -> dict[str, frozenset[str]]:
        """Product -> its kinds, once asked, if they are the same for all rules at all times."""
        return {}

    def product_above(self, product: str, jurisdiction: str, now: datetime) -> frozenset[str]:
        """Return `product` and its kinds for the rules of `jurisdiction` at `now`."""
        known = self._known_products.get(product)
        if known is not None:
            return known
        found: set[str] = set()
        todo = list(self.above("product", product))
        varies = product not in self.kinds.get("product", ())
        while todo:
            value = todo.pop()
            if value in found:
                continue
            found.add(value)
            for dated in self.product_kinds.get(value, ()):
                varies = varies or bool(dated.jurisdiction) or dated.span != ALWAYS
                if dated.jurisdiction in ("", jurisdiction) and dated.span.holds(now):
                    todo.extend(self.above("product", dated.kind))
        kinds = frozenset(found)
        if not varies:
            self._known_products[product] = kinds
        return kinds

    def product_boundaries(
        self, product: str, jurisdiction: str, now: datetime
    ) -> tuple[datetime, ...]:
        """Return the instants after `now` at which a kind of `product` begins or ends."""
        edges: list[datetime] = []
        seen: set[str] = set()
        todo = list(self.above("product", product))
        while todo:
            value = todo.pop()
            if value in seen:
                continue
            seen.add(value)
            for dated in self.product_kinds.get(value, ()):
                if dated.jurisdiction in ("", jurisdiction):
                    edges.extend(dated.span.boundaries_after(now))
                    todo.extend(self.above("product", dated.kind))
        return tuple(edges)
