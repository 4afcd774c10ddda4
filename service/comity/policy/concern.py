"""Which rules may concern people tied to a place who use a product: what a settings screen lists.

A settings screen knows where somebody belongs and which product it is part of, nothing else of what
is about to happen. A rule concerns them unless place, factor or product already rule it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from comity.domain.truth import Truth
from comity.policy.rules import Clause, Rule, Ruleset


@dataclass(frozen=True)
class Concern:
    """Somebody tied to a place who uses a product, at an instant.

    Attributes:
        ruleset: the rules, with their geography and vocabulary.
        place: canonical code of the place.
        factors: connecting factors of the tie; empty for any.
        product: the product; empty for any.
        now: the instant.
    """

    ruleset: Ruleset
    place: str
    factors: frozenset[str]
    product: str
    now: datetime

    def is_of(self, rule: Rule) -> bool:
        """Return whether `rule` may meet them: its body is possible, and no exception certain.

        An exception is certain only if it asks about the product alone.
        """
        if self.product and any(
            _asks_product_alone(clause) and self._product(clause, rule) is Truth.T
            for clause in rule.exceptions
        ):
            return False
        return any(self._may_meet(clause, rule) for clause in rule.body)

    def changes(self, rule: Rule) -> Iterator[datetime]:
        """Yield the instants after now at which `rule` may begin or cease to concern them.

        A place may join or leave a group, and a product a kind.
        """
        for clause in rule.body:
            for name in clause.places or ():
                yield from self.ruleset.atlas.member_boundaries(name, self.place, self.now)
        for clause in (*rule.body, *rule.exceptions) if self.product else ():
            for named in (clause.products, clause.not_products):
                if named is not None:
                    yield from self._product_changes(named, rule.jurisdiction)

    def _may_meet(self, clause: Clause, rule: Rule) -> bool:
        """Return whether factor, place and product leave a clause of `rule` possible."""
        if self.factors and clause.factors is not None and not clause.factors & self.factors:
            return False
        if clause.places is not None and not self._may_be_in(clause.places, rule):
            return False
        return self._product(clause, rule) is not Truth.F

    def _may_be_in(self, named: frozenset[str], rule: Rule) -> bool:
        """Return whether the place is one that a rule names, or may be, its part being unknown."""
        atlas = self.ruleset.atlas
        places = atlas.expand(named, self.now)
        if places & self._around:
            return True
        return rule.part_unknown and any(self.place in atlas.lies_in(place) for place in places)

    @cached_property
    def _around(self) -> frozenset[str]:
        """The place and every place that it lies in."""
        return self.ruleset.atlas.lies_in(self.place)

    def _product(self, clause: Clause, rule: Rule) -> Truth:
        """Return the least of the atoms on the product, as the law of `rule` sees it."""
        truth = Truth.T
        if self.product and clause.products is not None:
            truth = min(truth, self._is_product(clause.products, rule.jurisdiction))
        if self.product and clause.not_products is not None:
            excluded = self._is_product(clause.not_products, rule.jurisdiction)
            truth = min(truth, excluded.negated())
        return truth

    def _is_product(self, named: frozenset[str], whose: str) -> Truth:
        """Return whether the product is of a named kind; U if a named kind lies below it."""
        lexicon = self.ruleset.lexicon
        if lexicon.product_above(self.product, whose, self.now) & named:
            return Truth.T
        values = named.union(lexicon.kinds.get("product", ()))
        above = (lexicon.product_above(value, whose, self.now) for value in values)
        return (
            Truth.U if any(self.product in kinds and kinds & named for kinds in above) else Truth.F
        )

    def _product_changes(self, named: frozenset[str], whose: str) -> Iterator[datetime]:
        """Yield the instants after now at which kinds that decide about `named` change."""
        if self.product in named:  # it is what it is
            return
        for value in named.union({self.product}, self._may_become):
            yield from self.ruleset.lexicon.product_boundaries(value, whose, self.now)

    @cached_property
    def _may_become(self) -> frozenset[str]:
        """The products that may come to be of the kind asked about: all, or none if it is none."""
        lexicon = self.ruleset.lexicon
        parents = {kind for kinds in lexicon.kinds.get("product", {}).values() for kind in kinds}
        dated = {dated.kind for kinds in lexicon.product_kinds.values() for dated in kinds}
        is_kind = self.product in parents | dated
        return frozenset(lexicon.product_kinds) if is_kind else frozenset()


def _asks_product_alone(clause: Clause) -> bool:
    """Return whether `clause` has no atom but those on the product."""
    return replace(clause, products=None, not_products=None) == Clause()
