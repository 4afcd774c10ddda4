"""Unknown facts: what leaves the few rules in doubt that are neither met nor excluded."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import datetime

from comity.domain.facts import FactKey, Facts, Members, Tie
from comity.policy.engine.bits import holds, numbers_in
from comity.policy.engine.kinds import AllKinds
from comity.policy.engine.planes import CONNECTING, NEGATED, Dimension, names_of
from comity.policy.engine.scenes import Scene
from comity.policy.engine.table import RuleTable
from comity.policy.engine.weighing import Weighing

SETS = (Dimension.ITEM, Dimension.PURPOSE, Dimension.LABEL)
SINGLE = {
    Dimension.ACTION: FactKey("action"),
    Dimension.PRODUCT: FactKey("product"),
    Dimension.DEVICE: FactKey("device"),
    Dimension.AGE: FactKey("age"),
    Dimension.CREATED: FactKey("account_created"),
}


class Unknowns:
    """Finds the unknown facts that leave rules in doubt."""

    __slots__ = ("_derogators", "_kinds", "_table")

    def __init__(self, table: RuleTable, kinds: AllKinds) -> None:
        """Serve the rules of `table`."""
        self._table = table
        self._kinds = kinds
        derogators: dict[int, list[int]] = {}
        for special, targets in table.targets.items():
            for target in numbers_in(targets):
                derogators.setdefault(target, []).append(special)
        self._derogators = derogators

    def of_rule(self, number: int, scene: Scene, weighing: Weighing) -> frozenset[FactKey]:
        """Return the unknown facts that leave a rule in doubt on the connections where it is."""
        keys: set[FactKey] = set()
        for position, verdicts in enumerate(weighing.by_tie):
            if holds(verdicts.certain, number) or not holds(verdicts.possible, number):
                continue
            keys.update(self._of_parts(number, position, scene))
            doubtful = verdicts.alone_possibly & ~verdicts.alone
            preferred = weighing.preferences.over.items()
            over = [require for require, rules in preferred if holds(rules, number)]
            for special in (*self._derogators.get(number, ()), *over):
                if holds(doubtful, special):
                    keys.update(self._of_parts(special, position, scene))
        return frozenset(keys)

    def _of_parts(self, number: int, position: int, scene: Scene) -> Iterator[FactKey]:
        """Yield the unknown facts of the parts of a rule that are in doubt on one connection."""
        planes = self._table.planes
        here = range(position, position + 1)
        anywhere = range(len(scene.sightings))
        for part, positions in (
            (planes.body, here),
            (planes.exceptions, here),
            (planes.person_exceptions, anywhere),
            (planes.person_conditions, anywhere),
        ):
            yield from self._of_part(number, part, positions, scene)

    def _of_part(
        self, number: int, part: range, positions: range, scene: Scene
    ) -> Iterator[FactKey]:
        """Yield the unknown facts of the clauses in doubt; none if any clause is met."""
        doubtful = []
        for position in positions:
            columns = scene.sightings[position].columns
            for plane in part if columns else ():
                certain, possible = columns[plane]
                if holds(certain, number):
                    return
                if holds(possible, number):
                    doubtful.append((plane, position))
        for plane, position in doubtful:
            yield from self._of_clause(number, plane, position, scene)

    def _of_clause(self, number: int, plane: int, position: int, scene: Scene) -> Iterator[FactKey]:
        """Yield the unknown facts of one clause on one connection."""
        tie, seen = scene.sightings[position].tie, scene.ties[position]
        clause = self._table.planes.listed[plane].clauses[number]
        if clause.names_connection and tie.ghost:
            yield FactKey("connection", member=tie.factor)
        elif clause.names_connection and tie.low_trust and not clause.low_trust:
            yield FactKey("trust", factor=tie.factor, place=tie.place)
        for dimension, names in names_of(clause).items():
            connecting = dimension in CONNECTING
            if connecting and tie.ghost:
                continue
            columns = (seen.parts if connecting else scene.base.general)[dimension][plane]
            if columns is not None and holds(columns[1] & ~columns[0], number):
                yield from self._of_atom(dimension, names, tie, scene)

    def _of_atom(
        self, dimension: Dimension, names: frozenset[Hashable], tie: Tie, scene: Scene
    ) -> Iterator[FactKey]:
        """Yield the unknown facts of one atom in doubt."""
        plain = NEGATED.get(dimension, dimension)
        if plain in SINGLE:
            yield SINGLE[plain]
        elif plain in SETS:
            members = _members(plain, scene.facts, scene.now)
            for name in self._kinds[plain].doubtful(members) & names:
                yield FactKey(plain.value, str(name))
        elif dimension is Dimension.POPULATION:
            for name in self._kinds[dimension].doubtful(tie.populations) & names:
                yield FactKey(dimension.value, str(name), tie.factor, tie.place)
        else:
            yield FactKey(dimension.value, factor=tie.factor, place=tie.place)


def _members(dimension: Dimension, facts: Facts, now: datetime) -> Members:
    """Return the set-valued fact of `dimension`."""
    if dimension is Dimension.ITEM:
        return facts.items
    if dimension is Dimension.PURPOSE:
        return facts.purposes
    return facts.label_members(now)
