"""Localities: sets of places in words, never by what only stands for other places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.policy.atlas import Atlas
from comity.policy.diffing.paths import Values
from comity.policy.diffing.scopes import Scope
from comity.policy.diffing.selections import word_list, word_name


@dataclass(frozen=True, slots=True)
class Localities:
    """Puts the places of one region into words.

    Attributes:
        atlases: geography of both revisions.
        titles: code -> name of places.
        stand_ins: place that stands for others -> the place of which it is the rest; empty for
            everywhere else.
        instants: an instant in each period, and all at which it begins or is about to end.
    """

    atlases: Sequence[Atlas]
    titles: Mapping[str, str]
    stand_ins: Mapping[str, str]
    instants: Sequence[datetime]

    def word(self, values: Values, scope: Scope) -> str:
        """Return `values` in words; a complement only if they hold everywhere else."""
        chosen = frozenset(v for v in values if isinstance(v, str) and v)
        known = frozenset(v for v in scope.everything if isinstance(v, str) and v)
        if chosen >= known:
            return "any place"
        if self._is_elsewhere(chosen):
            return f"any place but {self._listed(known - chosen, known, scope.names, 'and')}"
        return self._listed(chosen, known, scope.names, "or")

    def _is_elsewhere(self, places: Iterable[str]) -> bool:
        return any(self.stand_ins.get(place) == "" for place in places)

    def _listed(
        self, places: frozenset[str], known: frozenset[str], names: frozenset[str], last: str
    ) -> str:
        """Return `places` by the names that the rule has for them, else one by one."""
        left = set(places)
        told: list[str] = []
        extents = {name: self._extent(name, known) for name in names}
        for name, extent in sorted(extents.items(), key=lambda item: (-len(item[1]), item[0])):
            if extent & left and extent <= places:
                told.append(self._title(name, several=last == "and"))
                left -= extent
        for place in sorted(left):
            around = self._around(place) - {place}
            if not around & left:
                told += [self._single(place, known, places)]
        return word_list(told, last)

    def _single(self, place: str, known: frozenset[str], chosen: frozenset[str]) -> str:
        """Return a place, without those of its parts that are not chosen."""
        parts = {p for p in known if p != place and place in self._around(p)}
        spared = parts - chosen
        within = {p for p in parts & chosen if self._around(p) & spared}
        told = self._title(place)
        if spared:
            told += f" without {word_list(sorted(map(self._title, spared)), 'and')}"
        if within:
            told += f" but with {word_list(sorted(map(self._title, within)), 'and')}"
        return told

    def _title(self, name: str, *, several: bool = False) -> str:
        """Return a place or group by name; of a group one member, or all `several`."""
        if name in self.stand_ins:
            whole = self.stand_ins[name]
            return f"other parts of {self._title(whole)}" if whole else "other places"
        if any(atlas.is_group(name) for atlas in self.atlases):
            members = "the members" if several else "a member"
            return f"{members} of {self.titles.get(name, name)}"
        return self.titles.get(name, word_name(name))

    def _extent(self, name: str, known: frozenset[str]) -> frozenset[str]:
        """Return the places that `name` has stood for all the time; none if that changed."""
        extents = {
            frozenset(p for p in known if atlas.lies_in(p) & atlas.expand((name,), now))
            for atlas in self.atlases
            for now in self.instants
        }
        return next(iter(extents)) if len(extents) == 1 else frozenset()

    def _around(self, place: str) -> frozenset[str]:
        return frozenset().union(*(atlas.lies_in(place) for atlas in self.atlases))
