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

from comity.domain.decision import Decision, Determination
from comity.domain.effect import Outcome
from comity.domain.facts import NULL_TIE, FactKey, Members, Tie
from comity.domain.question import Connection, Question
from comity.policy.diffing.geography import Company, Ground, place_values
from comity.policy.diffing.meetings import Meetings, Seen
from comity.policy.diffing.sights import REQUEST, Column, Sights, conjoin
from comity.policy.diffing.values import ask, given, member_sets, request_values
from comity.policy.engine import Engine
from comity.policy.lexicon import Presumption
from comity.policy.presumptions import resolve

LEVELS: Final = ("factor", "place", "population", "trust", *REQUEST)
UNBOUNDED: Final = -1
DATED: Final = frozenset({"place", "product", "age"})
LOW: Final = "low"
UNKNOWN_PLACE: Final = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What of a decision counts: what to do, whether that is settled, what would settle it.

    Attributes:
        outcome: what the caller must do.
        decided: whether the known facts settle it.
        missing: the unknown facts that could.
    """

    outcome: Outcome
    decided: bool
    missing: tuple[FactKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """How an answer differs.

    Attributes:
        before: the answer by the old revision.
        after: the answer by the new one.
    """

    before: Answer
    after: Answer

    @property
    def kind(self) -> Shift:
        """The shift without which facts are missing."""
        return Shift(*(Answer(a.outcome, a.decided) for a in (self.before, self.after)))


def answer_of(decision: Decision) -> Answer:
    """Return what of `decision` counts."""
    decided = decision.determination is Determination.DECIDED
    return Answer(decision.outcome, decided, decision.missing_facts)


class Asker:
    """Asks both engines."""

    def __init__(self, engines: tuple[Engine, Engine], ground: Ground) -> None:
        """Ask `engines`, one a revision."""
        self._engines = engines
        self._ground = ground

    def shift(self, question: Question, now: datetime) -> Shift | None:
        """Return how the answers to `question` differ at `now`; None if they don't."""
        ground = self._ground
        before, after = (
            answer_of(engine.evaluate(resolve(question, lexicon, atlas), now))
            for engine, lexicon, atlas in zip(
                self._engines, ground.lexicons, ground.atlases, strict=True
            )
        )
        return None if before == after else Shift(before, after)


Path = tuple[Hashable, ...]
"""A value for each of `LEVELS`."""
Example = tuple[Path, Company]
"""The values of a question, and the person's other connections."""
Values = frozenset[Hashable]
Node = frozenset[tuple[Values, Any]] | Shift | None
"""Sets of values of a dimension, each with what follows; at the end how answers differ."""


