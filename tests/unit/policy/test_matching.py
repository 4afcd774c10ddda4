"""Which facts met a rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from comity.domain.effect import DENIED
from comity.domain.facts import (
    NULL_TIE,
    Age,
    AtLeastYears,
    BornBetween,
    Facts,
    Label,
    Members,
    Tie,
)
from comity.policy.atlas import Atlas
from comity.policy.lexicon import DatedKind, Lexicon
from comity.policy.matching import Ground, match_facts
from comity.policy.rules import AgeBand, Clause, CreationBand, Modality, Rule
from comity.policy.timeline import Timeline

NOW = datetime(2024, 10, 1, 12, tzinfo=UTC)
LEXICON = Lexicon(
    kinds={
        "device": {"official": (), "official_desktop": ("official",), "personal": ()},
        "population": {"official": (), "police": ("official",), "military": ()},
        "product": {"messaging": (), "telegram": ()},
        "label": {"held": (), "other": ()},
    },
    product_kinds={"telegram": (DatedKind("messaging", "XX"),)},
)
TIE = Tie("works_for", "UA", Members(frozenset({"police"})))


def matched(clauses: list[Clause], facts: Facts, *ties: Tie) -> set[str]:
    """Return the facts that met a rule of these clauses, as text."""
    rule = Rule("x", "XX", Modality.FORBID, Timeline((), (DENIED,)), tuple(clauses))
    found = match_facts(rule, ties, Ground(facts, LEXICON, Atlas(), NOW))
    assert list(found) == sorted(found)
    return {str(key) for key in found}


def named(*names: str) -> frozenset[str]:
    """Return a set of names."""
    return frozenset(names)


def test_values_and_members_are_told_as_given() -> None:
    """The value of the question is told, not the kind that the rule names."""
    clause = Clause(
        factors=named("works_for"),
        places=named("UA"),
        populations=named("official"),
        devices=named("official"),
        products=named("messaging"),
        labels=named("held"),
    )
    facts = Facts(
        None, "telegram", "official_desktop", labels=frozenset({Label("held"), Label("other")})
    )
    assert matched([clause], facts, TIE) == {
        "population:police@works_for:UA",
        "device:official_desktop",
        "product:telegram",
        "label:held",
    }


def test_a_clause_that_a_known_fact_rules_out_tells_nothing() -> None:
    """Of two clauses only the one that can be met counts."""
    met = Clause(products=named("telegram"))
    ruled_out = Clause(devices=named("personal"), labels=named("held"))
    facts = Facts(None, "telegram", "official", labels=frozenset({Label("held")}))
    assert matched([met, ruled_out], facts) == {"product:telegram"}


def test_unknown_facts_are_passed_over() -> None:
    """What is in doubt is no match, and does not hide one."""
    clause = Clause(
        devices=named("official"),
        products=named("telegram"),
        labels=named("held"),
        age=AgeBand(None, 14, "UTC"),
        created=CreationBand(NOW, None),
    )
    facts = Facts(None, "telegram", labels_open=True)
    assert matched([clause], facts, NULL_TIE) == {"product:telegram"}


def test_a_ghost_matches_by_nothing_of_its_own() -> None:
    """Place, populations and trust of an unknown connection are unknown."""
    clause = Clause(
        factors=named("works_for"),
        places=named("UA"),
        populations=named("police"),
        low_trust=True,
        products=named("telegram"),
    )
    ghost = Tie("works_for", populations=Members(open=True), ghost=True)
    assert matched([clause], Facts(None, "telegram"), ghost) == {"product:telegram"}
    assert matched([clause], Facts(None, "telegram"), TIE) == set()


@pytest.mark.parametrize(
    ("age", "found"),
    [
        (None, {"product:telegram"}),
        (BornBetween(date(2010, 10, 2), date(2010, 10, 2)), {"age", "product:telegram"}),
        (BornBetween(date(2010, 10, 1), date(2010, 10, 1)), set()),
        (BornBetween(date(2011, 10, 2), date(2011, 10, 2)), set()),
        (BornBetween(date(2010, 1, 1), date(2010, 12, 31)), {"product:telegram"}),
        (AtLeastYears(14), set()),
        (AtLeastYears(13), {"product:telegram"}),
    ],
)
def test_an_age_matches_if_it_surely_lies_in_the_band(age: Age | None, found: set[str]) -> None:
    """Thirteen year-olds today; a year of birth alone leaves doubt."""
    clause = Clause(products=named("telegram"), age=AgeBand(13, 14, "UTC"))
    assert matched([clause], Facts(None, "telegram", age=age)) == found


def test_creation_and_trust_match() -> None:
    """An account created in the band, and a connection of low trust."""
    clause = Clause(low_trust=True, created=CreationBand(None, NOW))
    facts = Facts(None, None, account_created=datetime(2020, 1, 1, tzinfo=UTC))
    doubtful = Tie("presence", "UA", low_trust=True)
    assert matched([clause], facts, doubtful) == {"trust:low@presence:UA", "account_created"}
    assert matched([clause], facts, TIE) == set()


def test_clause_that_rules_a_fact_out_tells_nothing() -> None:
    """What `not` names and the question has leaves the clause aside; what is in doubt doesn't."""
    ruled_out = Clause(devices=named("official"), not_items=named("news"))
    met = Clause(products=named("telegram"), not_purposes=named("leisure"))
    facts = Facts(
        "call",
        "telegram",
        device="official",
        items=Members(named("news")),
        purposes=Members(open=True),
    )
    assert matched([ruled_out, met], facts, NULL_TIE) == {"product:telegram"}
    assert matched([ruled_out, met], replace(facts, items=Members()), NULL_TIE) == {
        "device:official",
        "product:telegram",
    }
