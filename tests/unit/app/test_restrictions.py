"""Lists of restrictions: how long they are good for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from comity.app.restrictions import PolicyTexts, RestrictionQuery
from comity.domain.effect import DENIED
from comity.domain.errors import RevisionNotReachedError
from comity.domain.request import Options
from comity.policy.atlas import Atlas, Span
from comity.policy.bundle import Bundle
from comity.policy.lexicon import DatedKind, Lexicon
from comity.policy.rules import Clause, Modality, Rule, Ruleset
from unit.grpc_api.small_world import BUNDLE, SmallPolicies, SmallPolicy, rule

NOW = datetime(2024, 10, 1, tzinfo=UTC)
JOINS = datetime(2025, 1, 1, tzinfo=UTC)
LEAVES = datetime(2026, 1, 1, tzinfo=UTC)
ATLAS = Atlas(groups={"union": {"AA": (Span(JOINS, LEAVES),), "BB": (Span(),)}})
LEXICON = Lexicon(
    kinds={
        "product": {
            "app": (),
            "social": (),
            "chat": ("app",),
            "chat_web": ("chat",),
            "other": ("app",),
        }
    },
    product_kinds={"chat": (DatedKind("social", "", Span(JOINS, LEAVES)),)},
)
UNION = rule("union", DENIED, Clause(places=frozenset({"union"})))
SOCIAL = rule("social", DENIED, Clause(places=frozenset({"BB"}), products=frozenset({"social"})))


@dataclass
class Listing:
    """A use case over rules, at an instant.

    Attributes:
        rules: the rules.
    """

    rules: tuple[Rule, ...] = field(default=())

    def ask(
        self,
        place: str,
        product: str = "",
        *,
        factors: Iterable[str] = (),
        now: datetime = NOW,
        as_of: datetime | None = None,
    ) -> tuple[list[str], datetime | None]:
        """Return the ids listed, and how long the list is good."""
        bundle: Bundle = replace(BUNDLE, eligibility=Ruleset(self.rules, LEXICON, ATLAS))
        texts = PolicyTexts(SmallPolicies(SmallPolicy(bundle=bundle)), lambda: now)
        query = RestrictionQuery(place, frozenset(factors), product)
        page = texts.list_restrictions(query, Options(as_of=as_of))
        return [restriction.rule.id for restriction in page.restrictions], page.valid_until


@pytest.mark.parametrize(
    ("place", "product", "now", "listed", "valid_until"),
    [
        ("AA", "", NOW, [], JOINS),
        ("AA", "", JOINS, ["union"], LEAVES),
        ("AA", "", LEAVES, [], None),
        ("BB", "chat", NOW, ["union"], JOINS),
        ("BB", "chat", JOINS, ["social", "union"], LEAVES),
        ("BB", "chat", LEAVES, ["union"], None),
        ("BB", "social", NOW, ["social", "union"], None),
    ],
)
def test_a_list_is_good_until_a_group_or_a_kind_changes(
    place: str, product: str, now: datetime, listed: list[str], valid_until: datetime | None
) -> None:
    """A place joins and leaves, a product becomes one of a kind and ceases to be one."""
    assert Listing((UNION, SOCIAL)).ask(place, product, now=now) == (listed, valid_until)


NARROW = rule("narrow", DENIED, Clause(places=frozenset({"BB"}), products=frozenset({"chat"})))
SPARED = rule(
    "spared",
    DENIED,
    Clause(places=frozenset({"BB"}), products=frozenset({"app"}), not_products=frozenset({"chat"})),
)
EXCEPTED = replace(
    rule("excepted", DENIED, Clause(places=frozenset({"BB"}))),
    exceptions=(Clause(products=frozenset({"social"})),),
)
DOUBTFUL = replace(
    EXCEPTED, id="doubtful", exceptions=(Clause(frozenset(), products=frozenset({"social"})),)
)


@pytest.mark.parametrize(
    ("product", "now", "listed", "valid_until"),
    [
        # A kind may be one of the products below it, named or excepted: both rules may apply.
        ("app", NOW, ["doubtful", "excepted", "narrow", "spared"], JOINS),
        ("chat", NOW, ["doubtful", "excepted", "narrow"], JOINS),
        ("other", NOW, ["doubtful", "excepted", "spared"], JOINS),
        # A product below the one that is spared is spared.
        ("chat_web", NOW, ["doubtful", "excepted", "narrow"], JOINS),
        # A kind that products join only for a time has something below it only then.
        ("social", NOW, ["doubtful"], JOINS),
        ("social", JOINS, ["doubtful", "narrow", "spared"], LEAVES),
        ("social", LEAVES, ["doubtful"], None),
        # An exception that asks about the product alone is certain; another may not be met.
        ("chat", JOINS, ["doubtful", "narrow"], LEAVES),
        ("chat", LEAVES, ["doubtful", "excepted", "narrow"], None),
        ("", NOW, ["doubtful", "excepted", "narrow", "spared"], None),
    ],
)
def test_a_rule_is_listed_unless_the_product_rules_it_out(
    product: str, now: datetime, listed: list[str], valid_until: datetime | None
) -> None:
    """Kinds above and below count, and `not` and exceptions by the same measure."""
    rules = (NARROW, SPARED, EXCEPTED, DOUBTFUL)
    assert Listing(rules).ask("BB", product, now=now) == (listed, valid_until)


def test_a_rule_on_a_part_is_listed_if_it_counts_an_unknown_part() -> None:
    """Somebody in the country may be there; any other rule presumes that they are not."""
    part = Clause(places=frozenset({"BB-1"}))
    counted = replace(rule("counted", DENIED, part), part_unknown=True)
    listing = Listing((rule("presumed", DENIED, part), counted))
    assert listing.ask("BB")[0] == ["counted"]
    assert listing.ask("BB-1")[0] == ["counted", "presumed"]
    assert listing.ask("AA")[0] == []


def test_a_factor_asked_about_leaves_out_rules_on_others() -> None:
    """A rule on residence doesn't meet somebody who is only present."""
    present, resident = (
        rule(factor, DENIED, Clause(frozenset({factor}), frozenset({"BB"})))
        for factor in ("presence", "residence")
    )
    listing = Listing((present, resident, replace(NARROW, id="any")))
    assert listing.ask("BB", factors={"presence"})[0] == ["any", "presence"]
    assert listing.ask("BB")[0] == ["any", "presence", "residence"]


def test_what_cannot_be_listed_ends_no_list() -> None:
    """A permit has no effect of its own."""
    assert Listing((replace(UNION, modality=Modality.PERMIT),)).ask("AA") == ([], None)


def test_a_list_of_another_instant_is_good_for_nothing_else() -> None:
    """It is hypothetical."""
    assert Listing((UNION,)).ask("AA", as_of=JOINS) == (["union"], None)


def test_what_was_known_then_may_be_less_than_what_is_asked_for() -> None:
    """The least epoch binds the revision of `as_known` like any other."""
    texts = PolicyTexts(SmallPolicies(), lambda: NOW)
    asked = Options(as_known=NOW, min_epoch=7)
    assert texts.list_jurisdictions(asked)[1].epoch == 7
    with pytest.raises(RevisionNotReachedError, match="known then: 7"):
        texts.list_jurisdictions(replace(asked, min_epoch=8))
