"""What each missing fact would lead to, and which presumptions an answer rests on."""

from __future__ import annotations

from datetime import UTC, date, datetime

from comity.domain.effect import DENIED, Effect, Verify, outcome_of
from comity.domain.facts import AtLeastYears, BornBetween, FactKey
from comity.domain.question import Connection, Question
from comity.policy.atlas import Atlas
from comity.policy.engine import Engine
from comity.policy.explaining import Explanation, explain
from comity.policy.lexicon import FactorTerm, Lexicon, Presumption
from comity.policy.presumptions import resolve
from comity.policy.rules import AgeBand, Clause, CreationBand, Modality, Rule, Ruleset
from comity.policy.timeline import Timeline
from property.cases import bounds_of
from property.choices import RandomChoices
from property.properties import NO_TRUST
from property.questions import build_question
from property.situations import build_now
from property.worlds import build_ruleset

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
LEXICON = Lexicon(
    kinds={
        "device": {"official": (), "official_phone": ("official",), "personal": ()},
        "population": {"military": ()},
    },
    factors={"works_for": FactorTerm(Presumption.CLOSED)},
)


def forbid(*body: Clause, rule_id: str = "ban", **more: object) -> Rule:
    """Return a rule that denies, and asks for a verification in doubt."""
    asks = {"other": outcome_of([Verify("age")])}
    timeline = Timeline((), (DENIED,))
    return Rule(rule_id, "AA", Modality.FORBID, timeline, body, when_unknown=asks, **more)  # type: ignore[arg-type]


def explained(question: Question, *rules: Rule) -> Explanation:
    """Return the explanation of the answer to `question`."""
    ruleset = Ruleset(rules, LEXICON, Atlas())
    return explain(Engine(ruleset).evaluate, ruleset, question, NOW)


def values(explanation: Explanation) -> dict[str, Effect]:
    """Return each value supposed with the effect then."""
    return {alternative.value: alternative.effect for alternative in explanation.alternatives}


def test_unknown_value_may_be_any() -> None:
    """A kind stands for what is of it and of none below it."""
    rule = forbid(Clause(devices=frozenset({"official_phone"})))
    found = values(explained(Question("post", "chat"), rule))
    assert found == {
        "official": Effect.ALLOW,
        "official_phone": Effect.DENY,
        "personal": Effect.ALLOW,
    }


def test_value_known_in_part_is_not_supposed_to_be_another() -> None:
    """An official device may be a phone or another official device, and nothing else."""
    rule = forbid(Clause(devices=frozenset({"official_phone"})))
    found = values(explained(Question("post", "chat", device="official"), rule))
    assert found == {"official": Effect.ALLOW, "official_phone": Effect.DENY}


def test_ages_on_both_sides_of_each_boundary_are_tried() -> None:
    """As far as what is known of the age allows."""
    rule = forbid(Clause(age=AgeBand(None, 14, "UTC")))
    for age, expected in (
        (None, {"13": Effect.DENY, "14": Effect.ALLOW}),
        (AtLeastYears(13), {"13": Effect.DENY, "14": Effect.ALLOW}),
        (BornBetween(date(2011, 5, 1), date(2011, 5, 30)), {}),
        (
            BornBetween(date(2011, 1, 1), date(2012, 12, 31)),
            {"13": Effect.DENY, "14": Effect.ALLOW},
        ),
    ):
        assert values(explained(Question("post", "chat", age=age), rule)) == expected


def test_boundaries_of_a_derogating_rule_are_tried_too() -> None:
    """Its facts are missed because the rule that it derogates is in doubt."""
    band = AgeBand(18, None, "UTC")
    relief = Rule(
        "relief",
        "AA",
        Modality.PERMIT,
        Timeline((), (outcome_of([]),)),
        (Clause(age=band),),
        derogates=("ban",),
    )
    rule = forbid(Clause(devices=frozenset({"official"})))
    found = explained(Question("post", "chat"), rule, relief)
    ages = {a.value: a.effect for a in found.alternatives if a.fact == FactKey("age")}
    assert ages == {"17": Effect.VERIFY, "18": Effect.ALLOW}


def test_creation_on_both_sides_of_a_boundary_is_tried() -> None:
    """An account just old enough, and one that isn't."""
    edge = datetime(2025, 1, 1, tzinfo=UTC)
    rule = forbid(Clause(created=CreationBand(edge, None)))
    found = values(explained(Question("post", "chat"), rule))
    assert found == {
        "2024-12-31T23:59:59+00:00": Effect.ALLOW,
        "2025-01-01T00:00:00+00:00": Effect.DENY,
    }


def test_presumption_that_an_answer_rests_on_is_told() -> None:
    """Lifted, it would leave the answer open."""
    rule = forbid(Clause(factors=frozenset({"works_for"}), populations=frozenset({"military"})))
    found = explained(Question("post", "chat"), rule)
    assert found.presumptions == (FactKey("connection", member="works_for"),)
    tie = Connection("works_for", "AA")
    found = explained(Question("post", "chat", connections=(tie,)), rule)
    assert found.presumptions == (FactKey("population", factor="works_for", place="AA"),)


def test_alternatives_lie_between_floor_and_ceiling() -> None:
    """Knowing one more fact leads to nothing that was impossible before."""
    tried = 0
    for seed in range(400):
        choices = RandomChoices(seed)
        ruleset = build_ruleset(choices, NO_TRUST)
        question, now = build_question(choices), build_now(choices)
        engine = Engine(ruleset)
        facts = resolve(question, ruleset.lexicon, ruleset.atlas)
        bounds = bounds_of(ruleset, engine, facts, now)
        for alternative in explain(engine.evaluate, ruleset, question, now).alternatives:
            tried += 1
            effect = alternative.effect
            assert bounds.floor.effect <= effect <= bounds.ceiling.effect, (seed, alternative)
    assert tried > 100
