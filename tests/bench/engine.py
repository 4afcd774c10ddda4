"""Prints how fast the engine decides and compiles; run with `python tests/bench/engine.py`.

The rules are spread over jurisdictions, four to each, as real ones are: more rules mean more
places. Facts are drawn at random with three connections; a cold decision is one whose facts, as
a whole, have not been asked about before. The last lines give the ratios that must hold.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from comity.domain.effect import DENIED, Restrict, Verify, outcome_of
from comity.domain.facts import BornBetween, Facts, Label, Members, Tie
from comity.policy.atlas import Atlas
from comity.policy.engine import Engine
from comity.policy.lexicon import Lexicon
from comity.policy.rules import AgeBand, Clause, Modality, Rule, Ruleset
from comity.policy.timeline import Timeline

SIZES = (1_000, 10_000)
RULES_A_PLACE = 4
DECISIONS = 3_000
WARM_UP = 1_000
HITS = 100_000
MOST_RATIO = 4.0
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
FACTORS = ("presence", "residence", "works_for", "phone_country")
ACTIONS = ("message_send", "channel_read", "call", "search", "post", "login")
POPULATIONS = ("military", "government", "minor", "informant")
ITEMS = ("news", "gambling", "official_channel", "drugs")
LABELS = ("verified", "guardian_consent", "press")
OUTCOMES = (DENIED, outcome_of([Verify("age")]), outcome_of([Restrict("calls")]))
KINDS = {
    "product": {"messaging": (), "social": (), "telegram": ("messaging", "social"), "mail": ()},
    "action": dict.fromkeys(ACTIONS, ()),
    "device": {"official": (), "official_phone": ("official",), "personal": ()},
    "population": dict.fromkeys(POPULATIONS, ()),
    "item": dict.fromkeys(ITEMS, ()),
    "label": dict.fromkeys(LABELS, ()),
    "purpose": {},
}


def build_rule(chance: random.Random, number: int, places: list[str]) -> Rule:
    """Return a rule of the usual make: one place, some conditions, perhaps an exception."""
    place = places[number // RULES_A_PLACE]
    start = NOW + timedelta(days=chance.randint(-1500, 200))
    instants, states = (start,), (None, chance.choice(OUTCOMES))
    if chance.random() < 0.3:
        instants = (start, start + timedelta(days=chance.randint(30, 1500)))
        states = (*states, None)
    band = AgeBand(None, chance.choice((13, 14, 16, 18)), chance.choice(("UTC", "Europe/Kyiv")))

    def maybe(probability: float, names: tuple[str, ...]) -> frozenset[str] | None:
        return frozenset(chance.sample(names, 1)) if chance.random() < probability else None

    body = Clause(
        factors=frozenset({chance.choice(FACTORS)}),
        places=frozenset({place}),
        populations=maybe(0.3, POPULATIONS),
        products=maybe(0.8, ("telegram", "social", "messaging")),
        actions=frozenset(chance.sample(ACTIONS, 2))
        if chance.random() < 0.6
        else frozenset(ACTIONS),
        devices=maybe(0.2, ("official", "official_phone")),
        items=maybe(0.15, ITEMS),
        age=band if chance.random() < 0.2 else None,
    )
    return Rule(
        id=f"rule-{number}",
        jurisdiction=place,
        modality=Modality.FORBID,
        timeline=Timeline(instants, states),
        body=(body, replace(body, factors=frozenset({"presence"})))[: chance.randint(1, 2)],
        exceptions=(Clause(labels=maybe(1, LABELS)),) if chance.random() < 0.4 else (),
        person_exceptions=(
            (Clause(places=frozenset({chance.choice(places)}), populations=maybe(1, POPULATIONS)),)
            if chance.random() < 0.1
            else ()
        ),
    )


def build_ruleset(size: int) -> tuple[Ruleset, list[str]]:
    """Return `size` rules and the places that they are about."""
    chance = random.Random(size)
    countries = [f"C{number}" for number in range(max(1, size // RULES_A_PLACE // 8))]
    places = [
        country if part == 0 else f"{country}-{part}" for part in range(9) for country in countries
    ]
    rules = tuple(build_rule(chance, number, places) for number in range(size))
    return Ruleset(rules, Lexicon(kinds=KINDS), Atlas()), places


def build_facts(chance: random.Random, places: list[str]) -> Facts:
    """Return facts with three connections."""
    ties = frozenset(
        Tie(factor, chance.choice(places), Members(frozenset(chance.sample(POPULATIONS, 1))))
        for factor in chance.sample(FACTORS, 3)
    )
    born = date(1940, 1, 1) + timedelta(days=chance.randint(0, 29_000))
    return Facts(
        action=chance.choice(ACTIONS),
        product=chance.choice(("telegram", "mail", "social")),
        device=chance.choice(("official", "personal", None)),
        items=Members(frozenset(chance.sample(ITEMS, 1))),
        labels=frozenset({Label(chance.choice(LABELS))}),
        age=BornBetween(born, born) if chance.random() < 0.5 else None,
        account_created=NOW - timedelta(days=chance.randint(0, 4000)),
        ties=ties,
    )


def time_cold(engine: Engine, places: list[str]) -> list[float]:
    """Return the microseconds of decisions about facts not seen before."""
    chance = random.Random(1)
    drawn = [build_facts(chance, places) for _ in range(WARM_UP + DECISIONS)]
    times = []
    for facts in drawn:
        start = time.perf_counter_ns()
        engine.evaluate(facts, NOW)
        times.append((time.perf_counter_ns() - start) / 1000)
    return times[WARM_UP:]


def time_hit(engine: Engine, places: list[str], *, same: bool) -> float:
    """Return the microseconds of a decision already known, for the same or for equal facts."""
    facts, equal = (build_facts(random.Random(2), places) for _ in range(2))
    engine.evaluate(facts, NOW)
    asked = facts if same else equal
    start = time.perf_counter_ns()
    for _ in range(HITS):
        engine.evaluate(asked, NOW)
    return (time.perf_counter_ns() - start) / HITS / 1000


def compile_cost(ruleset: Ruleset) -> tuple[float, float]:
    """Return the milliseconds and the megabytes that compiling takes."""
    start = time.perf_counter()
    Engine(ruleset)
    milliseconds = (time.perf_counter() - start) * 1000
    tracemalloc.start()
    engine = Engine(ruleset)
    megabytes = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    del engine
    return milliseconds, megabytes


def main() -> int:
    """Print the table; return 1 if a ratio doesn't hold."""
    cold: dict[int, float] = {}
    for size in SIZES:
        ruleset, places = build_ruleset(size)
        milliseconds, megabytes = compile_cost(ruleset)
        engine = Engine(ruleset)
        gc.collect()
        times = sorted(time_cold(engine, places))
        cold[size] = statistics.median(times)
        print(f"{size:>6} rules, {len(places)} places")
        print(f"    compile {milliseconds:10.0f} ms   {megabytes:.1f} MB")
        print(f"    cold    {cold[size]:10.1f} us p50 {times[len(times) * 99 // 100]:8.1f} us p99")
        print(f"    hit     {time_hit(engine, places, same=True):10.2f} us, the same facts")
        print(f"    hit     {time_hit(engine, places, same=False):10.2f} us, equal facts")
    ratio = cold[SIZES[1]] / cold[SIZES[0]]
    print(f"cold at {SIZES[1]} rules / at {SIZES[0]}: {ratio:.2f} (at most {MOST_RATIO})")
    return 0 if ratio <= MOST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
