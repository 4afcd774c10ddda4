"""Sights: how the clauses near a changed rule see one value of one dimension."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.domain.facts import NULL_TIE, Facts, Tie
from comity.domain.question import Question
from comity.domain.truth import Truth, conjunction
from comity.policy.atlas import ALWAYS, Span
from comity.policy.diffing.clause_sets import Column, Doubt, Position, conjoin, union
from comity.policy.diffing.member_sets import Names, Naming
from comity.policy.diffing.neighbours import Neighbour
from comity.policy.presumptions import resolve
from comity.policy.reference.atoms import atoms_of
from comity.policy.reference.findings import Sight
from comity.policy.rules import Clause, Rule, Ruleset

PARTS: Final = ("body", "exceptions", "person_exceptions", "person_conditions")
FIELDS: Final = {
    "factor": ("factors",),
    "place": ("places",),
    "population": ("populations",),
    "trust": ("low_trust",),
    "product": ("products", "not_products"),
    "action": ("actions",),
    "device": ("devices", "not_devices"),
    "item": ("items", "not_items"),
    "purpose": ("purposes", "not_purposes"),
    "label": ("labels",),
    "age": ("age",),
    "created": ("created",),
}
REQUEST: Final = ("product", "action", "device", "item", "purpose", "label", "age", "created")

CONNECTING: Final = ("factor", "place", "population", "trust")
LEVELS: Final = (*CONNECTING, *REQUEST)

FactsIn = Callable[[int], tuple[Facts, Tie]]
"""The facts and the connection as a revision resolves them."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Clauses that name the same in one dimension and see it alike.

    Attributes:
        clause: what they name, and nothing else.
        rule: one of the rules.
        revision: by whose vocabulary and geography.
        members: numbers of the clauses.
    """

    clause: Clause
    rule: Rule
    revision: int
    members: int


class Sights:
    """Sees values by the clauses of a neighbourhood, numbered; keeps what it has seen."""

    def __init__(
        self,
        rulesets: tuple[Ruleset, Ruleset],
        neighbours: Sequence[Neighbour],
        own: Collection[str],
    ) -> None:
        """Number the clauses of `neighbours`; `own` are the changed rule and those acting on it."""
        self.rulesets = rulesets
        self.positions: list[Position] = []
        self.connecting = self.doubtful_at_low_trust = 0
        self._number = 0
        self._groups: dict[str, dict[Hashable, _Group]] = {name: {} for name in FIELDS}
        for neighbour in neighbours:
            masks = {part: self._add(neighbour, part) for part in PARTS}
            self.positions.append(Position(neighbour.rule, neighbour.revisions, **masks))
        self._own = union(p.clauses for p in self.positions if p.rule.id in own)
        self._masks = [(p.body, p.clauses) for p in self.positions]
        self._standing = [
            union(p.clauses for p in self.positions if revision in p.revisions)
            for revision in range(len(rulesets))
        ]
        self.everything = (1 << self._number) - 1
        self._named = {
            d: union(g.members for g in groups.values()) for d, groups in self._groups.items()
        }
        self._spans = {name: self._spans_of(name) for name in ("place", "product")}
        self._given: dict[tuple[str, int], frozenset[str]] = {}
        self._known: dict[Hashable, Column] = {}

    def _spans_of(self, dimension: str) -> tuple[Span, ...]:
        """Return the spans for which places are of groups, or products of kinds."""
        found: set[Span] = set()
        for ruleset in self.rulesets:
            if dimension == "place":
                names = {name for clause in self.named("place") for name in clause.places or ()}
                for name in names:
                    found.update(*ruleset.atlas.groups.get(name, {}).values())
            elif self._named["product"]:
                kinds = ruleset.lexicon.product_kinds.values()
                found.update(kind.span for several in kinds for kind in several)
        return tuple(found - {ALWAYS})

    def _add(self, neighbour: Neighbour, part: str) -> int:
        """Number the clauses of one part of a rule."""
        mask = 0
        for clause in getattr(neighbour.rule, part):
            bit = 1 << self._number
            self._number += 1
            mask |= bit
            self.connecting |= bit * clause.names_connection
            if clause.names_connection and not clause.low_trust:
                self.doubtful_at_low_trust |= bit
            for dimension in FIELDS:
                self._group(dimension, clause, neighbour, bit)
        return mask

    def _group(self, dimension: str, clause: Clause, neighbour: Neighbour, bit: int) -> None:
        """Put a clause to those that see `dimension` as it does, if it names it."""
        given = {field: getattr(clause, field) for field in FIELDS[dimension]}
        named = {field: value for field, value in given.items() if value not in (None, False)}
        if not named:
            return
        rule, revision = neighbour.rule, neighbour.revisions[-1]
        alone = Clause(**named)
        special: Hashable = ""
        if dimension == "place":
            special = rule.part_unknown
        elif dimension == "product":
            special = rule.jurisdiction
        groups = self._groups[dimension]
        key = (alone, special, revision)
        members = groups[key].members if key in groups else 0
        groups[key] = _Group(alone, rule, revision, members | bit)

    def named(self, dimension: str) -> list[Clause]:
        """Return what the clauses name in `dimension`, each set once."""
        return [group.clause for group in self._groups[dimension].values()]

    def is_named(self, dimension: str) -> bool:
        """Return whether any clause names `dimension`."""
        return bool(self._named[dimension])

    def naming_of(self, dimension: str) -> Naming:
        """Return the sets of names that the clauses of each revision give for a dimension."""
        given: list[dict[Names, None]] = [{}, {}]
        for group in self._groups[dimension].values():
            for field in FIELDS[dimension]:
                names = getattr(group.clause, field)
                if names is not None:
                    given[group.revision][names] = None
        in_cells = all(given) and given[0] != given[1]
        return Naming(dimension, tuple({**given[0], **given[1]}), in_cells)

    def naming(self, dimension: str, rule_ids: Collection[str]) -> tuple[int, frozenset[str]]:
        """Return which clauses of some rules name `dimension`, and the names that they give."""
        clauses = union(p.clauses for p in self.positions if p.rule.id in rule_ids)
        names: set[str] = set()
        for group in self._groups[dimension].values():
            if group.members & clauses:
                for field in FIELDS[dimension]:
                    given = getattr(group.clause, field)
                    names |= given if isinstance(given, frozenset) else set()
        return self._named[dimension] & clauses, frozenset(names)

    def naming_any(self, dimension: str) -> int:
        """Return the clauses that name `dimension`."""
        return self._named[dimension]

    def own_names(self, dimension: str) -> frozenset[str]:
        """Return the names that the changed rule and those acting on it give in `dimension`."""
        return self._names_of(dimension, self._own)

    def _names_of(self, dimension: str, clauses: int) -> frozenset[str]:
        key = (dimension, clauses)
        if key not in self._given:
            groups = [g.clause for g in self._groups[dimension].values() if g.members & clauses]
            fields = [getattr(clause, field) for clause in groups for field in FIELDS[dimension]]
            self._given[key] = frozenset[str]().union(*filter(None, fields))
        return self._given[key]

    def doubts(self, doubts: Sequence[Doubt], alive: int) -> tuple[Doubt, ...]:
        """Return what is in doubt by each dimension, as far as clauses are `alive`."""
        return tuple(
            self.doubt(dimension, mask & alive, names)
            for dimension, (mask, names) in zip(LEVELS, doubts, strict=False)
        )

    def doubt(self, dimension: str, mask: int, names: frozenset[str]) -> Doubt:
        """Return a doubt about the clauses of `mask`, with those of `names` that own ones give."""
        if not (mask and names):
            return mask, frozenset()
        return mask, names & self._names_of(dimension, mask & self._own)

    def dating(self, dimension: str, now: datetime) -> Hashable:
        """Return what the meaning of the values of a dimension depends on at `now`."""
        if dimension == "age":
            return now if self._named["age"] else None
        if dimension in ("place", "product"):
            return tuple(span.holds(now) for span in self._spans[dimension])
        return None

    def of_others(self, dimension: str, clauses: int) -> int:
        """Return the clauses that name `dimension` and are not among `clauses`."""
        return self._named[dimension] & ~clauses

    def of_request(self, dimension: str, question: Question, now: datetime) -> Column:
        """Return how the value that `question` gives for `dimension` is seen at `now`."""

        def facts_in(revision: int) -> tuple[Facts, Tie]:
            ruleset = self.rulesets[revision]
            return resolve(question, ruleset.lexicon, ruleset.atlas), NULL_TIE

        return self._see(dimension, facts_in, now)

    def of_tie(self, dimension: str, ties: tuple[Tie, Tie], now: datetime) -> Column:
        """Return how one dimension of a connection is seen, as each revision resolves it."""
        nothing = Facts(None, None)
        return self._see(dimension, lambda revision: (nothing, ties[revision]), now)

    def _see(self, dimension: str, facts_in: FactsIn, now: datetime) -> Column:
        """Return the clauses that meet one dimension, those that don't name it included."""
        free = self.everything & ~self._named[dimension]
        certain = possible = free
        sights: dict[int, tuple[Sight, Tie]] = {}
        for group in self._groups[dimension].values():
            if group.revision not in sights:
                facts, tie = facts_in(group.revision)
                ruleset = self.rulesets[group.revision]
                sights[group.revision] = (Sight(facts, now, ruleset.lexicon, ruleset.atlas), tie)
            sight, tie = sights[group.revision]
            found = conjunction(a.value for a in atoms_of(group.clause, group.rule, tie, sight))
            if found is Truth.T:
                certain |= group.members
            if found is not Truth.F:
                possible |= group.members
        return certain, possible

    def of_whole_tie(self, ties: tuple[Tie, Tie], now: datetime) -> Column:
        """Return how a connection is seen in all its dimensions, caps applied."""
        key = (ties, self.dating("place", now))
        known = self._known.get(key)
        if known is None:
            columns = [
                self.of_tie(d, ties, now) for d in ("factor", "place", "population", "trust")
            ]
            known = self._known[key] = self.capped(conjoin(columns), ties)
        return known

    def standing_in(self, revision: int) -> int:
        """Return the clauses of the rules that stand in a revision."""
        return self._standing[revision]

    def in_force(self, now: datetime) -> int:
        """Return the clauses of the rules in force at `now`."""
        return union(p.clauses for p in self.positions if p.rule.timeline.state_at(now) is not None)

    def outcomes_at(self, now: datetime, alive: int) -> Hashable:
        """Return the outcomes at `now` of the rules of which clauses are `alive`."""
        return tuple(
            (number, position.rule.timeline.state_at(now))
            for number, position in enumerate(self.positions)
            if position.clauses & alive
        )

    def of_open_bodies(self, possible: int) -> int:
        """Return those of the `possible` clauses whose rules have a body that is possible."""
        kept = 0
        for body, clauses in self._masks:
            if body & possible:
                kept |= clauses
        return possible & kept

    def capped(self, column: Column, ties: tuple[Tie, Tie]) -> Column:
        """Leave in doubt the clauses that name a connecting dimension of a doubtful tie."""
        certain, possible = column
        for standing, tie in zip(self._standing, ties, strict=True):
            if tie.ghost:
                certain &= ~(self.connecting & standing)
            elif tie.low_trust:
                certain &= ~(self.doubtful_at_low_trust & standing)
        return certain, possible
