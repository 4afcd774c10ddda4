"""Meetings: whether a changed rule is met otherwise, by the clauses that are met."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.domain.effect import Outcome
from comity.domain.truth import Truth, conjunction
from comity.policy.diffing.changes import Pair, Revision
from comity.policy.diffing.clause_sets import Column, Position, union


@dataclass(frozen=True, slots=True)
class Seen:
    """A connection as clauses see it.

    Attributes:
        column: the clauses that are met on it.
        ghost: whether it stands for connections that are not known.
    """

    column: Column
    ghost: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """One version of a changed rule.

    Attributes:
        position: its clauses; None if the revision doesn't have it.
        acting: clauses of the rules that derogate it.
        preferred: clauses of the requirements that rulings prefer to it, with their ends.
    """

    position: Position | None
    acting: tuple[Position, ...]
    preferred: tuple[tuple[Position, datetime], ...]


@dataclass(frozen=True, slots=True)
class Bearing:
    """How a version of a rule bears on an answer.

    Attributes:
        outcome: its outcome.
        held: whether it is held on some connection; else it is merely possible.
    """

    outcome: Outcome
    held: bool


class Meetings:
    """Judges one changed rule.

    Attributes:
        clauses: clauses of both its versions and of what acts on them.
        bodies: clauses of the bodies of both its versions.
    """

    def __init__(
        self, pair: Pair, revisions: tuple[Revision, Revision], positions: Sequence[Position]
    ) -> None:
        """Find the clauses of both versions of `pair`, and of what acts on them."""
        self._sides = tuple(
            _side(pair.id if rule is not None else "", number, revision, positions)
            for number, (rule, revision) in enumerate(zip(pair.sides, revisions, strict=True))
        )
        own = [side.position for side in self._sides if side.position is not None]
        acting = [position for side in self._sides for position in side.acting]
        acting += [position for side in self._sides for position, _ in side.preferred]
        self.bodies = union(position.body for position in own)
        self.clauses = union(position.clauses for position in (*own, *acting))

    def in_force(self, now: datetime) -> bool:
        """Return whether any version is in force at `now`."""
        return any(
            side.position is not None and side.position.rule.timeline.state_at(now) is not None
            for side in self._sides
        )

    def state_at(self, now: datetime) -> Hashable:
        """Return which rulings hold at `now`."""
        return tuple(now < end for side in self._sides for _, end in side.preferred)

    def is_open(self, seen: Iterable[Seen]) -> bool:
        """Return whether a body may still be met on some connection."""
        return any(s.column[1] & self.bodies for s in seen)

    def may_differ(self, seen: frozenset[Seen], now: datetime) -> bool:
        """Return whether an answer may differ through the rule on these connections at `now`."""
        before, after = (_bearing(side, seen, now) for side in self._sides)
        if before is None and after is None:
            return False
        return before != after or before is None or not before.held


def _side(rule_id: str, number: int, revision: Revision, positions: Sequence[Position]) -> Side:
    """Return one version of a rule."""
    here = {p.rule.id: p for p in positions if number in p.revisions}
    if rule_id not in here:
        return Side(None, (), ())
    acting = tuple(here[rule.id] for rule in revision.derogators(rule_id))
    rulings = revision.rulings(rule_id)
    preferred = tuple((here[r.require_rule_id], r.expires) for r in rulings)
    return Side(here[rule_id], acting, preferred)


def _bearing(side: Side, seen: frozenset[Seen], now: datetime) -> Bearing | None:
    """Return how a version bears on an answer at `now`; None if it doesn't."""
    position = side.position
    outcome = position.rule.timeline.state_at(now) if position is not None else None
    if position is None or outcome is None:
        return None
    acting = [p for p in side.acting if p.rule.timeline.state_at(now) is not None]
    acting += [
        p for p, end in side.preferred if now < end and p.rule.timeline.state_at(now) is not None
    ]
    held = possible = False
    for tie in seen:
        special = [_parts(other, tie, seen).value for other in acting]
        own = _parts(position, tie, seen)
        body = min(own.body, Truth.U) if tie.ghost else own.body
        value = conjunction([min(body, own.value), *(v.negated() for v in special)])
        possible |= value is not Truth.F
        exempt = Truth.T in (own.exception, own.person_exception, *special)
        held |= body is Truth.T and own.person_condition is Truth.T and not exempt
    return Bearing(outcome, held) if held or possible else None


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a rule on one connection."""

    body: Truth
    exception: Truth
    person_exception: Truth
    person_condition: Truth

    @property
    def value(self) -> Truth:
        """The rule's own value."""
        return min(
            self.body,
            self.exception.negated(),
            self.person_exception.negated(),
            self.person_condition,
        )


def _parts(position: Position, tie: Seen, seen: frozenset[Seen]) -> _Parts:
    """Return the parts of a rule on `tie`, one of `seen`."""
    condition = Truth.T
    if position.person_conditions:
        condition = max(_truth(position.person_conditions, s) for s in seen)
    return _Parts(
        body=_truth(position.body, tie),
        exception=_truth(position.exceptions, tie),
        person_exception=max(_truth(position.person_exceptions, s) for s in seen),
        person_condition=condition,
    )


def _truth(clauses: int, seen: Seen) -> Truth:
    """Return the greatest of some clauses on one connection."""
    certain, possible = seen.column
    if certain & clauses:
        return Truth.T
    return Truth.U if possible & clauses else Truth.F
