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

from comity.domain.facts import NULL_TIE, Tie
from comity.domain.question import Question
from comity.policy.diffing.alone import AloneAsker
from comity.policy.diffing.answers import Askers, Shift
from comity.policy.diffing.classes import Classes, ValueClass
from comity.policy.diffing.clause_sets import Column, Doubt, conjoin
from comity.policy.diffing.companies import Company
from comity.policy.diffing.concealment import ConcealmentAsker
from comity.policy.diffing.geography import Ground
from comity.policy.diffing.meetings import Meetings, Seen
from comity.policy.diffing.paths import UNKNOWN_PLACE, Example, Path, Paths, Values
from comity.policy.diffing.sights import CONNECTING, LEVELS, REQUEST, Sights
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
        doubts: clauses in doubt by each dimension, since it matters which fact is missing.
        ghost: whether the connection is an unknown one.
        marks: what else the next dimensions depend on.
    """

    tie: Column
    others: frozenset[Seen]
    request: Column
    doubts: tuple[Doubt, ...]
    ghost: bool
    marks: Hashable


class Search:
    """Searches one stretch of time, in one company.

    Attributes:
        paths: makes the questions.
        classes: the values.
        is_complete: whether no search so far gave up.
        spent: what the questions that were looked at so far cost.
    """

    def __init__(
        self,
        sights: Sights,
        meetings: Meetings,
        askers: Askers | AloneAsker | ConcealmentAsker,
        ground: Ground,
        zones: int,
    ) -> None:
        """Search by the clauses of `sights` for shifts through the rule of `meetings`."""
        self._sights = sights
        self._meetings = meetings
        self._askers = askers
        self._ground = ground
        self.paths = Paths(ground)
        alone = not isinstance(askers, Askers)
        self.classes = Classes(sights, self.paths, ground, zones, alone=alone)
        self._memo: dict[Hashable, Node] = {}
        self._contexts: dict[Hashable, int] = {}
        self._context = 0
        self._others: dict[Hashable, frozenset[Seen]] = {}
        self._entered: set[int] = set()
        self._found: dict[Hashable, Node] = {}
        self._reach: dict[Hashable, bool] = {}
        self._elsewhere = True
        self._examples: dict[tuple[int, Shift], Example] = {}
        self._left = UNBOUNDED
        self.spent = 0
        self.is_complete = True

    def run(
        self,
        now: datetime,
        company: Company,
        *,
        known: bool,
        most: int = UNBOUNDED,
    ) -> Node:
        """Return the questions answered differently at `now`, all facts known or not.

        Beyond `most` questions it gives up, and says so in `is_complete`.
        """
        self._left = most
        self._now, self._company, self._known = now, company, known
        self._dated = self.classes.outlook(now)
        self._entered = set()
        self._found = {}
        acting = self._sights.in_force(now)
        everything = (acting, acting)
        self._elsewhere = self._may_meet_elsewhere(acting)
        start = _State(everything, frozenset(), everything, (), ghost=False, marks=company)
        return self._descend(0, start, ())

    def example(self, shift: Shift) -> Example:
        """Return values that show `shift`, which the last run found, at its instant."""
        found = ((context, shift) for context in sorted(self._entered))
        return next(self._examples[key] for key in found if key in self._examples)

    def _enter(self, state: _State) -> int:
        """Return the number of all that answers depend on from here, besides the state."""
        outcomes = self._sights.outcomes_at(self._now, state.request[1])
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
        if level < len(CONNECTING):
            if not (self._elsewhere or state.tie[1] & self._meetings.bodies):
                return None
        else:
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
        if self._left != 0:  # else there may be more
            memo[key] = node or None
        return node or None

    def _step(
        self, dimension: str, state: _State, path: Path
    ) -> Iterator[tuple[ValueClass, _State]]:
        """Yield each class of a dimension with the state it leads to."""
        asking = dimension in REQUEST
        alive = state.request[1] if asking else state.tie[1]
        derives = dimension == "place" and self.paths.derives(path[0], self._company)
        if derives or (dimension == "trust" and self.paths.derives(path[0], self._company)):
            alive = -1  # what lies elsewhere depends on the connection
        for kind in self.classes.narrowed(
            dimension, path, self._company, self._now, alive, known=self._known
        ):
            doubts = () if self._known else (*state.doubts, (kind.doubt, kind.unsettled))
            if asking:
                request = conjoin((state.request, kind.column))
                following = _State(state.tie, state.others, request, doubts, state.ghost, None)
                yield kind, self._settle(following)
                continue
            mark = self.classes.mark(dimension, kind.values[0], self._company)
            ghost = dimension == "place" and kind.values[0] == UNKNOWN_PLACE
            tie = conjoin((state.tie, kind.column))
            following = _State(
                tie,
                frozenset(),
                state.request,
                self._sights.doubts(doubts, tie[1]),
                ghost=state.ghost or ghost,
                marks=(state.marks, mark),
            )
            if dimension == "trust":
                following = self._complete(following, (*path, kind.values[0]))
            yield kind, following

    def _settle(self, state: _State) -> _State:
        """Forget what no longer tells anything apart: clauses that are met on no connection."""
        possible = state.tie[1]
        for other in state.others:
            possible |= other.column[1]
        alive = self._sights.of_open_bodies(possible & state.request[1])
        met = state.request[0] & alive
        return _State(
            (state.tie[0] & met, state.tie[1] & alive),
            frozenset(
                Seen((o.column[0] & met, o.column[1] & alive), o.ghost) for o in state.others
            ),
            (met, alive),
            self._sights.doubts(state.doubts, alive),
            state.ghost,
            None,
        )

    def _complete(self, state: _State, path: Path) -> _State:
        """Add the person's other connections, as both revisions resolve them."""
        # The others are the same beside any connection from which nothing is derived.
        key: Hashable = path
        if not self.paths.derives(path[0], self._company):
            among = any((c.factor, c.place) == path[:2] for c in self._company.connections)
            base = self.paths.base(path[0], self._company)
            key = path if among else (path[0], base, self.classes.is_open(path[2]))
        key = (key, self._company, self._dated, state.request)
        if key not in self._others:
            question = ask(self.paths.connecting_parts(path, self._company))
            chosen = self.paths.ties(path)
            self._others[key] = self._seen_in(question, chosen, state.request[1])
        request = state.request
        others = self._others[key]
        return self._settle(_State(state.tie, others, request, state.doubts, state.ghost, None))

    def _seen_in(self, question: Question, but: tuple[Tie, Tie], acting: int) -> frozenset[Seen]:
        """Return the connections of a person, without some, as clauses `acting` see them."""
        others: set[Seen] = set()
        resolved = [
            {*resolve(question, lexicon, atlas).ties_at(self._now), NULL_TIE}
            for lexicon, atlas in zip(self._ground.lexicons, self._ground.atlases, strict=True)
        ]
        for revision, ties in enumerate(resolved):
            own = self._sights.standing_in(revision) & acting
            for tie in ties - {but[revision]}:
                column = self._sights.of_whole_tie((tie, tie), self._now)
                others.add(Seen((column[0] & own, column[1] & own), tie.ghost))
        return frozenset(others)

    def _may_meet_elsewhere(self, acting: int) -> bool:
        """Return whether the changed rule may be met on a connection that is not chosen."""
        key = (self._company, self._dated, acting)
        if key not in self._reach:
            parts = self.paths.connecting_parts((None,) * len(CONNECTING), self._company)
            nothing = (Tie("", ""), Tie("", ""))
            self._reach[key] = (
                not self.paths.alike
                or bool(self._company.omitted)
                or any(
                    self._meetings.is_open(self._seen_in(ask([*parts, *more]), nothing, acting))
                    for more in ([], [{"open_sets": frozenset({"population"})}])
                )
            )
        return self._reach[key]

    def _spend(self, price: int) -> None:
        """Count a question at its price."""
        self.spent += price
        if self._left != UNBOUNDED:
            self._left = max(0, self._left - price)

    def _answer(self, state: _State, path: Path) -> Node:
        """Return how the answer to a whole question differs."""
        own = self._meetings.clauses
        settled = self._company.is_known and not any(mask & own for mask, _ in state.doubts)
        if settled and not self._known:
            return None
        seen = _seen(state)
        ghosts = any(s.ghost for s in seen)
        self._spend(self._askers.price if ghosts else 1)
        if not self._meetings.may_differ(seen, self._now):
            return None
        question = self.paths.question(path, self._now, self._company)
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
