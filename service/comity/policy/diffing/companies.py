"""Companies: the other connections of a person, enough to stand for all that clauses tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from comity.domain.question import Connection
from comity.policy.diffing.geography import Ground
from comity.policy.diffing.neighbours import Neighbour, person_clauses
from comity.policy.lexicon import Presumption
from comity.policy.rules import Clause

MOST_CHOICES: Final = 3


@dataclass(frozen=True, slots=True)
class Company:
    """The other connections of the person.

    Attributes:
        connections: connections by factors of their own.
        opened: factors of which there may be more.
        omitted: factors that nothing is recorded of, so that they are presumed.
        ended: factors of which only a connection is recorded that has ended.
        indicators: indicators that are given.
    """

    connections: tuple[Connection, ...] = ()
    opened: frozenset[str] = frozenset()
    omitted: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    indicators: frozenset[str] = frozenset()

    @property
    def is_known(self) -> bool:
        """Whether everything about them is known."""
        trusted = all(not connection.trust for connection in self.connections)
        return trusted and not (self.opened or self.omitted or self.indicators)


NEUTRAL: Final = Company()


def companies(neighbours: Sequence[Neighbour], ground: Ground) -> list[Company]:
    """Return the neutral company, and those that meet clauses about the person."""
    wanted = [c for n in neighbours for c in person_clauses(n.rule)]
    single = list(dict.fromkeys(c for clause in wanted for c in _meeting(clause, ground)))
    known = [Company((connection,)) for connection in single]
    pairs = [
        Company((a, b))
        for n, a in enumerate(single)
        for b in single[n + 1 :]
        if (a.factor, a.place) != (b.factor, b.place)
    ]
    return [NEUTRAL, *known, *pairs, *_doubtful(single, ground)]


def _doubtful(single: Iterable[Connection], ground: Ground) -> Iterator[Company]:
    """Yield companies of which something is not known."""
    if ground.without:
        return
    factors = ground.lexicons[1].factors
    for factor, term in factors.items():
        if term.presume is not Presumption.CLOSED:
            yield Company(omitted=frozenset({factor}))
    yield Company(omitted=frozenset(f for f, t in factors.items() if t.derived_from))
    for connection in single:
        yield Company(opened=frozenset({connection.factor}))
        yield Company((Connection(connection.factor, connection.place, trust="low"),))


def _members(name: str, ground: Ground) -> list[str]:
    """Return what a place or group stands for, what has come to be or ceased to be of it first."""
    was, became = (atlas.groups.get(name, {name: ()}) for atlas in ground.atlases)
    return sorted({**was, **became}, key=lambda p: (was.get(p) == became.get(p), p))


def _meeting(clause: Clause, ground: Ground) -> Iterator[Connection]:
    """Yield a few connections that meet the connecting dimensions of a clause."""
    factors = sorted(clause.factors or ground.lexicons[1].factors)
    places: list[str] = []
    for name in sorted(clause.places or {ground.neutral}):
        places += _members(name, ground)[:MOST_CHOICES]
    populations = [frozenset({p}) for p in sorted(clause.populations or ())] or [frozenset[str]()]
    for factor in factors[:MOST_CHOICES]:
        for place in [p for p in places if not ground.is_out(p)][:MOST_CHOICES]:
            for population in populations[:1]:
                trust = "low" if clause.low_trust else ""
                yield Connection(factor, place, population, trust=trust)
