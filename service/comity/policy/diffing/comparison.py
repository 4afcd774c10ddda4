"""Comparison: everything that differs between the answers of two revisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity.policy.diffing.answers import Asker, Askers, Shift
from comity.policy.diffing.changes import Changes, Pair, Revision, find_changes
from comity.policy.diffing.companies import NEUTRAL, Company, companies
from comity.policy.diffing.geography import Ground, build_ground
from comity.policy.diffing.instants import Stretch, stretches, zones_of
from comity.policy.diffing.meetings import Meetings
from comity.policy.diffing.neighbours import Neighbour, Neighbourhoods
from comity.policy.diffing.regions import (
    Box,
    Region,
    Sightings,
    boxes_of,
    periods_of,
)
from comity.policy.diffing.search import UNBOUNDED, Node, Search
from comity.policy.diffing.sights import Sights
from comity.policy.diffing.witnesses import find_witness
from comity.policy.engine import Engine
from comity.policy.rules import Ruleset
from comity.policy.yaml_nodes import paused_collector

# So many questions in doubt are tried in a comparison, shared evenly by the rules through which
# answers can differ, what one rule leaves going to the next; twice as many for one rule alone.
MOST_IN_DOUBT: Final = 4_000
# In so many combinations of other connections and instants those near a rule are tried.
MOST_COMPANIES_TRIED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two revisions of a set of rules.

    Attributes:
        changes: the rules that differ.
        regions: questions answered differently, those with all facts known first.
        silent: ids of rules that say something else without any answer being different.
        is_complete: whether all kinds of difference were found, those in doubt included.
    """

    changes: Changes
    regions: tuple[Region, ...]
    silent: tuple[str, ...]
    is_complete: bool


@paused_collector()
def compare_rulesets(
    old: Ruleset, new: Ruleset, without: str = "", *, most: int | None = MOST_IN_DOUBT
) -> Comparison:
    """Return all that differs between the answers by `old` and by `new`.

    With `without`, a place or group, only questions without any connection to it, recorded or
    possible, are asked. At `most` so many questions in doubt are tried, all with None.
    """
    revisions = (Revision(old), Revision(new))
    changes = find_changes(*revisions)
    found: dict[tuple[Box, Shift, object], Region] = {}
    complete = True
    if changes.affected:
        ground = build_ground((old, new), without)
        hoods = Neighbourhoods(revisions, changes.drift)
        size = max(len(old.rules), len(new.rules))
        asker = Asker((Engine(old), Engine(new)), ground, size)
        if most is not None and len(changes.affected) == 1:
            most *= 2
        for number, pair in enumerate(changes.affected):
            share = None if most is None else most // (len(changes.affected) - number)
            comparing = _Comparing(pair, revisions, hoods, asker, ground, most=share)
            for region in comparing.regions():
                key = (region.box, region.shift, region.periods)
                known = found.get(key)
                found[key] = region if known is None else known.also_by(region.rule_ids)
            complete = complete and comparing.is_complete
            most = None if most is None else max(0, most - comparing.spent_in_doubt)
    regions = sorted(found.values(), key=lambda region: not region.known)
    named = {rule_id for region in regions for rule_id in region.rule_ids}
    candidates = (*changes.added, *changes.removed, *changes.reworded)
    silent = tuple(i for i in candidates if i not in named)
    return Comparison(changes, tuple(regions), silent, complete)


Seen = dict[tuple[Box, Shift], Sightings]


