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
from comity.policy.diffing.answers import Asker, Shift
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
        examples: how answers differ -> values and company that show it at the last instant.
    """

    def __init__(
        self, sights: Sights, meetings: Meetings, asker: Asker, ground: Ground, zones: int
    ) -> None:
        """Search by the clauses of `sights` for shifts through the rule of `meetings`."""
        self._sights = sights
        self._meetings = meetings
        self._asker = asker
        self._ground = ground
        self.paths = Paths(ground)
        self.classes = Classes(sights, self.paths, ground, zones)
        self._memo: dict[Hashable, Node] = {}
        self._looked_last: Hashable = None
        self._found: dict[Hashable, Node] = {}
        self._examples: dict[Hashable, dict[Shift, Example]] = {}
        self._left = UNBOUNDED
        self.is_complete = True
        self.examples: dict[Shift, Example] = {}

    def run(self, now: datetime, company: Company, *, known: bool, most: int = UNBOUNDED) -> Node:
        """Return the questions answered differently at `now`, all facts known or not.

        Beyond `most` questions asked it gives up, and says so in `is_complete`.
        """
        self._left = most
        self._now, self._company, self._known = now, company, known
        outlook = self._outlook()
        if self._looked_last != (outlook, known):
            self._memo.clear()
            self._looked_last = (outlook, known)
        self.examples = self._examples.setdefault((outlook, known), {})
        key = (outlook, known, company)
        if key not in self._found:
            self._found[key] = self._search()
        return self._found[key]

    def _outlook(self) -> Hashable:
        """Return all that this instant has of its own, as far as clauses can tell."""
        return (
            self._meetings.state_at(self._now),
            self._sights.states_at(self._now),
            self.classes.outlook(self._now),
        )

    def _search(self) -> Node:
        """Return the questions answered differently."""
        now, company = self._now, self._company
        acting = self._sights.in_force(now)
        start = _State(
            (acting, acting), frozenset(), (acting, acting), (), ghost=False, marks=company
        )
        return self._descend(0, start, ())

    def _descend(self, level: int, state: _State, path: Path) -> Node:
        """Return what follows from `path`."""
        if level == len(LEVELS):
            return self._answer(state, path)
        if not self._meetings.is_open(_seen(state)) and level >= len(CONNECTING):
            return None
        key = (level, state)
        if key in self._memo:
            return self._memo[key]
        merged: dict[Any, list[Hashable]] = {}
        for kind, following in self._step(LEVELS[level], state, path):
            node = self._descend(level + 1, following, (*path, kind.values[0]))
            if node is not None:
                merged.setdefault(node, []).extend(kind.values)
        node = frozenset((frozenset(values), child) for child, values in merged.items())
        self._memo[key] = node or None
        return node or None

    def _step(
        self, dimension: str, state: _State, path: Path
    ) -> Iterator[tuple[ValueClass, _State]]:
        """Yield each class of a dimension with the state it leads to."""
        for kind in self.classes.of(dimension, path, self._company, self._now):
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
        question = ask(self.paths.connecting_parts(path, self._company))
        chosen = self.paths.ties(path)
        others: set[Seen] = set()
        resolved = [
            resolve(question, lexicon, atlas).ties | {NULL_TIE}
            for lexicon, atlas in zip(self._ground.lexicons, self._ground.atlases, strict=True)
        ]
        for revision, ties in enumerate(resolved):
            for tie in ties - {chosen[revision]}:
                column = self._sights.of_whole_tie((tie, tie), self._now)
                own = self._sights.standing_in(revision) & state.request[1]
                others.add(Seen((column[0] & own, column[1] & own), tie.ghost))
        request = state.request
        return _State(state.tie, frozenset(others), request, state.doubts, state.ghost, None)

    def _answer(self, state: _State, path: Path) -> Node:
        """Return how the answer to a whole question differs."""
        if not self._meetings.may_differ(_seen(state), self._now):
            return None
        if not self._known and self._company.is_known and not any(state.doubts):
            return None
        if self._left == 0:
            self.is_complete = False
            return None
        self._left -= 1
        question = self.paths.question(path, self._now, self._company)
        shift = self._asker.shift(question, self._now)
        if shift is None:
            return None
        self.examples.setdefault(shift.kind, (path, self._company))
        return shift.kind


def _seen(state: _State) -> frozenset[Seen]:
    """Return all connections with what of the request has been chosen."""
    request = state.request
    tie = Seen(conjoin((state.tie, request)), state.ghost)
    return frozenset({tie}) | {Seen(conjoin((o.column, request)), o.ghost) for o in state.others}
