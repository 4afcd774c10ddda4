"""Rulings on clashing duties."""

from __future__ import annotations

from datetime import timedelta

import pytest
from comity.domain.decision import Conflict
from comity.domain.effect import Effect
from comity.domain.facts import Facts, Members, Tie
from comity.policy.rules import Clause, ConflictRuling
from unit.policy.engine.rulesets import NOW, answer, carry, forbid

END = NOW + timedelta(days=30)
IN_AA = Clause(factors=frozenset({"presence"}), places=frozenset({"AA"}))
FACTS = Facts("post", "chat", ties=frozenset({Tie("presence", "AA")}))


def ruling(prefer: str) -> ConflictRuling:
    return ConflictRuling("ban", "must-carry", prefer, END)


def test_unresolved_clash_is_answered_by_the_stricter() -> None:
    """Without a ruling the prohibition stands, and both duties are told."""
    found = answer((forbid("ban", IN_AA), carry("must-carry", IN_AA)), FACTS)
    assert found.effect is Effect.DENY
    assert found.conflicts == (Conflict("ban", "must-carry"),)


def test_preferred_requirement_derogates_until_its_ruling_expires() -> None:
    """The prohibition comes back at the very instant; the clash is told all along."""
    rules = (forbid("ban", IN_AA), carry("must-carry", IN_AA))
    before = answer(rules, FACTS, END - timedelta(microseconds=1), rulings=[ruling("must-carry")])
    after = answer(rules, FACTS, END, rulings=[ruling("must-carry")])
    assert (before.effect, before.valid_until) == (Effect.ALLOW, END)
    assert before.conflicts == (Conflict("ban", "must-carry", "must-carry"),)
    assert (after.effect, after.conflicts) == (Effect.DENY, (Conflict("ban", "must-carry"),))


def test_preferred_prohibition_stands_as_it_would() -> None:
    """A ruling for the prohibition changes what is told, not what is answered."""
    rules = (forbid("ban", IN_AA), carry("must-carry", IN_AA))
    found = answer(rules, FACTS, rulings=[ruling("ban")])
    assert (found.effect, found.valid_until) == (Effect.DENY, END)
    assert found.conflicts == (Conflict("ban", "must-carry", "ban"),)


def test_preferred_requirement_counts_on_its_own_connection_only() -> None:
    """A requirement elsewhere lifts no prohibition here."""
    there = Clause(factors=frozenset({"presence"}), places=frozenset({"BB"}))
    facts = Facts("post", "chat", ties=frozenset({Tie("presence", "AA"), Tie("presence", "BB")}))
    rules = (forbid("ban", IN_AA), carry("must-carry", there))
    assert answer(rules, facts, rulings=[ruling("must-carry")]).effect is Effect.DENY


def test_preferred_requirement_in_doubt_leaves_the_prohibition_unproven() -> None:
    """What would prove the requirement would change the answer."""
    clerks = Clause(
        factors=frozenset({"presence"}), places=frozenset({"AA"}), populations=frozenset({"clerk"})
    )
    tie = Tie("presence", "AA", Members(open=True))
    rules = (forbid("ban", IN_AA), carry("must-carry", clerks))
    found = answer(
        rules, Facts("post", "chat", ties=frozenset({tie})), rulings=[ruling("must-carry")]
    )
    assert found.effect is Effect.DENY
    assert [str(key) for key in found.would_change] == ["population:clerk@presence:AA"]


@pytest.mark.parametrize("authority", ["same", "other"])
def test_one_authority_does_not_clash_with_itself(authority: str) -> None:
    """Two duties of one authority are for that authority to square."""
    ban = forbid("ban", IN_AA)
    more = {"text": ban.text} if authority == "same" else {}
    found = answer((ban, carry("must-carry", IN_AA, **more)), FACTS)
    assert bool(found.conflicts) is (authority == "other")


def test_ruling_that_expires_ends_an_answer_though_an_exception_hides_the_clash() -> None:
    """An exception by population may apply once places are left aside; the ruling still ends."""
    clerks = Clause(populations=frozenset({"clerk"}))
    rules = (forbid("ban", IN_AA), carry("must-carry", IN_AA, exceptions=(clerks,)))
    found = answer(rules, FACTS, rulings=[ruling("ban")])
    assert found.conflicts == (Conflict("ban", "must-carry", "ban"),)
    assert found.valid_until == END
