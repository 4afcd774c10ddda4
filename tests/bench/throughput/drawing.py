"""Draws rules and questions, always the same ones."""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import pycountry
from bench.throughput.norms import (
    ACTIONS,
    DEVICES,
    FACTORS,
    POPULATIONS,
    PRODUCTS,
    Asked,
    Norm,
    Tie,
    today,
)

RULES_A_PLACE = 4
FIRST_PLACES = 25
MOST_PARTS = 30
DISPUTED_OR_OVERSEAS = ("FI", "FR", "NL", "NO", "RU", "UA")
AGES = (13, 14, 16, 18)
SHARE_MET = 0.3
DAY_OF_BIRTH = 15


@functools.cache
def places() -> Sequence[str]:
    """Return codes of countries, in an order of no meaning, and behind them of parts of them."""
    chance = random.Random(3)
    countries = sorted(country.alpha_2 for country in pycountry.countries)
    # Left out: areas that two states claim, parts of parts, parts that have a code as a country.
    parts = [
        part.code
        for part in sorted(pycountry.subdivisions, key=lambda part: part.code)
        if part.country_code not in DISPUTED_OR_OVERSEAS
        and part.parent_code is None
        and part.code[3:] not in countries
    ]
    chance.shuffle(countries)
    chance.shuffle(parts)
    # Of each country a few: its file must not grow past what a file may have.
    nth: Counter[str] = Counter()
    for part in parts:
        nth[part[:2]] += 1
        if nth[part[:2]] <= MOST_PARTS:
            countries.append(part)
    return tuple(countries)


def place_of(number: int) -> str:
    """Return what place a rule is about.

    Four rules are about each place; when places run out, further rules are about those past the
    first: what people tied to the first places are answered depends on the first rules alone.
    """
    known, position = places(), number // RULES_A_PLACE
    if position < len(known):
        return known[position]
    return known[FIRST_PLACES + (position - len(known)) % (len(known) - FIRST_PLACES)]


def draw_norms(count: int) -> tuple[Norm, ...]:
    """Return the first `count` rules of a list that is always the same."""
    chance = random.Random(7)
    return tuple(_draw_norm(chance, number, place_of(number)) for number in range(count))


def _draw_norm(chance: random.Random, number: int, place: str) -> Norm:
    populations = tuple(chance.sample(POPULATIONS, 2)) if chance.random() < 0.6 else ()
    return Norm(
        number=number,
        place=place,
        factor=chance.choice(FACTORS),
        populations=populations,
        product=chance.choice(PRODUCTS),
        actions=tuple(chance.sample(ACTIONS, 2)),
        device=chance.choice(DEVICES) if chance.random() < 0.3 else "",
        below_age=chance.choice(AGES) if chance.random() < 0.2 else 0,
        excepts_official=chance.random() < 0.4,
    )


class Askers:
    """Draws questions; some three of ten are made to meet a rule."""

    def __init__(self, norms: Sequence[Norm], seed: int) -> None:
        """Draw questions about `norms`, the same ones for the same seed."""
        self._norms = norms
        self._places = sorted({norm.place for norm in norms})
        self._chance = random.Random(seed)
        self._count = 0
        # Nobody has a birthday while the questions are asked.
        month = today().month
        self._months = [m for m in range(1, 13) if m not in (month, month % 12 + 1)]

    def draw(self) -> Asked:
        """Return a question about an account that has not been drawn before."""
        chance = self._chance
        norm = chance.choice(self._norms) if chance.random() < SHARE_MET else None
        ties = [self._tie(factor) for factor in FACTORS]
        if norm:
            population = chance.choice(norm.populations) if norm.populations else ""
            ties[FACTORS.index(norm.factor)] = Tie(norm.factor, norm.place, population)
        return self.about(
            product=norm.product if norm else chance.choice(PRODUCTS),
            action=chance.choice(norm.actions if norm else ACTIONS),
            device=norm.device if norm and norm.device else chance.choice(DEVICES),
            official=chance.random() < 0.1,
            ties=tuple(ties),
        )

    def about(
        self, product: str, action: str, device: str, *, official: bool, ties: tuple[Tie, ...]
    ) -> Asked:
        """Return these facts of another account."""
        chance = self._chance
        network = f"193.{chance.randint(0, 200)}.{chance.randint(0, 255)}"
        return Asked(
            account=self._account(),
            address=f"{network}.{chance.randint(1, 254)}",
            born=date(chance.randint(1950, 2016), chance.choice(self._months), DAY_OF_BIRTH),
            product=product,
            action=action,
            device=device,
            official=official,
            ties=ties,
        )

    def like(self, asked: Asked) -> Asked:
        """Return the same of another account, in the same network."""
        network = asked.address.rpartition(".")[0]
        address = f"{network}.{self._chance.randint(1, 254)}"
        return replace(asked, account=self._account(), address=address)

    def _account(self) -> str:
        self._count += 1
        return f"account-{self._count:08d}"

    def _tie(self, factor: str) -> Tie:
        chance = self._chance
        population = chance.choice(POPULATIONS) if chance.random() < 0.5 else ""
        return Tie(factor, chance.choice(self._places), population)


def draw_known(norms: Sequence[Norm], count: int, different: int) -> Sequence[Asked]:
    """Return questions about `count` accounts with only so many `different` facts among them."""
    askers = Askers(norms, seed=1)
    patterns = [askers.draw() for _ in range(different)]
    return [askers.like(patterns[number % different]) for number in range(count)]


def draw_mixed(norms: Sequence[Norm], count: int, different: int) -> Sequence[Asked]:
    """Return the same, but of people of any age who are anywhere."""
    askers = Askers(norms, seed=3)
    patterns = [askers.draw() for _ in range(different)]
    drawn = []
    for number in range(count):
        one = patterns[number % different]
        drawn.append(
            askers.about(one.product, one.action, one.device, official=one.official, ties=one.ties)
        )
    return drawn


def draw_unknown(norms: Sequence[Norm]) -> Iterator[Asked]:
    """Yield questions of which no two have the same facts."""
    askers, seen = Askers(norms, seed=2), set[tuple[object, ...]]()
    while True:
        asked = askers.draw()
        if asked.facts not in seen:
            seen.add(asked.facts)
            yield asked
