"""Places that stand for all that clauses tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from comity.policy.atlas import Atlas
from comity.policy.compiling.names import subdivisions
from comity.policy.compiling.territories import countries
from comity.policy.diffing.sights import Sights
from comity.policy.lexicon import Lexicon
from comity.policy.rules import Clause, Ruleset

PREFERRED: Final = ("JP", "CL", "UY", "BW", "GH", "PY", "NP", "AQ")
NOWHERE: Final = "ZZ"  # user-assigned in ISO 3166-1: no country will ever have it


@dataclass(frozen=True, slots=True)
class Ground:
    """Where questions are asked about.

    Attributes:
        atlases: geography of both revisions.
        lexicons: vocabulary of both revisions.
        neutral: a place that no rule is about.
        without: place or group whose places are left out; empty for none.
    """

    atlases: tuple[Atlas, Atlas]
    lexicons: tuple[Lexicon, Lexicon]
    neutral: str
    without: str = ""

    def is_out(self, place: str) -> bool:
        """Return whether questions are not to be asked about `place`."""
        return bool(self.without) and any(lies_within(a, place, self.without) for a in self.atlases)


def lies_within(atlas: Atlas, place: str, whole: str) -> bool:
    """Return whether `place` lies in a place, or in a present or past member of a group."""
    around = atlas.lies_in(atlas.canonical(place))
    members = atlas.groups.get(whole, ())
    return atlas.canonical(whole) in around or any(member in around for member in members)


def build_ground(rulesets: tuple[Ruleset, Ruleset], without: str = "") -> Ground:
    """Return the ground of both revisions, with a neutral place outside `without`."""
    atlases = (rulesets[0].atlas, rulesets[1].atlas)
    touched: set[str] = set()
    for ruleset, atlas in zip(rulesets, atlases, strict=True):
        named = {p for rule in ruleset.rules for c in all_clauses(rule) for p in c.places or ()}
        for name in named:
            for place in atlas.groups.get(name, (name,)):
                touched |= atlas.lies_in(place)
    free = Ground(atlases, (rulesets[0].lexicon, rulesets[1].lexicon), NOWHERE, without)
    for code in (*PREFERRED, *sorted(countries())):
        if code not in touched and not free.is_out(code):
            return Ground(atlases, free.lexicons, code, without)
    return free


def all_clauses(rule: object) -> Iterator[Clause]:
    """Yield every clause of a rule."""
    for part in ("body", "exceptions", "person_exceptions", "person_conditions"):
        yield from getattr(rule, part)


def place_values(sights: Sights, ground: Ground) -> list[str]:
    """Return the places that clauses name, those around them, the rest of each, and elsewhere."""
    places = {*_named_places(sights, ground), *stand_ins_of(sights, ground)}
    listed = [place for place in sorted(places) if not ground.is_out(place)]
    return [place for place in listed if place != ground.neutral] + [ground.neutral]


def stand_ins_of(sights: Sights, ground: Ground) -> dict[str, str]:
    """Return the places that stand for others, each with the place of which it is the rest."""
    found = _named_places(sights, ground)
    rests = {rest: place for place in sorted(found) for rest in _rest_of(place, found, ground)}
    return {**rests, ground.neutral: ""}


def _named_places(sights: Sights, ground: Ground) -> set[str]:
    """Return the places that clauses name, and those around them."""
    found: set[str] = set()
    for atlas in ground.atlases:
        for clause in sights.named("place"):
            for name in clause.places or ():
                for place in atlas.groups.get(name, (name,)):
                    found |= atlas.lies_in(place)
    was, became = (atlas.aliases for atlas in ground.atlases)
    if was != became:
        found |= {code for code in {**was, **became} if was.get(code) != became.get(code)}
    return found


def _rest_of(place: str, found: set[str], ground: Ground) -> Iterator[str]:
    """Yield a part of `place` that stands for all of it that has no name of its own."""
    atlas = ground.atlases[1]
    if not any(place in atlas.lies_in(other) - {other} for other in found):
        return
    around = atlas.lies_in(place)
    prefix = f"{place}-"
    parts = {*atlas.parents, *(code for code in subdivisions() if code.startswith(prefix))}
    for code in sorted(parts):
        canonical = atlas.canonical(code) == code and code not in found
        if canonical and atlas.lies_in(code) - {code} == around:
            yield code
            return
