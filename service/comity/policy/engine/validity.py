"""Validity: the first instant at which an answer could change by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from comity.domain.facts import BornBetween
from comity.policy.engine.ages import Ages, Birthday
from comity.policy.engine.moments import LAST, Calendar, Moment
from comity.policy.engine.scenes import Scene
from comity.policy.engine.table import RuleTable
from comity.policy.engine.weighing import disjoin, weigh
from comity.policy.rules import ConflictRuling


@dataclass(frozen=True, slots=True)
class Validity:
    """How long an answer stands.

    Attributes:
        until: first instant at which it could change, birthdays left aside; None if never.
        birthdays: birthdays that could change it.
        kept_until: until when it is the answer to equal facts in every detail, if the birthdays
            reached stay the same.
    """

    until: datetime | None
    birthdays: tuple[Birthday, ...]
    kept_until: datetime


class Horizon:
    """Finds how long answers stand."""

    __slots__ = ("_ages", "_calendar", "_rulings", "_table")

    def __init__(
        self,
        table: RuleTable,
        calendar: Calendar,
        ages: Ages,
        rulings: Iterable[ConflictRuling],
    ) -> None:
        """Serve the rules of `table`; `rulings` settle their clashes for some time."""
        self._table = table
        self._calendar = calendar
        self._ages = ages
        numbers = {rule.id: number for number, rule in enumerate(table.rules)}
        self._rulings = [
            (1 << numbers[r.forbid_rule_id] | 1 << numbers[r.require_rule_id], r.expires)
            for r in rulings
            if r.forbid_rule_id in numbers and r.require_rule_id in numbers
        ]

    def of(self, scene: Scene, moment: Moment) -> Validity:
        """Return how long the answer to `scene` stands."""
        live = self._live(scene, moment)
        clashing = self._clashing(scene, moment)
        concerned = live | clashing
        now = scene.now
        expiries = [
            expires for pair, expires in self._rulings if pair & ~clashing == 0 and expires > now
        ]
        flip = self._calendar.first_change(concerned, moment)
        flips = [] if flip is None else [flip]
        acting = concerned & moment.in_force
        until = [edge for rules, edge in scene.changes if rules & acting]
        kept = [edge for rules, edge in scene.changes if rules & concerned]
        kept += [edge for tie in scene.facts.ties for edge in (tie.since, tie.until) if edge]
        if self._calendar.recurs(concerned):
            kept.append(moment.recurring_end)
        born = isinstance(scene.facts.age, BornBetween)
        return Validity(
            until=min(flips + until + expiries, default=None),
            birthdays=self._ages.named_by(acting) if born else (),
            kept_until=min((e for e in flips + kept + expiries if e > now), default=LAST),
        )

    def _live(self, scene: Scene, moment: Moment) -> int:
        """Return the rules that could still be met, with all that time can change in doubt."""
        return weigh(
            self._table,
            scene.relaxed_sightings,
            moment.in_force & ~moment.changing,
            moment.in_force | moment.changing,
        ).total.possible

    def _clashing(self, scene: Scene, moment: Moment) -> int:
        """Return the rules that could clash with others, connecting dimensions left aside."""
        if not self._table.requiring:
            return 0
        planes = self._table.planes
        possible = disjoin(planes.body, scene.relaxed_base)[1]
        excepted = disjoin(planes.exceptions, scene.relaxed_base)[0]
        concerned = (moment.in_force | moment.changing) & possible & ~excepted
        forbidding = concerned & self._table.forbidding
        requiring = concerned & self._table.requiring
        return forbidding | requiring if forbidding and requiring else 0