class _Comparing:
    """Compares the answers through one rule."""

    def __init__(
        self,
        pair: Pair,
        revisions: tuple[Revision, Revision],
        hoods: Neighbourhoods,
        asker: Asker,
        ground: Ground,
        *,
        most: int | None,
    ) -> None:
        rulesets = (revisions[0].ruleset, revisions[1].ruleset)
        neighbours = hoods.of(pair)
        own = {pair.id, *(r.id for revision in revisions for r in revision.acting_on(pair.id))}
        sights = Sights(rulesets, neighbours, own)
        self._pair = pair
        self._askers = Askers(_near(neighbours, rulesets, ground), asker)
        self._meetings = Meetings(pair, revisions, sights.positions)
        self._search = Search(
            sights, self._meetings, self._askers, ground, len(zones_of(neighbours))
        )
        self._neighbours = neighbours
        self._kin = hoods.kin_of(neighbours, pair)
        self._own_ids = frozenset(own)
        self._own = [n for n in neighbours if n.rule.id in own]
        self._rulesets = rulesets
        self._ground = ground
        self._stretches: list[Stretch] = []
        self._companies: list[Company] = []
        self._most = most
        self.spent_in_doubt = 0

    def _outlook(self, *, thorough: bool) -> None:
        """Choose when and in what company to ask: by the rule itself, or by all near it."""
        whose = self._neighbours if thorough else self._own
        zones = sorted(zones_of(whose))
        self._stretches = stretches(self._neighbours, zones, self._rulesets, self._ground)
        found = companies(self._kin if thorough else self._own, self._ground)
        self._companies = found if thorough else [c for c in found if c.is_known]
        tries = sum(len(stretch.instants) for stretch in self._stretches) * len(self._companies)
        if thorough and self._most is not None and tries > MOST_COMPANIES_TRIED:
            most = MOST_COMPANIES_TRIED * len(self._companies) // tries
            self._companies = self._companies[: max(1, most)]
            self._search.is_complete = False

    @property
    def is_complete(self) -> bool:
        """Whether no search gave up."""
        return self._search.is_complete

    def regions(self) -> Iterator[Region]:
        """Yield the regions in which answers differ.

        Other connections are those that the rule itself asks about; if nothing differs, also
        those that other rules near it ask about, known or in doubt.
        """
        self._outlook(thorough=False)
        found = self._see(self._companies, known=True)
        doubtful = self._see([NEUTRAL], known=False)
        if not (found or doubtful):
            self._outlook(thorough=True)
            found = self._see([c for c in self._companies if c.is_known], known=True)
        if not (found or doubtful):
            doubtful = self._see(self._companies, known=False)
        told = {shift for _, shift in found}
        others = {key: value for key, value in doubtful.items() if key[1] not in told}
        for seen in (found, _simplest(others)):
            for (box, shift), sightings in seen.items():
                yield Region(
                    rule_ids=(self._pair.id,),
                    box=box,
                    shift=shift,
                    known=seen is found,
                    periods=periods_of(sightings, self._stretches),
                    witness=find_witness(self._search, self._askers, box, sightings, self._ground),
                    scopes=self._search.classes.scopes(sightings.first, self._own_ids),
                    stand_ins=self._search.classes.stand_ins,
                    excepting=any(n.rule.person_exceptions for n in self._own),
                )

    def _see(self, among: Sequence[Company], *, known: bool) -> Seen:
        """Return what differs for people in the companies `among`, and when.

        Of questions in doubt about other connections than neutral ones one is enough.
        """
        seen: Seen = {}
        instants = [
            (number, now)
            for number, stretch in enumerate(self._stretches)
            for now in stretch.instants
            if self._meetings.in_force(now)
        ]
        for number, now in instants:
            usual: list[tuple[Box, Shift]] = []
            for company in among:
                node = self._run(now, company, known=known)
                for box, shift in boxes_of(node, company):
                    if company is NEUTRAL:
                        usual.append((box, shift))
                    elif any(s == shift and b.holds(box) for b, s in usual):
                        continue
                    sightings = Sightings(now, self._search.example(shift))
                    seen.setdefault((box, shift), sightings).add(number, now)
                if seen and not known and company is not NEUTRAL:
                    return seen
        return seen

    def _run(self, now: datetime, company: Company, *, known: bool) -> Node:
        """Search at `now`, in doubt as long as any questions are left."""
        if known:
            return self._search.run(now, company, known=True)
        most = UNBOUNDED
        if self._most is not None:
            most = max(0, self._most - self.spent_in_doubt)
        before = self._search.spent
        node = self._search.run(now, company, known=False, most=most)
        self.spent_in_doubt += self._search.spent - before
        return node


def _near(
    neighbours: Sequence[Neighbour], rulesets: tuple[Ruleset, Ruleset], ground: Ground
) -> Asker:
    """Return what asks of a neighbourhood alone."""
    before, after = (
        Engine(replace(whole, rules=tuple(n.rule for n in neighbours if number in n.revisions)))
        for number, whole in enumerate(rulesets)
    )
    return Asker((before, after), ground, len(neighbours))


def _simplest(seen: Seen) -> Seen:
    """Return for each kind of difference the plainest box, with all times of that kind."""
    kept: dict[Shift, tuple[Box, Sightings]] = {}
    for (box, shift), sightings in seen.items():
        if shift not in kept:
            kept[shift] = (box, Sightings(sightings.first, sightings.example))
        best, whole = kept[shift]
        if _complexity(box) < _complexity(best):
            whole.first, whole.example = sightings.first, sightings.example
            kept[shift] = (box, whole)
        for number, instants in sightings.stretches.items():
            for now in instants:
                kept[shift][1].add(number, now)
    return {(box, shift): sightings for shift, (box, sightings) in kept.items()}


def _complexity(box: Box) -> tuple[bool, int]:
    return box.company is not NEUTRAL, sum(len(values) == 1 for values in box.values)
