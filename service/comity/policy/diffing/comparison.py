"""Comparison: everything that differs between the answers of two revisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from comity.policy.diffing.additions import companies_with_more
from comity.policy.diffing.alone import AloneAsker, own_neighbours
from comity.policy.diffing.answers import Askers, Shift
from comity.policy.diffing.changes import Changes, Pair, Revision, find_changes
from comity.policy.diffing.companies import Company
from comity.policy.diffing.geography import build_ground
from comity.policy.diffing.inspections import Inspection, Kind
from comity.policy.diffing.paths import Path
from comity.policy.diffing.regions import Box, Region, Sightings, periods_of
from comity.policy.diffing.revelations import Revealing
from comity.policy.diffing.scenes import Scene
from comity.policy.diffing.surroundings import surroundings_of
from comity.policy.diffing.witnesses import find_witness, plain_question, show
from comity.policy.rules import Ruleset
from comity.policy.yaml_nodes import paused_collector

# So many questions are tried in a comparison to see whether other rules hide what a rule adds
# otherwise, where that isn't seen at once.
MOST_TRIED: Final = 6_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two revisions of a set of rules.

    Attributes:
        changes: the rules that differ.
        regions: questions answered differently, those with all facts known first.
        silent: ids of rules that say something else without any answer being different.
        untried: what was not tried, in words; empty if what was not found is not there.
    """

    changes: Changes
    regions: tuple[Region, ...]
    silent: tuple[str, ...]
    untried: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether what was not found is not there."""
        return not self.untried


@paused_collector()
def compare_rulesets(
    old: Ruleset, new: Ruleset, without: str = "", *, most: int | None = MOST_TRIED
) -> Comparison:
    """Return all that differs between the answers by `old` and by `new`.

    With `without`, a place or group, only questions without any connection to it, recorded or
    possible, are asked. Where other rules seem to hide a rule, at `most` so many questions are
    tried, all with None.
    """
    revisions = (Revision(old), Revision(new))
    changes = find_changes(*revisions)
    found: dict[tuple[Box, Shift, object], Region] = {}
    untried: dict[str, None] = {}
    if changes.affected:
        scene = Scene(revisions, changes, build_ground((old, new), without), most=most)
        for pair in changes.affected:
            comparing = _Comparing(pair, scene)
            for region in comparing.regions():
                key = (region.box, region.shift, region.periods)
                known = found.get(key)
                found[key] = region if known is None else known.also_by(region.rule_ids)
            untried |= dict.fromkeys(comparing.untried)
    regions = sorted(found.values(), key=lambda region: not region.known)
    named = {rule_id for region in regions for rule_id in region.rule_ids}
    candidates = (*changes.added, *changes.removed, *changes.reworded)
    silent = tuple(i for i in candidates if i not in named)
    return Comparison(changes, tuple(regions), silent, tuple(untried))


class _Comparing:
    """Compares the answers through one rule.

    Attributes:
        untried: what was not tried.
    """

    def __init__(self, pair: Pair, scene: Scene) -> None:
        self._pair = pair
        self._scene = scene
        drift = scene.changes.drift
        self._own = own_neighbours(pair, scene.revisions, drift)
        self._asker = AloneAsker(pair, scene.revisions, self._own, drift, scene.ground)
        self._alone = Inspection(pair, scene.revisions, self._own, self._asker, scene.ground)
        self.untried: list[str] = []

    def regions(self) -> Iterator[Region]:
        """Yield the regions in which answers differ.

        What the rule alone adds to an answer says where to look. With all facts known every
        question near it is then tried; in doubt, for each kind of difference, one that shows it.
        """
        companies = self._companies()
        known = [company for company in companies if company.is_known]
        kinds = self._alone.kinds(known, known=True)
        shown = set[Shift]()
        if kinds:
            for shift, region in self._known(known):
                shown.add(shift)
                yield region
        if shown:
            kinds = {}
        doubtful = self._doubtful(companies)
        kinds |= {shift: kind for shift, kind in doubtful.items() if shift not in shown}
        hidden: dict[Shift, Kind] = {}
        for shift, kind in kinds.items():
            found = self._shown(kind)
            if found is not None:
                shown.add(shift)
                yield found
            else:
                hidden[shift] = kind
        if shown:  # what it would ask for goes with what it asks for
            hidden = {shift: kind for shift, kind in hidden.items() if shift.shows}
        if hidden:
            yield from self._revealed(hidden)

    def _doubtful(self, companies: Sequence[Company]) -> dict[Shift, Kind]:
        """Return the kinds of difference in doubt, and note if not all questions were tried."""
        alone, scene = self._alone, self._scene
        before = alone.search.spent
        if self._asker.by_facts and not scene.changes.drift.trust:
            # Where all is stated that is presumed otherwise, both revisions see the same facts.
            companies = [c for c in companies if c.omitted or c.indicators]
        found = alone.kinds(companies, most=scene.alone.up_to(before))
        scene.alone.spend(alone.search.spent - before)
        if not alone.search.is_complete:
            self._note("all questions in doubt that rule {} tells apart")
        return found

    def _companies(self) -> Sequence[Company]:
        """Return the companies in which the rule is looked at, and note what is left out."""
        alone, scene = self._alone, self._scene
        classes = alone.search.classes
        instants = [now for _, now in alone.instants()]
        found = surroundings_of(alone.sights, classes, scene.ground, scene.changes.drift, instants)
        if not found.is_complete:
            self._note("all combinations of other connections that rule {} tells apart")
        for dimension in sorted(classes.untried):
            self._note(f"all sets of several {dimension}s that rule {{}} tells apart")
        return found.companies

    def _note(self, what: str) -> None:
        """Note what was not tried."""
        self.untried.append(what.format(self._pair.id))

    @cached_property
    def _near(self) -> Inspection:
        """The rule among all that stand near it."""
        scene = self._scene
        neighbours = scene.hoods.of(self._pair)
        askers = Askers(scene.near(neighbours), scene.asker)
        return Inspection(self._pair, scene.revisions, neighbours, askers, scene.ground)

    def _known(self, among: Sequence[Company]) -> Iterator[tuple[Shift, Region]]:
        """Yield what differs with all facts known."""
        near = self._near
        for (box, shift), sightings in near.see(among).items():
            yield shift, self._region(near, box, shift, sightings, known=True)
        for dimension in sorted(near.search.classes.untried):
            self._note(f"all sets of several {dimension}s that rules near {{}} tell apart")

    def _shown(self, kind: Kind) -> Region | None:
        """Return a question of a kind to which the whole answers differ; None if none is found."""
        for box, now in kind.boxes.items():
            path = show(self._alone.search, self._scene.asker, box, now)
            if path is not None:
                return self._example(self._alone, box, now, path, kind)
        return None

    def _revealed(self, hidden: dict[Shift, Kind]) -> Iterator[Region]:
        """Yield questions of kinds that seem hidden, and note what is not proven to be hidden."""
        revealing = Revealing(self._pair, self._own, self._asker, self._scene)
        for revelation in revealing.found(self._alone, hidden):
            kind = revelation.kind
            box = next(iter(kind.boxes))
            path, _ = kind.sightings.example
            yield self._example(revelation.inspection, box, kind.sightings.first, path, kind)
        brought_out = {s: self._brought_out(hidden[s]) for s in revealing.unproven}
        yield from filter(None, brought_out.values())
        if not all(brought_out.values()):
            self._note("whether other rules always hide some of what rule {} says otherwise")

    def _brought_out(self, kind: Kind) -> Region | None:
        """Return a question that shows with one more connection; None if none is found."""
        scene, search = self._scene, self._alone.search
        for box, now in kind.boxes.items():
            path, question = box.plainest, plain_question(search, box, now)
            for company in companies_with_more(box.company, question, now, scene):
                asked = search.paths.question(path, now, company)
                if scene.asker.shift(asked, now) is not None and self._asker.shift(asked, now):
                    more = Box(box.values, company)
                    return self._example(self._alone, more, now, path, kind)
        return None

    def _example(
        self, inspection: Inspection, box: Box, now: datetime, path: Path, kind: Kind
    ) -> Region:
        """Return the region of a question of `box` that the whole answers show at `now`."""
        question = inspection.search.paths.question(path, now, box.company)
        shift = self._scene.asker.shift(question, now)
        assert shift is not None, "an example that shows nothing"
        sightings = Sightings(now, (path, box.company), kind.sightings.stretches)
        return self._region(inspection, box, shift.kind, sightings, known=False)

    def _region(
        self, inspection: Inspection, box: Box, shift: Shift, sightings: Sightings, *, known: bool
    ) -> Region:
        """Return a region."""
        scene, search = self._scene, inspection.search
        return Region(
            rule_ids=(self._pair.id,),
            box=box,
            shift=shift,
            known=known,
            periods=periods_of(sightings, inspection.stretches),
            witness=find_witness(search, scene.asker, box, sightings, scene.ground),
            scopes=search.classes.scopes(sightings.first, inspection.own_ids),
            stand_ins=search.classes.stand_ins,
            excepting=any(n.rule.person_exceptions for n in inspection.own),
        )
