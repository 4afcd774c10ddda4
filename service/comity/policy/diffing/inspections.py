"""Inspections: where answers differ through one rule, as some rules around it tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from comity.policy.diffing.alone import AloneAsker
from comity.policy.diffing.answers import Askers, Shift
from comity.policy.diffing.changes import Pair, Revision
from comity.policy.diffing.companies import Company
from comity.policy.diffing.concealment import ConcealmentAsker
from comity.policy.diffing.geography import Ground
from comity.policy.diffing.instants import Stretch, stretches, zones_of
from comity.policy.diffing.meetings import Meetings
from comity.policy.diffing.neighbours import Neighbour
from comity.policy.diffing.regions import Box, Sightings, boxes_of, plainest_boxes
from comity.policy.diffing.search import UNBOUNDED, Node, Search
from comity.policy.diffing.sights import Sights

Seen = dict[tuple[Box, Shift], Sightings]


@dataclass(slots=True)
class Kind:
    """One kind of difference, seen in doubt.

    Attributes:
        boxes: the plainest questions that show it, each with the first instant at which it does.
        sightings: where and when it was seen.
    """

    sightings: Sightings
    boxes: dict[Box, datetime] = field(default_factory=dict)


class Inspection:
    """Inspects one rule among some.

    Attributes:
        search: what tries the questions.
        own: the rule, in its versions, and what acts on it.
        own_ids: their ids.
        stretches: the stretches of time that were looked at.
    """

    def __init__(
        self,
        pair: Pair,
        revisions: tuple[Revision, Revision],
        neighbours: Sequence[Neighbour],
        askers: Askers | AloneAsker | ConcealmentAsker,
        ground: Ground,
    ) -> None:
        """Inspect `pair`, in both `revisions`, among `neighbours`."""
        rulesets = (revisions[0].ruleset, revisions[1].ruleset)
        own = {pair.id, *(r.id for revision in revisions for r in revision.acting_on(pair.id))}
        self.sights = Sights(rulesets, neighbours, own)
        self._meetings = Meetings(pair, revisions, self.sights.positions)
        self.search = Search(self.sights, self._meetings, askers, ground, len(zones_of(neighbours)))
        self.own = [n for n in neighbours if n.rule.id in own]
        self.own_ids = frozenset(own)
        self._neighbours = neighbours
        self._rulesets = rulesets
        self._ground = ground

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The stretches of time in which nothing changes among the rules."""
        zones = sorted(zones_of(self._neighbours))
        return stretches(self._neighbours, zones, self._rulesets, self._ground)

    def instants(self) -> Iterator[tuple[int, datetime]]:
        """Yield the instants at which the rule is in force, with the numbers of their stretches."""
        for number, stretch in enumerate(self.stretches):
            for now in stretch.instants:
                if self._meetings.in_force(now):
                    yield number, now

    def see(self, among: Sequence[Company]) -> Seen:
        """Return what differs with all facts known for people in the companies `among`, and when.

        What differs in other companies as in the first one is told of that alone.
        """
        seen: Seen = {}
        for number, now in self.instants():
            usual: list[tuple[Box, Shift]] = []
            for company in among:
                node = self.search.run(now, company, known=True)
                for box, shift in boxes_of(node, company):
                    if company is among[0]:
                        usual.append((box, shift))
                    elif any(s == shift and b.holds(box) for b, s in usual):
                        continue
                    sightings = Sightings(now, self.search.example(shift))
                    seen.setdefault((box, shift), sightings).add(number, now)
        return seen

    def kinds(
        self, among: Iterable[Company], *, known: bool = False, most: int | None = None
    ) -> dict[Shift, Kind]:
        """Return the kinds of difference, in doubt or not, each with the plainest questions."""
        found: dict[Shift, Kind] = {}
        listed = list(among)
        for number, now in self.instants():
            for company in listed:
                node = self._run(now, company, known=known, most=most)
                for shift, boxes in plainest_boxes(node, company).items():
                    if shift not in found:
                        found[shift] = Kind(Sightings(now, self.search.example(shift)))
                    found[shift].sightings.add(number, now)
                    for box in boxes:
                        found[shift].boxes.setdefault(box, now)
        return found

    def _run(self, now: datetime, company: Company, *, known: bool, most: int | None) -> Node:
        """Search at `now`, as long as any of `most` questions are left."""
        left = UNBOUNDED if most is None else max(0, most - self.search.spent)
        return self.search.run(now, company, known=known, most=left)