@dataclass(frozen=True, slots=True)
class _Class:
    """Values that leave the same clauses.

    Attributes:
        values: the values, the usual ones first.
        column: the clauses.
        doubt: clauses of which the value doesn't settle whether they are met.
    """

    values: tuple[Hashable, ...]
    column: Column
    doubt: int


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
        lexicons = ground.lexicons
        self._values: dict[str, list[Hashable]] = {
            d: request_values(d, sights, lexicons, zones=zones) for d in REQUEST
        }
        self._values["factor"] = [None, *{**lexicons[0].factors, **lexicons[1].factors}]
        self._values["place"] = [*place_values(sights, ground)]
        self._values["population"] = [*member_sets("population", sights, lexicons)]
        self._values["trust"] = ["", LOW]
        self._classes: dict[Hashable, list[_Class]] = {}
        self._memo: dict[Hashable, Node] = {}
        self._looked_last: Hashable = None
        self._found: dict[Hashable, Node] = {}
        self._examples: dict[Hashable, dict[Shift, Example]] = {}
        self._any = next(iter(lexicons[1].factors), "")
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
        dated = (
            tuple((kind.values, kind.column) for kind in self._classes_of(dimension, (self._any,)))
            for dimension in DATED
        )
        return self._meetings.state_at(self._now), self._sights.states_at(self._now), *dated

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
        if not self._meetings.is_open(_seen(state)) and level >= len(LEVELS) - len(REQUEST):
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

    def _step(self, dimension: str, state: _State, path: Path) -> Iterator[tuple[_Class, _State]]:
        """Yield each class of a dimension with the state it leads to."""
        for kind in self._classes_of(dimension, path):
            if self._known and (kind.doubt or _is_doubtful(dimension, kind.values[0])):
                continue
            doubts = (*state.doubts, kind.doubt & self._meetings.clauses)
            if dimension in REQUEST:
                request = conjoin((state.request, kind.column))
                alive = self._alive(state, request)
                doubts = tuple(doubt & alive for doubt in doubts)
                following = _State(state.tie, state.others, request, doubts, state.ghost, None)
                yield kind, self._settle(following, alive)
                continue
            marks = (state.marks, self._mark(dimension, kind.values[0]))
            ghost = dimension == "place" and kind.values[0] == UNKNOWN_PLACE
            tie = conjoin((state.tie, kind.column))
            doubts = tuple(doubt & tie[1] for doubt in doubts)
            following = _State(tie, frozenset(), state.request, doubts, state.ghost or ghost, marks)
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

    def _mark(self, dimension: str, value: Hashable) -> Hashable:
        """Return what the person's other connections depend on."""
        if dimension == "factor":
            return value is None, self._base(value)
        return isinstance(value, Members) and value.open

    def _base(self, factor: Hashable) -> tuple[str, ...]:
        """Return the factors by which the person has a neutral connection beside the chosen one."""
        company = self._company
        taken = {
            factor,
            *company.omitted,
            *company.opened,
            *(c.factor for c in company.connections),
        }
        terms = {**self._ground.lexicons[0].factors, **self._ground.lexicons[1].factors}
        return tuple(
            f
            for f, term in terms.items()
            if term.presume is not Presumption.CLOSED and f not in taken
        )

    def _classes_of(self, dimension: str, path: Path) -> list[_Class]:
        """Return the classes of a dimension, after what of `path` they depend on."""
        chosen: Hashable = None
        if dimension in ("place", "population", "trust"):
            chosen = (path[0] is None, path[1:2] == (UNKNOWN_PLACE,))
        company = self._company if dimension == "factor" else None
        key = (dimension, chosen, company, self._now if dimension in DATED else None)
        if key not in self._classes:
            self._classes[key] = self._classify(dimension, path)
        return self._classes[key]

    def _classify(self, dimension: str, path: Path) -> list[_Class]:
        """Put the values of a dimension into classes."""
        values = self._values[dimension]
        if dimension != "factor" and dimension not in REQUEST:
            values = self._possible(dimension, path)
        alike: dict[tuple[Column, Hashable], list[Hashable]] = {}
        for value in values:
            mark = None if dimension in REQUEST else self._mark(dimension, value)
            alike.setdefault((self._column(dimension, value, path), mark), []).append(value)
        return [_Class(tuple(v), c, self._doubt(c)) for (c, _), v in alike.items()]

    def _doubt(self, column: Column) -> int:
        return column[1] & ~column[0]

    def _possible(self, dimension: str, path: Path) -> list[Hashable]:
        """Return the values of a connecting dimension that a connection so far can have."""
        if path[0] is None:
            return [None]
        if dimension == "place":
            unknown = [] if self._ground.without else [UNKNOWN_PLACE]
            return [*self._values["place"], *unknown]
        if path[1] == UNKNOWN_PLACE:
            return [None]
        if dimension == "trust" and self._ground.without:
            return [""]
        return self._values[dimension]

    def _column(self, dimension: str, value: Any, path: Path) -> Column:  # noqa: ANN401
        """Return how clauses see one value."""
        sights, now = self._sights, self._now
        if dimension in REQUEST:
            return sights.of_request(dimension, ask([given(dimension, value, now)]), now)
        ties = self._ties((*path, value))
        column = sights.of_tie(dimension, ties, now)
        if dimension == "trust" and ties[1].factor:
            return sights.capped(column, ties[1])
        return column

    def _ties(self, path: tuple[Any, ...]) -> tuple[Tie, Tie]:
        """Return the connection chosen so far, as each revision sees it."""
        factor, place, population, trust = (*path, None, None, None)[:4]
        if factor is None:
            return NULL_TIE, NULL_TIE
        if place == UNKNOWN_PLACE:
            ghost = Tie(factor, populations=Members(open=True), ghost=True)
            return ghost, ghost
        return tuple(
            Tie(
                factor,
                atlas.canonical(place or ""),
                population or Members(),
                low_trust=trust == LOW,
            )
            for atlas in self._ground.atlases
        )

    def _complete(self, state: _State, path: Path) -> _State:
        """Add the person's other connections, as both revisions resolve them."""
        question = ask(self.connecting_parts(path))
        chosen = self._ties(path)
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

    def connecting_parts(self, path: tuple[Any, ...]) -> list[dict[str, Any]]:
        """Return what a question states of connections."""
        factor, place, population, trust = path[:4]
        company, neutral = self._company, self._ground.neutral
        connections = [*company.connections]
        connections += [Connection(f, neutral) for f in self._base(factor)]
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
            }
        ]

    def question(self, path: Path, now: datetime, company: Company) -> Question:
        """Return the question that `path` asks at `now` of a person in `company`."""
        self._now, self._company = now, company
        pairs = zip(REQUEST, path[4:], strict=True)
        return ask([*self.connecting_parts(path), *(given(d, v, self._now) for d, v in pairs)])

    def universe(self, now: datetime) -> dict[str, Values]:
        """Return for each dimension the values that leave nothing in doubt at `now`."""
        self._now = now
        path = (self._any, self._ground.neutral)
        return {
            dimension: frozenset(
                value
                for kind in self._classes_of(dimension, path)
                if not kind.doubt
                for value in kind.values
            )
            for dimension in LEVELS
        }

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
        shift = self._asker.shift(self.question(path, self._now, self._company), self._now)
        if shift is None:
            return None
        self.examples.setdefault(shift.kind, (path, self._company))
        return shift.kind


def _is_doubtful(dimension: str, value: Hashable) -> bool:
    """Return whether a value of a connecting dimension leaves the connection in doubt."""
    return (dimension, value) in (("place", UNKNOWN_PLACE), ("trust", LOW))


def _seen(state: _State) -> frozenset[Seen]:
    """Return all connections with what of the request has been chosen."""
    request = state.request
    tie = Seen(conjoin((state.tie, request)), state.ghost)
    return frozenset({tie}) | {Seen(conjoin((o.column, request)), o.ghost) for o in state.others}
