"""How long answers stand."""

from __future__ import annotations

from datetime import timedelta

from comity.domain.effect import ALLOWED, DENIED, Effect, Verify, outcome_of
from comity.domain.facts import Facts, Label, Tie
from comity.policy.atlas import Atlas, Span
from comity.policy.lexicon import DatedKind, Lexicon
from comity.policy.rules import Clause
from comity.policy.timeline import Timeline
from unit.policy.engine.rulesets import NOW, answer, forbid, lasting, permit, until

SOON = NOW + timedelta(hours=1)
LATER = NOW + timedelta(days=1)
EVERYBODY = Clause()
IN_AA = Clause(factors=frozenset({"presence"}), places=frozenset({"AA"}))
FACTS = Facts("post", "chat", ties=frozenset({Tie("presence", "AA")}))


def test_answer_without_anything_to_come_stands_for_good() -> None:
    """Nothing dated, no end."""
    assert answer([forbid("ban", IN_AA)], FACTS).valid_until is None


def test_rule_that_can_never_meet_does_not_end_an_answer() -> None:
    """A change in a law that doesn't concern the person is no change of the answer."""
    elsewhere = Clause(factors=frozenset({"presence"}), places=frozenset({"BB"}))
    rules = [forbid("ban", IN_AA), forbid("other", elsewhere, timeline=until(SOON, DENIED))]
    assert answer(rules, FACTS).valid_until is None


def test_end_of_a_derogation_counts_though_the_derogating_rule_is_derogated() -> None:
    """A derogating rule removes by its own value; being derogated doesn't hide its end."""
    rules = [
        forbid("ban", IN_AA),
        permit("relief", IN_AA, derogates=["ban"], timeline=until(SOON, ALLOWED)),
        permit("relief-of-relief", IN_AA, derogates=["relief"]),
    ]
    before = answer(rules, FACTS)
    assert (before.effect, before.valid_until) == (Effect.ALLOW, SOON)
    assert answer(rules, FACTS, SOON).effect is Effect.DENY


def test_end_of_a_label_counts_for_the_kinds_below_it() -> None:
    """Who is verified may be verified twice; once neither is held, the doubt is over."""
    lexicon = Lexicon(kinds={"label": {"verified": (), "verified_twice": ("verified",)}})
    rules = [forbid("ban", Clause(labels=frozenset({"verified_twice"})))]
    facts = Facts("post", "chat", labels=frozenset({Label("verified", SOON)}))
    before = answer(rules, facts, lexicon=lexicon)
    assert [str(key) for key in before.missing_facts] == ["label:verified_twice"]
    assert before.valid_until == SOON
    assert answer(rules, facts, SOON, lexicon=lexicon).missing_facts == ()


def test_connection_to_come_ends_an_answer() -> None:
    """A connection that begins later is no connection yet, and its beginning is known."""
    tie = Tie("presence", "AA", since=SOON, until=LATER)
    facts = Facts("post", "chat", ties=frozenset({tie}))
    rules = [forbid("ban", IN_AA)]
    found = [answer(rules, facts, now) for now in (NOW, SOON, LATER)]
    assert [(a.effect, a.valid_until) for a in found] == [
        (Effect.ALLOW, SOON),
        (Effect.DENY, LATER),
        (Effect.ALLOW, None),
    ]


def test_change_of_effect_ends_an_answer() -> None:
    """A rule that goes on with another effect changes the answer."""
    verify = outcome_of([Verify("age")])
    rules = [forbid("ban", EVERYBODY, timeline=Timeline((SOON, LATER), (verify, verify, DENIED)))]
    found = answer(rules, FACTS)
    assert (found.effect, found.valid_until) == (Effect.VERIFY, LATER)


def test_group_that_a_place_will_join_ends_an_answer() -> None:
    """Membership to come is known, for the place and for what holds it."""
    atlas = Atlas(groups={"union": {"AA": (Span(LATER, None),)}})
    union = Clause(factors=frozenset({"presence"}), places=frozenset({"union"}))
    for place in ("AA", "AA-1"):
        facts = Facts("post", "chat", ties=frozenset({Tie("presence", place)}))
        assert answer([forbid("ban", union)], facts, atlas=atlas).valid_until == LATER


def test_dated_kind_of_another_law_does_not_end_an_answer() -> None:
    """A product that becomes social media in one law stays what it is in others."""
    social = Clause(products=frozenset({"social"}))
    for jurisdiction, end in (("AA", SOON), ("BB", None)):
        kind = DatedKind("social", jurisdiction, Span(SOON, None))
        lexicon = Lexicon(
            kinds={"product": {"chat": (), "social": ()}}, product_kinds={"chat": (kind,)}
        )
        assert answer([forbid("ban", social)], FACTS, lexicon=lexicon).valid_until == end


def test_boundary_of_a_rule_that_is_not_in_force_yet_waits_for_it() -> None:
    """Before a rule is in force its coming into force is what ends the answer."""
    coming = Timeline((LATER,), (None, DENIED))
    facts = Facts("post", "chat", labels=frozenset({Label("press", SOON)}))
    rules = [forbid("ban", Clause(labels=frozenset({"press"})), timeline=coming)]
    assert answer(rules, facts).valid_until == LATER


def test_label_that_ends_for_good_before_a_rule_is_remembered_right() -> None:
    """A rule in force for good that names a label ends with it."""
    facts = Facts("post", "chat", labels=frozenset({Label("press", SOON)}))
    rules = [forbid("ban", Clause(labels=frozenset({"press"})), timeline=lasting(DENIED))]
    found = answer(rules, facts)
    assert (found.effect, found.valid_until) == (Effect.DENY, SOON)
