"""Prints how fast the engine decides; run with `python tests/bench/engine.py [--json]`.

The rules are spread over jurisdictions, four to each, as real ones are: more rules mean more
places. Facts are drawn at random with three connections; a cold decision is one whose facts, as
a whole, have not been asked about before. Both sizes are measured in turns, so that a busy machine
slows both; the ratio is that of the medians.
"""

from __future__ import annotations

import gc
import itertools
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.tables import Figure, report
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
TURNS = 10
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


def time_cold(engine: Engine, drawn: Iterable[Facts]) -> list[float]:
    """Return the microseconds of decisions about facts not seen before."""
    times = []
    for facts in drawn:
        start = time.thread_time_ns()
        engine.evaluate(facts, NOW)
        times.append((time.thread_time_ns() - start) / 1000)
    return times


def time_hit(engine: Engine, places: list[str], *, same: bool) -> float:
    """Return the microseconds of a decision already known, for the same or for equal facts."""
    facts, equal = (build_facts(random.Random(2), places) for _ in range(2))
    engine.evaluate(facts, NOW)
    asked = facts if same else equal
    start = time.thread_time_ns()
    for _ in range(HITS):
        engine.evaluate(asked, NOW)
    return (time.thread_time_ns() - start) / HITS / 1000


class Subject:
    """An engine under measurement.

    Attributes:
        size: number of its rules.
        places: places that they are about.
        engine: the engine.
        build_ms: milliseconds that building it took.
        megabytes: what it holds.
        cold: microseconds of each cold decision so far.
    """

    def __init__(self, size: int) -> None:
        """Build an engine over so many rules, twice: for time and for memory."""
        ruleset, self.places = build_ruleset(size)
        self.size = size
        start = time.perf_counter()
        self.engine = Engine(ruleset)
        self.build_ms = (time.perf_counter() - start) * 1000
        tracemalloc.start()
        other = Engine(ruleset)
        self.megabytes = tracemalloc.get_traced_memory()[0] / 1e6
        tracemalloc.stop()
        del other
        chance = random.Random(1)
        self._facts = (build_facts(chance, self.places) for _ in itertools.repeat(None))
        self.cold: list[float] = []
        time_cold(self.engine, itertools.islice(self._facts, WARM_UP))

    def take_turn(self) -> None:
        """Time some cold decisions."""
        drawn = list(itertools.islice(self._facts, DECISIONS // TURNS))
        self.cold += time_cold(self.engine, drawn)

    def figures(self) -> Iterator[Figure]:
        """Yield what was measured."""
        name = f"{self.size:,} rules"
        ordered = sorted(self.cold)
        yield Figure(f"{name}: places", len(self.places))
        yield Figure(f"{name}: rules to engine", self.build_ms, "ms")
        yield Figure(f"{name}: memory of the engine", self.megabytes, "MB")
        yield Figure(f"{name}: cold decision, median", statistics.median(ordered), "us")
        yield Figure(f"{name}: cold decision, 99 of 100", ordered[len(ordered) * 99 // 100], "us")
        yield Figure(
            f"{name}: hit, the same facts", time_hit(self.engine, self.places, same=True), "us"
        )
        yield Figure(
            f"{name}: hit, equal facts", time_hit(self.engine, self.places, same=False), "us"
        )


def main(arguments: list[str]) -> int:
    """Print the table; return 1 if a ratio doesn't hold."""
    subjects = [Subject(size) for size in SIZES]
    gc.collect()
    gc.freeze()
    for _ in range(TURNS):
        for subject in subjects:
            subject.take_turn()
    small, large = (statistics.median(subject.cold) for subject in subjects)
    figures = [figure for subject in subjects for figure in subject.figures()]
    name = f"cold decision, {SIZES[1]:,} rules / {SIZES[0]:,}"
    figures.append(Figure(name, large / small, most=MOST_RATIO))
    return report("the engine", figures, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
