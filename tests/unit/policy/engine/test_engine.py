"""What the engine remembers, and for whom."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from comity.domain.effect import DENIED, Effect
from comity.domain.facts import BornBetween, FactKey, Facts, Tie
from comity.policy import reference
from comity.policy.atlas import Atlas, Span
from comity.policy.engine import Engine
from comity.policy.engine.bits import mask_of, numbers_in
from comity.policy.engine.cache import Cache
from comity.policy.lexicon import Lexicon
from comity.policy.rules import AgeBand, Clause, Modality, Rule, Ruleset
from comity.policy.schedule import Schedule, Window
from comity.policy.timeline import Timeline

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
ALWAYS = Timeline((), (DENIED,))
CHILD = AgeBand(None, 14, "Europe/Kyiv")


def forbid(rule_id: str, body: Clause, timeline: Timeline = ALWAYS) -> Rule:
    return Rule(rule_id, "AA", Modality.FORBID, timeline, (body,))


def engine_for(*rules: Rule, atlas: Atlas | None = None) -> Engine:
    return Engine(Ruleset(rules, Lexicon(), atlas or Atlas()))


def facts_in(place: str, *, source: str = "caller", born: date | None = None) -> Facts:
    age = BornBetween(born, born) if born is not None else None
    return Facts("post", "chat", age=age, ties=frozenset({Tie("presence", place, source=source)}))


def test_equal_facts_get_the_same_answer_back() -> None:
    """A second question with equal facts is answered from memory."""
    engine = engine_for(forbid("a", Clause(places=frozenset({"AA"}))))
    assert engine.evaluate(facts_in("AA"), NOW) is engine.evaluate(facts_in("AA"), NOW)


def test_origin_of_connections_is_the_asker_s_own() -> None:
    """Where a connection came from doesn't change an answer, yet each answer names its own."""
    engine = engine_for(forbid("a", Clause(places=frozenset({"AA"}))))
    for source in ("caller", "geoip", "caller"):
        reason = engine.evaluate(facts_in("AA", source=source), NOW).reasons[0]
        assert [tie.source for tie in reason.ties] == [source]


def test_presumed_facts_are_the_asker_s_own() -> None:
    """Presumptions that led to equal facts are reported for the question at hand."""
    engine = engine_for(forbid("a", Clause(places=frozenset({"AA"}))))
    presumed = (FactKey("item"),)
    assert engine.evaluate(facts_in("AA"), NOW).presumed_facts == ()
    asked = replace(facts_in("AA"), presumed=presumed)
    assert engine.evaluate(asked, NOW).presumed_facts == presumed
    assert engine.evaluate(facts_in("AA"), NOW).presumed_facts == ()


def test_people_of_one_age_group_keep_their_own_birthdays() -> None:
    """Two children share a remembered answer, and each answer ends on its own birthday."""
    engine = engine_for(forbid("a", Clause(age=CHILD)))
    for day in (10, 20):
        answer = engine.evaluate(facts_in("AA", born=date(2011, 6, day)), NOW)
        assert answer.effect is Effect.DENY
        assert answer.valid_until == datetime(2025, 6, day - 1, 21, tzinfo=UTC)


def test_birthday_on_29_february_is_kept_on_1_march() -> None:
    """Born on 29 February, a person comes of age at the first midnight of March."""
    engine = engine_for(forbid("a", Clause(age=CHILD)))
    facts = facts_in("AA", born=date(2008, 2, 29))
    midnight = datetime(2022, 2, 28, 22, tzinfo=UTC)
    before = engine.evaluate(facts, midnight - timedelta(microseconds=1))
    assert (before.effect, before.valid_until) == (Effect.DENY, midnight)
    assert engine.evaluate(facts, midnight).effect is Effect.ALLOW


def test_remembered_answer_ends_when_a_rule_comes_into_force() -> None:
    """Memory doesn't outlive the answer, whichever instant is asked first."""
    start = NOW + timedelta(hours=1)
    coming = forbid("a", Clause(), Timeline((start,), (None, DENIED)))
    engine = engine_for(coming)
    for now, effect in (
        (NOW, Effect.ALLOW),
        (start, Effect.DENY),
        (start - timedelta(microseconds=1), Effect.ALLOW),
        (start + timedelta(days=9), Effect.DENY),
        (NOW - timedelta(days=9), Effect.ALLOW),
    ):
        assert engine.evaluate(facts_in("AA"), now).effect is effect


def test_far_away_change_leaves_an_answer_remembered() -> None:
    """A rule that comes into force elsewhere forgets nothing here."""
    here = forbid("a", Clause(places=frozenset({"AA"})))
    elsewhere = Clause(places=frozenset({"BB"}))
    engine = engine_for(here, forbid("b", elsewhere, Timeline((NOW,), (None, DENIED))))
    before = engine.evaluate(facts_in("AA"), NOW - timedelta(seconds=1))
    assert engine.evaluate(facts_in("AA"), NOW) is before


def test_place_joins_a_group_at_its_instant() -> None:
    """Membership of a group is judged at the instant asked."""
    atlas = Atlas(groups={"union": {"AA": (Span(NOW, None),)}})
    engine = engine_for(forbid("a", Clause(places=frozenset({"union"}))), atlas=atlas)
    before = engine.evaluate(facts_in("AA"), NOW - timedelta(microseconds=1))
    assert (before.effect, before.valid_until) == (Effect.ALLOW, NOW)
    assert engine.evaluate(facts_in("AA"), NOW).effect is Effect.DENY


def test_threads_share_an_engine() -> None:
    """Questions about many instants, asked by several threads, get the reference's answers."""
    schedule = Schedule("Europe/Kyiv", frozenset(range(7)), (Window(time(9), time(17)),))
    daily = Timeline((NOW,), (None, DENIED), schedule)
    rules = tuple(
        forbid(f"rule-{n}", Clause(places=frozenset({f"P{n % 7}"}), age=CHILD), timeline)
        for n, timeline in enumerate([ALWAYS, daily] * 10)
    )
    ruleset = Ruleset(rules, Lexicon(), Atlas())
    engine = Engine(ruleset)
    cases = [
        (facts_in(f"P{n % 9}", born=date(2011, 6, 1 + n % 20)), NOW + timedelta(hours=n % 77 - 20))
        for n in range(200)
    ]
    expected = [reference.evaluate(ruleset, *case) for case in cases]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda case: engine.evaluate(*case), cases * 3))
    assert answers == expected * 3


def test_no_rules_allow_everything() -> None:
    """An empty policy set answers, for good."""
    answer = engine_for().evaluate(facts_in("AA"), NOW)
    assert (answer.effect, answer.reasons, answer.valid_until) == (Effect.ALLOW, (), None)


def test_cache_is_bounded_and_keeps_what_is_used() -> None:
    """However much is put in, at most two generations stay, and what is asked for stays."""
    cache: Cache[int, int] = Cache(10)
    for number in range(1000):
        cache.put(number, number)
        assert len(cache) <= 20
        assert cache.get(0) == 0


@pytest.mark.parametrize("numbers", [[], [0], [7, 8], list(range(0, 900, 13)), [12_345]])
def test_sets_of_rules_give_their_numbers_back(numbers: list[int]) -> None:
    """A set of rules lists what was put in, few or many, in order."""
    assert list(numbers_in(mask_of(numbers, 12_346))) == numbers
