"""Changes that no question can notice, because no product of the vocabulary tells them apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from comity.domain.facts import NULL_TIE, Facts
from comity.domain.truth import Truth
from comity.policy.atlas import Atlas
from comity.policy.lexicon import Lexicon
from comity.policy.reference.findings import Sight
from comity.policy.reference.standing import clause_finding
from comity.policy.rules import Clause, Rule

BEGINNING: Final = datetime(1, 1, 1, tzinfo=UTC)


def same_for_every_product(
    before: Clause, after: Clause, rule: Rule, lexicon: Lexicon, atlas: Atlas
) -> bool:
    """Return whether what two clauses of `rule` say of products is the same for every product.

    Products are finite, and their kinds change at known instants: each value is tried between any
    two of them. A product that is not known leaves both clauses in doubt, for the same reason.
    """
    kinds = [k for dated in lexicon.product_kinds.values() for k in dated]
    own = [kind.span for kind in kinds if kind.jurisdiction in ("", rule.jurisdiction)]
    edges = {e for span in own for e in (span.start, span.end) if e is not None}
    for now in (BEGINNING, *edges):
        for product in lexicon.kinds.get("product", {}):
            sight = Sight(Facts(action=None, product=product), now, lexicon, atlas)
            if _value(before, rule, sight) is not _value(after, rule, sight):
                return False
    return True


def _value(clause: Clause, rule: Rule, sight: Sight) -> Truth:
    """Return what the product of the facts makes of `clause`, all else left aside."""
    for alone in (
        Clause(products=clause.products),
        Clause(products=clause.products, not_products=clause.not_products),
    ):
        value = clause_finding(alone, rule, NULL_TIE, sight).value
        if value is Truth.F:
            break
    return value
