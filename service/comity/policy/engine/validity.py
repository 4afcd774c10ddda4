"""Validity: the first instant at which an answer could change by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from comity.domain.facts import BornBetween, Facts
from comity.policy.engine.ages import Ages, Birthday
from comity.policy.engine.moments import LAST, Calendar, Moment
from comity.policy.engine.rulings import Rulings
from comity.policy.engine.scenes import Scene
from comity.policy.engine.table import RuleTable
from comity.policy.engine.weighing import InForce, disjoin, weigh


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
        rulings: Rulings,
    ) -> None:
        """Serve the rules of `table`; `rulings` settle their clashes for some time."""
        self._table = table
        self._calendar = calendar
        self._ages = ages
        self._rulings = rulings

    def of(self, scene: Scene, moment: Moment) -> Validity:
        """Return how long the answer to `scene` stands."""
        live = self._live(scene, moment)
        concerned = live | self._clashing(live, scene, moment)
        now = scene.now
        if not concerned:
            return Validity(None, (), next_edge(scene.facts, now))
        expiries = self._rulings.expiries(concerned, now)
        flip = self._calendar.first_change(concerned, moment)
        flips = [] if flip is None else [flip]
        acting = concerned & moment.in_force
        until = [edge for rules, edge in scene.changes if rules & acting]
        kept = [edge for rules, edge in scene.changes if rules & concerned]
        kept.append(next_edge(scene.facts, now))
        if self._calendar.recurs(concerned):
            kept.append(moment.recurring_end)
        born = isinstance(scene.facts.age, BornBetween)
        return Validity(
            until=min(flips + until + expiries, default=None),
            birthdays=self._ages.named_by(acting) if born else (),
            kept_until=min((e for e in flips + kept + expiries if e > now), default=LAST),
        )

    def _live(self, scene: Scene, moment: Moment) -> int:
        """Return the rules that could still be met, with all that time can change in doubt.

        A rule that derogates others is live even where it is derogated: its own value counts for
        them. A requirement that a ruling prefers removes nothing for good: the ruling will expire.
        """
        if not any(sighting.columns for sighting in scene.relaxed_sightings):
            return 0
        for_good = moment.in_force & ~moment.changing
        in_force = InForce(for_good, moment.in_force | moment.changing)
        total = weigh(self._table, scene.relaxed_sightings, in_force).total
        derogating = self._table.derogating | moment.preferences.preferred
        return total.possible | (total.alone_possibly & derogating)

    def _clashing(self, live: int, scene: Scene, moment: Moment) -> int:
        """Return the rules that a live rule of the other kind may clash with.

        Connecting dimensions are left aside in a clash, so rules that are not live can take part.
        """
        if not self._table.requiring:
            return 0
        planes = self._table.planes
        possible = disjoin(planes.body, scene.base.relaxed)[1]
        excepted = disjoin(planes.exceptions, scene.base.relaxed)[0]
        concerned = (moment.in_force | moment.changing) & possible & ~excepted
        forbidding, requiring = self._table.forbidding, self._table.requiring
        clashing = concerned & forbidding if live & requiring else 0
        return clashing | (concerned & requiring if live & forbidding else 0)


def next_edge(facts: Facts, now: datetime) -> datetime:
    """Return the first instant after `now` at which a connection begins or ends."""
    edges = [
        edge
        for tie in facts.ties
        if tie.since is not None or tie.until is not None
        for edge in (tie.since, tie.until)
        if edge is not None and edge > now
    ]
    return min(edges, default=LAST)
