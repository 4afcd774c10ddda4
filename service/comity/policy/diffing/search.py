"""Search: which questions about one stretch of time are answered differently.

A question is built dimension by dimension. What is carried from one to the next is only which
clauses can still be met, for certain and possibly: values that leave the same clauses are one
class, and what follows from them is worked out once. A branch on which neither version of the
changed rule can be met ends there; at the end both engines answer.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from comity.domain.facts import NULL_TIE
from comity.policy.diffing.answers import Askers, Shift
from comity.policy.diffing.classes import Classes, ValueClass, is_doubtful
from comity.policy.diffing.geography import Company, Ground
from comity.policy.diffing.meetings import Meetings, Seen
from comity.policy.diffing.paths import (
    CONNECTING,
    LEVELS,
    UNKNOWN_PLACE,
    Example,
    Path,
    Paths,
    Values,
)
from comity.policy.diffing.sights import REQUEST, Column, Sights, conjoin
from comity.policy.diffing.values import ask
from comity.policy.presumptions import resolve

UNBOUNDED: Final = -1

Node = frozenset[tuple[Values, Any]] | Shift | None
"""Sets of values of a dimension, each with what follows; at the end how answers differ."""


@dataclass(frozen=True, slots=True)
class _State:
    """What has been chosen so far, as far as clauses can tell.

    Attributes:
        tie: clauses that can still be met on the connection chosen.
        others: the same of the person's other connections.
        request: clauses that what was chosen of the request can still meet.
        doubts: clauses in doubt, a set for each dimension.
        ghost: whether the connection is an unknown one.
        marks: what else the next dimensions depend on.
    """

    tie: Column
    others: frozenset[Seen]
    request: Column
    doubts: tuple[int, ...]
    ghost: bool
    marks: Hashable


class Search:
    """Searches one stretch of time, in one company.

    Attributes:
        paths: makes the questions.
        classes: the values.
        is_complete: whether no search so far gave up.
    """

    def __init__(
        self, sights: Sights, meetings: Meetings, askers: Askers, ground: Ground, zones: int
    ) -> None:
        """Search by the clauses of `sights` for shifts through the rule of `meetings`."""
        self._sights = sights
        self._meetings = meetings
        self._askers = askers
        self._ground = ground
        self.paths = Paths(ground)
        self.classes = Classes(sights, self.paths, ground, zones)
        self._memo: dict[Hashable, Node] = {}
        self._contexts: dict[Hashable, int] = {}
        self._context = 0
        self._others: dict[Hashable, frozenset[Seen]] = {}
        self._entered: set[int] = set()
        self._found: dict[Hashable, Node] = {}
        self._examples: dict[tuple[int, Shift], Example] = {}
        self._left = UNBOUNDED
        self._ghosts = True
        self.is_complete = True

    def run(
        self,
        now: datetime,
        company: Company,
        *,
        known: bool,
        most: int = UNBOUNDED,
        ghosts: bool = True,
    ) -> Node:
        """Return the questions answered differently at `now`, all facts known or not.

        Beyond `most` questions it gives up, and says so in `is_complete`. Without `ghosts`,
        connections of which no place is known are left out.
        """
        self._left = most
        self._ghosts = ghosts
        self._now, self._company, self._known = now, company, known
        self._dated = self.classes.outlook(now)
        self._entered = set()
        self._found = {}
        acting = self._sights.in_force(now)
        everything = (acting, acting)
        start = _State(everything, frozenset(), everything, (), ghost=False, marks=company)
        return self._descend(0, start, ())

    def example(self, shift: Shift) -> Example:
        """Return values that show `shift`, which the last run found, at its instant."""
        found = ((context, shift) for context in sorted(self._entered))
        return next(self._examples[key] for key in found if key in self._examples)

    def _enter(self, state: _State) -> int:
        """Return the number of all that answers depend on from here, besides the state."""
        outcomes = self._sights.outcomes_at(self._now, self._alive(state, state.request))
        context = (
            self._known,
            self._company.is_known,
            self._dated,
            self._meetings.state_at(self._now),
            outcomes,
        )
        number = self._contexts.setdefault(context, len(self._contexts))
        self._entered.add(number)
        return number

    def _descend(self, level: int, state: _State, path: Path) -> Node:
        """Return what follows from `path`."""
        if self._left == 0:
            self.is_complete = False
            return None
        if level == len(LEVELS):
            return self._answer(state, path)
        memo: dict[Hashable, Node] = self._found
        key: Hashable = (level, state)
        if level >= len(CONNECTING):
            if not self._meetings.is_open(_seen(state)):
                return None
            if level == len(CONNECTING):
                self._context = self._enter(state)
            memo, key = self._memo, (level, self._context, state)
        if key in memo:
            return memo[key]
        merged: dict[Any, list[Hashable]] = {}
        for kind, following in self._step(LEVELS[level], state, path):
            node = self._descend(level + 1, following, (*path, kind.values[0]))
            if node is not None:
                merged.setdefault(node, []).extend(kind.values)
        node = frozenset((frozenset(values), child) for child, values in merged.items())
        memo[key] = node or None
        return node or None

    def _step(
        self, dimension: str, state: _State, path: Path
    ) -> Iterator[tuple[ValueClass, _State]]:
        """Yield each class of a dimension with the state it leads to."""
        for kind in self.classes.of(dimension, path, self._company, self._now):
            if not self._ghosts and (dimension, kind.values[0]) == ("place", UNKNOWN_PLACE):
                continue
            if self._known and (kind.doubt or is_doubtful(dimension, kind.values[0])):
                continue
            doubts = (*state.doubts, kind.doubt & self._meetings.clauses)
            if dimension in REQUEST:
                request = conjoin((state.request, kind.column))
                alive = self._alive(state, request)
                doubts = tuple(doubt & alive for doubt in doubts)
                following = _State(state.tie, state.others, request, doubts, state.ghost, None)
                yield kind, self._settle(following, alive)
                continue
            mark = self.classes.mark(dimension, kind.values[0], self._company)
            ghost = dimension == "place" and kind.values[0] == UNKNOWN_PLACE
            tie = conjoin((state.tie, kind.column))
            doubts = tuple(doubt & tie[1] for doubt in doubts)
            following = _State(
                tie,
                frozenset(),
                state.request,
                doubts,
                ghost=state.ghost or ghost,
                marks=(state.marks, mark),
            )
            if dimension == "trust":
                following = self._complete(following, (*path, kind.values[0]))
            yield kind, following

    def _alive(self, state: _State, request: Column) -> int:
        """Return the clauses that can be met on some connection."""
        possible = state.tie[1]
        for other in state.others:
            possible |= other.column[1]
        return self._sights.of_open_bodies(possible & request[1])

    def _settle(self, state: _State, alive: int) -> _State:
        """Forget what no longer tells anything apart."""

        def cut(column: Column) -> Column:
            return column[0] & alive & state.request[0], column[1] & alive

        others = frozenset(Seen(cut(o.column), o.ghost) for o in state.others)
        request = (state.request[0] & alive, state.request[1] & alive)
        return _State(cut(state.tie), others, request, state.doubts, state.ghost, None)

    def _complete(self, state: _State, path: Path) -> _State:
        """Add the person's other connections, as both revisions resolve them."""
        # The others are the same beside any connection from which nothing is derived.
        key: Hashable = path
        if not self._company.omitted:
            among = any((c.factor, c.place) == path[:2] for c in self._company.connections)
            base = self.paths.base(path[0], self._company)
            key = path if among else (base, self.classes.is_open(path[2]))
        key = (key, self._company, self._dated, state.request)
        if key not in self._others:
            self._others[key] = self._others_beside(path, state.request[1])
        request = state.request
        return _State(state.tie, self._others[key], request, state.doubts, state.ghost, None)

    def _others_beside(self, path: Path, acting: int) -> frozenset[Seen]:
        """Return the person's other connections, as clauses that are `acting` see them."""
        question = ask(self.paths.connecting_parts(path, self._company))
        chosen = self.paths.ties(path)
        others: set[Seen] = set()
        resolved = [
            resolve(question, lexicon, atlas).ties | {NULL_TIE}
            for lexicon, atlas in zip(self._ground.lexicons, self._ground.atlases, strict=True)
        ]
        for revision, ties in enumerate(resolved):
            own = self._sights.standing_in(revision) & acting
            for tie in ties - {chosen[revision]}:
                column = self._sights.of_whole_tie((tie, tie), self._now)
                others.add(Seen((column[0] & own, column[1] & own), tie.ghost))
        return frozenset(others)

    def _answer(self, state: _State, path: Path) -> Node:
        """Return how the answer to a whole question differs."""
        if not self._known and self._company.is_known and not any(state.doubts):
            return None
        self._left -= 1
        if not self._meetings.may_differ(_seen(state), self._now):
            return None
        question = self.paths.question(path, self._now, self._company)
        ghosts = any(seen.ghost for seen in _seen(state))
        shift = self._askers.shift(question, self._now, ghosts=ghosts)
        if shift is None:
            return None
        self._examples.setdefault((self._context, shift.kind), (path, self._company))
        return shift.kind


def _seen(state: _State) -> frozenset[Seen]:
    """Return all connections with what of the request has been chosen."""
    request = state.request
    tie = Seen(conjoin((state.tie, request)), state.ghost)
    return frozenset({tie}) | {Seen(conjoin((o.column, request)), o.ghost) for o in state.others}
