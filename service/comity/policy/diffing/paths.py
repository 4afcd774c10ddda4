"""Paths: a value for each dimension, and the question that they make."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Any, Final

from comity.domain.facts import NULL_TIE, Members, Tie
from comity.domain.question import Connection, Question
from comity.policy.diffing.companies import Company
from comity.policy.diffing.geography import Ground
from comity.policy.diffing.sights import REQUEST
from comity.policy.diffing.values import ask, given
from comity.policy.lexicon import Lexicon, Presumption

LOW: Final = "low"
UNKNOWN_PLACE: Final = ""
LONG_AGO: Final = datetime(1900, 1, 1, tzinfo=UTC)

Path = tuple[Hashable, ...]
"""A value for each of the first of `LEVELS`."""
Values = frozenset[Hashable]
Example = tuple[Path, Company]
"""The values of a question, and the person's other connections."""


class Paths:
    """Makes questions of paths.

    Attributes:
        alike: whether both revisions presume the same of connections that are not recorded.
    """

    def __init__(self, ground: Ground) -> None:
        """Ask about `ground`."""
        self._ground = ground
        before, after = ground.lexicons
        self.alike = (before.factors, before.indicators) == (after.factors, after.indicators)

    def base(self, factor: Hashable, company: Company) -> tuple[str, ...]:
        """Return the factors by which the person has a neutral connection beside the chosen one."""
        taken = {
            factor,
            *company.omitted,
            *company.opened,
            *company.ended,
            *(c.factor for c in company.connections),
        }
        before, after = (lexicon.factors for lexicon in self._ground.lexicons)
        return tuple(
            factor
            for factor in {**before, **after}
            if factor not in taken
            and any(
                terms[factor].presume is not Presumption.CLOSED
                for terms in (before, after)
                if factor in terms
            )
        )

    def derives(self, factor: Hashable, company: Company) -> bool:
        """Return whether a revision derives another connection from the chosen one."""
        given = {factor, *self.base(factor, company), *(c.factor for c in company.connections)}
        given |= company.ended
        return any(
            factor in term.derived_from and name not in given
            for lexicon in self._ground.lexicons
            for name, term in lexicon.factors.items()
        )

    def ties(self, path: tuple[Any, ...]) -> tuple[Tie, Tie]:
        """Return the connection chosen so far, as each revision sees it."""
        factor, place, population, trust = (*path, None, None, None)[:4]
        if factor is None:
            return NULL_TIE, NULL_TIE
        if place == UNKNOWN_PLACE:
            ghost = Tie(factor, populations=Members(open=True), ghost=True)
            return ghost, ghost
        members = population or Members()
        before, after = (
            Tie(
                factor,
                atlas.canonical(place or ""),
                _opened(members, lexicon),
                low_trust=trust == LOW or trust in lexicon.low_trust,
            )
            for atlas, lexicon in zip(self._ground.atlases, self._ground.lexicons, strict=True)
        )
        return before, after

    def connecting_parts(self, path: tuple[Any, ...], company: Company) -> list[dict[str, Any]]:
        """Return what a question states of connections."""
        factor, place, population, trust = path[:4]
        neutral = self._ground.neutral
        connections = [*company.connections]
        connections += [Connection(f, neutral) for f in self.base(factor, company)]
        connections += [Connection(f, neutral, until=LONG_AGO) for f in sorted(company.ended)]
        opened = set(company.opened)
        open_sets: frozenset[str] = frozenset()
        if factor is not None and place == UNKNOWN_PLACE:
            opened.add(factor)
        elif factor is not None:
            members = population or Members()
            connections.append(
                Connection(factor, place, members.yes, members.no, trust=trust or "")
            )
            open_sets = frozenset({"population"} if members.open else ())
        return [
            {
                "connections": tuple(connections),
                "open_factors": frozenset(opened),
                "open_sets": open_sets,
                "indicators": company.indicators,
            }
        ]

    def question(self, path: Path, now: datetime, company: Company) -> Question:
        """Return the question that `path` asks at `now` of a person in `company`."""
        pairs = zip(REQUEST, path[4:], strict=True)
        return ask([*self.connecting_parts(path, company), *(given(d, v, now) for d, v in pairs)])


def _opened(members: Members, lexicon: Lexicon) -> Members:
    """Return populations as a revision takes them, which may presume that there are more."""
    if lexicon.presumed.get("population") == "unknown":
        return Members(members.yes, members.no, open=True)
    return members
