"""Revelations: questions that show what a rule adds otherwise although others seem to hide it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from comity.policy.diffing.alone import AloneAsker, own_neighbours
from comity.policy.diffing.answers import Shift
from comity.policy.diffing.changes import Pair
from comity.policy.diffing.concealment import ConcealmentAsker
from comity.policy.diffing.inspections import Inspection, Kind
from comity.policy.diffing.neighbours import Neighbour
from comity.policy.diffing.scenes import Scene
from comity.policy.diffing.surroundings import surroundings_of
from comity.policy.diffing.witnesses import plain_question

MOST_ROUNDS: Final = 6
MOST_HIDING: Final = 12


@dataclass(frozen=True, slots=True)
class Revelation:
    """A kind of difference that shows after all.

    Attributes:
        inspection: the rule among those that seemed to hide it.
        kind: the questions that show it.
    """

    inspection: Inspection
    kind: Kind


class Revealing:
    """Looks for what others seem to hide.

    The rules that bear on a question that shows nothing are the first to be suspected. If they
    don't hide the rule everywhere, those that bear on a question that they don't explain come to
    them.

    Attributes:
        unproven: kinds of which it is not known whether others hide them everywhere.
    """

    def __init__(self, pair: Pair, own: list[Neighbour], alone: AloneAsker, scene: Scene) -> None:
        """Look at `pair`, of which `alone` asks."""
        self._pair = pair
        self._own = own
        self._alone = alone
        self._scene = scene
        self.unproven = set[Shift]()

    def found(self, seen_by: Inspection, hidden: dict[Shift, Kind]) -> Iterator[Revelation]:
        """Yield the kinds of `hidden`, seen of the rule alone, that show."""
        left = set(hidden)
        hiding = set[str]()
        for kind in hidden.values():
            bearing = [
                self._scene.asker.bearing(plain_question(seen_by.search, box, now), now)
                for box, now in kind.boxes.items()
            ]
            hiding |= min(bearing, key=len)
        for _ in range(MOST_ROUNDS):
            if len(hiding) > MOST_HIDING:
                break
            asker, inspection = self._among(hiding, left)
            proven = True
            for known in (True, False):
                tried, shown = self._try(inspection, known=known)
                proven = proven and tried
                for kind in shown.values():
                    yield Revelation(inspection, kind)
            left = asker.sought
            unsettled = {s: ids for s, ids in asker.unsettled.items() if s in left}
            more = frozenset[str]().union(*unsettled.values()) - hiding
            if proven and not unsettled:
                left = set()
            if not left or not more:
                break
            hiding |= more
        self.unproven = left

    def _among(self, hiding: set[str], sought: set[Shift]) -> tuple[ConcealmentAsker, Inspection]:
        """Return what looks at the rule among others that may hide it."""
        scene, drift = self._scene, self._scene.changes.drift
        near = {(n.rule.id, n.revisions): n for n in self._own}
        others = []
        for rule_id in sorted(hiding - {self._pair.id}):
            other = scene.pair(rule_id)
            own = own_neighbours(other, scene.revisions, drift)
            near |= {(n.rule.id, n.revisions): n for n in own}
            others.append(AloneAsker(other, scene.revisions, own, drift, scene.ground))
        asker = ConcealmentAsker(self._alone, others, scene.asker, sought)
        neighbours = list(near.values())
        return asker, Inspection(self._pair, scene.revisions, neighbours, asker, scene.ground)

    def _try(self, inspection: Inspection, *, known: bool) -> tuple[bool, dict[Shift, Kind]]:
        """Return whether all was tried, and what showed."""
        scene, search = self._scene, inspection.search
        instants = [now for _, now in inspection.instants()]
        surroundings = surroundings_of(
            inspection.sights, search.classes, scene.ground, scene.changes.drift, instants
        )
        among = [c for c in surroundings.companies if c.is_known or not known]
        before = search.spent
        shown = inspection.kinds(among, known=known, most=scene.hidden.up_to(before))
        scene.hidden.spend(search.spent - before)
        complete = surroundings.is_complete and search.is_complete
        return complete and not search.classes.untried, shown
