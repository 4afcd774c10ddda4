"""Rules about kinds of products that no product is of, in the law of their jurisdiction."""

from __future__ import annotations

from collections.abc import Iterator

from comity.policy.findings.codes import Finding
from comity.policy.findings.moments import edges_of, moments_of
from comity.policy.findings.subjects import Section
from comity.policy.lexicon import Lexicon
from comity.policy.rules import Rule


def find_empty_kinds(section: Section, unmet: frozenset[str]) -> Iterator[Finding]:
    """Yield the rules of a section that meet no product, but only a question about the kind.

    A kind may be one in another jurisdiction's law only, or only before or after the rule.
    """
    kinds = _kinds(section.ruleset.lexicon)
    for rule in section.ruleset.rules:
        if rule.id in unmet or not _names_empty_kinds(rule, kinds, section):
            continue
        named = {name for clause in rule.body for name in clause.products or ()}
        message = (
            f"no product is of the kind {' or '.join(sorted(named))} in the law of "
            f"{rule.jurisdiction} while it is in force."
        )
        keys = ("applies_to", 0, "product")
        yield section.find("CF103", rule.id, message, *keys, witness=None)


def _kinds(lexicon: Lexicon) -> frozenset[str]:
    """Return what some product is of the kind of, in some law at some time."""
    plain = {kind for kinds in lexicon.kinds.get("product", {}).values() for kind in kinds}
    dated = {dated.kind for kinds in lexicon.product_kinds.values() for dated in kinds}
    return frozenset(plain | dated)


def _names_empty_kinds(rule: Rule, kinds: frozenset[str], section: Section) -> bool:
    """Return whether each clause names kinds alone, none of which any product ever is of."""
    lexicon, atlas = section.ruleset.lexicon, section.ruleset.atlas
    if not all(clause.products and clause.products <= kinds for clause in rule.body):
        return False
    named = frozenset[str]().union(*(clause.products or () for clause in rule.body))
    products = [value for value in lexicon.kinds.get("product", {}) if value not in kinds]
    moments = list(moments_of(rule, edges_of((rule,), lexicon, atlas)))
    return bool(moments) and not any(
        lexicon.product_above(product, rule.jurisdiction, now) & named
        for now in moments
        for product in products
    )
