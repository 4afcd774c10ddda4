"""Clashes: duties of different authorities that can't both be met."""

from __future__ import annotations

from datetime import datetime

from comity.domain.decision import Conflict
from comity.domain.effect import Outcome, Restrict, Withhold
from comity.policy.engine.bits import numbers_in
from comity.policy.engine.columns import Column
from comity.policy.engine.moments import Moment
from comity.policy.engine.rulings import Rulings
from comity.policy.engine.table import RuleTable
from comity.policy.engine.weighing import disjoin


def takes_away(outcome: Outcome) -> bool:
    """Return whether `outcome` keeps an object from somebody."""
    return outcome.denied or any(isinstance(o, Restrict | Withhold) for o in outcome.obligations)


class Clashes:
    """Finds the duties that clash."""

    __slots__ = ("_authorities", "_rulings", "_table", "_taking")

    def __init__(self, table: RuleTable, rulings: Rulings) -> None:
        """Serve the rules of `table`, whose clashes `rulings` settle."""
        self._table = table
        self._taking = tuple(takes_away(outcome) for outcome in table.outcomes)
        self._authorities = tuple(rule.text.authority for rule in table.rules)
        self._rulings = rulings

    def among(
        self, held: int, base: tuple[Column, ...], moment: Moment, now: datetime
    ) -> tuple[Conflict, ...]:
        """Return the clashes of which one side is held and the other concerns the same object.

        `held` are the rules held, rulings left aside; `base` are the columns of person and
        request: places are left aside.
        """
        table = self._table
        carrying = table.carrying & moment.in_force
        if not carrying or not held & (carrying | table.forbidding):
            return ()
        planes = table.planes
        body, _ = disjoin(planes.body, base)
        _, excepted = disjoin(planes.exceptions, base)
        concerned = held | (moment.in_force & body & ~excepted)
        found = []
        for require in numbers_in(carrying & concerned):
            others = concerned if held >> require & 1 else held
            found += [
                self._conflict(forbid, require, now)
                for forbid in numbers_in(others & table.forbidding & moment.in_force)
                if self._clash(forbid, require, now)
            ]
        return tuple(sorted(found))

    def _clash(self, forbid: int, require: int, now: datetime) -> bool:
        """Return whether the rule takes something away that another authority wants carried."""
        if self._authorities[forbid] == self._authorities[require]:
            return False
        return self._taking[self._table.outcome_number(forbid, now)]

    def _conflict(self, forbid: int, require: int, now: datetime) -> Conflict:
        """Return the clash with the preference given it, if that ruling still holds."""
        rules = self._table.rules
        resolved_for = self._rulings.resolved_for(forbid, require, now)
        return Conflict(rules[forbid].id, rules[require].id, resolved_for)
