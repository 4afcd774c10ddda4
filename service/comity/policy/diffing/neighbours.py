"""Neighbours: the rules that an answer about some places can depend on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from comity.policy.atlas import Atlas
from comity.policy.diffing.changes import Pair, Revision
from comity.policy.diffing.drift import Drift
from comity.policy.engine import Engine
from comity.policy.lexicon import Lexicon
from comity.policy.rules import Clause, Modality, Rule, Ruleset

BOTH = (0, 1)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A rule near a changed one.

    Attributes:
        rule: the rule.
        revisions: where it stands so: 0 for the old revision, 1 for the new.
    """

    rule: Rule
    revisions: tuple[int, ...]


def engines_of(
    neighbours: Sequence[Neighbour], rulesets: tuple[Ruleset, Ruleset]
) -> tuple[Engine, Engine]:
    """Return what answers by `neighbours` alone, as each revision has them."""
    before, after = (
        Engine(replace(whole, rules=tuple(n.rule for n in neighbours if number in n.revisions)))
        for number, whole in enumerate(rulesets)
    )
    return before, after


class _Reach:
    """The names of places and groups, by what they stand for.

    Attributes:
        within: place -> names that stand for a part of it or for itself.
        holding: place -> names that stand for it.
    """

    def __init__(self, atlas: Atlas, names: Iterable[str]) -> None:
        """Index `names`."""
        self.within: dict[str, set[str]] = {}
        self.holding: dict[str, set[str]] = {}
        for name in names:
            for member in atlas.groups.get(name, (name,)):
                self.holding.setdefault(member, set()).add(name)
                for place in atlas.lies_in(member):
                    self.within.setdefault(place, set()).add(name)


class Neighbourhoods:
    """Finds the rules that bear on the questions that a rule bears on."""

    def __init__(self, revisions: tuple[Revision, Revision], drift: Drift) -> None:
        """Index the rules of both revisions by the places that their bodies name."""
        self._revisions = revisions
        self._drift = drift
        self._atlases: tuple[Atlas, Atlas] = (
            revisions[0].ruleset.atlas,
            revisions[1].ruleset.atlas,
        )
        self._by_place: dict[str, list[Neighbour]] = {}
        self._anywhere: list[Neighbour] = []
        for neighbour in self._shared():
            if neighbour.rule.modality is not Modality.FORBID:
                continue  # it acts on others or on nobody
            named = {p for clause in neighbour.rule.body for p in clause.places or ()}
            for place in named:
                self._by_place.setdefault(place, []).append(neighbour)
            if any(clause.places is None for clause in neighbour.rule.body):
                self._anywhere.append(neighbour)
        self.named = frozenset(self._by_place)
        self._values: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
        self._reach = [_Reach(atlas, self.named) for atlas in self._atlases]

    def _shared(self) -> Iterator[Neighbour]:
        """Yield every rule, once if it is the same in both revisions and means the same."""
        old, new = (revision.ruleset.by_id for revision in self._revisions)
        for rule_id in {**old, **new}:
            was, became = old.get(rule_id), new.get(rule_id)
            if was is not None and became is not None and self._same(was, became):
                yield Neighbour(became, BOTH)
                continue
            if was is not None:
                yield Neighbour(was, (0,))
            if became is not None:
                yield Neighbour(became, (1,))

    def _same(self, was: Rule, became: Rule) -> bool:
        """Return whether a rule is met alike in both revisions."""
        if self._drift.touches(became):
            return False
        return self._revisions[0].meaning(was) == self._revisions[1].meaning(became)

    def of(self, pair: Pair) -> list[Neighbour]:
        """Return the rules of both revisions that can be met where `pair` can be, `pair` first."""
        own = [rule for rule in pair.sides if rule is not None]
        for side, revision in zip(pair.sides, self._revisions, strict=True):
            own += revision.acting_on(pair.id) if side is not None else []
        found: dict[tuple[str, tuple[int, ...]], Neighbour] = {}
        bodies = [clause for rule in own for clause in rule.body]
        self._add(found, bodies)
        persons = [clause for n in found.values() for clause in person_clauses(n.rule)]
        self._add(found, persons)
        for neighbour in list(found.values()):
            for number in neighbour.revisions:
                acting = {r.id for r in self._revisions[number].acting_on(neighbour.rule.id)}
                self._add_named(found, acting, number)
        return sorted(found.values(), key=lambda n: n.rule.id != pair.id)

    def _add(
        self, found: dict[tuple[str, tuple[int, ...]], Neighbour], clauses: Iterable[Clause]
    ) -> None:
        """Add the rules that can be met where one of `clauses` is, or anywhere."""
        near: list[Neighbour] = list(self._anywhere)
        for clause in clauses:
            names = self.named if clause.places is None else self._around(clause.places)
            for name in names:
                near += self._by_place.get(name, ())
        found.update({(n.rule.id, n.revisions): n for n in near})

    def kin_of(self, neighbours: Sequence[Neighbour], pair: Pair) -> list[Neighbour]:
        """Return the rules that a request can meet, with all facts known, which meets `pair`."""
        own = [rule for rule in pair.sides if rule is not None]
        for side, revision in zip(pair.sides, self._revisions, strict=True):
            own += revision.acting_on(pair.id) if side is not None else []
        bodies = [clause for rule in own for clause in rule.body]
        return [
            n for n in neighbours if any(self._overlap(c, b) for c in n.rule.body for b in bodies)
        ]

    def _overlap(self, clause: Clause, other: Clause) -> bool:
        """Return whether a product, an action and a device meet both clauses."""
        return all(
            self._met(dimension, getattr(clause, name)) & self._met(dimension, getattr(other, name))
            for dimension, name in (
                ("product", "products"),
                ("action", "actions"),
                ("device", "devices"),
            )
            if getattr(clause, name) is not None and getattr(other, name) is not None
        )

    def _met(self, dimension: str, names: frozenset[str]) -> frozenset[str]:
        """Return the values that are, or may at some time come to be, of one of `names`."""
        key = (dimension, names)
        if key not in self._values:
            lexicons = (revision.ruleset.lexicon for revision in self._revisions)
            self._values[key] = frozenset(names).union(
                *(values_of(lexicon, dimension, names) for lexicon in lexicons)
            )
        return self._values[key]

    def _add_named(
        self, found: dict[tuple[str, tuple[int, ...]], Neighbour], ids: set[str], number: int
    ) -> None:
        """Add the rules `ids` of a revision."""
        for rule_id in ids:
            if any(key[0] == rule_id and number in key[1] for key in found):
                continue
            rule = self._revisions[number].ruleset.by_id[rule_id]
            found[rule_id, (number,)] = Neighbour(rule, (number,))

    def _around(self, places: frozenset[str]) -> set[str]:
        """Return the names that a rule may use for a place that one of `places` stands for."""
        plain: set[str] = set()
        for atlas in self._atlases:
            for name in places:
                plain |= {name} if not atlas.is_group(name) else {*atlas.groups[name], name}
        found = set(plain)
        for atlas, reach in zip(self._atlases, self._reach, strict=True):
            above = {place for name in plain for place in atlas.lies_in(name)}
            found |= above
            found = found.union(*(reach.within.get(place, ()) for place in plain))
            found = found.union(*(reach.holding.get(place, ()) for place in above))
        return found


def values_of(lexicon: Lexicon, dimension: str, names: frozenset[str]) -> frozenset[str]:
    """Return the values of a dimension that are ever of one of `names`, in any law."""
    found = set(names)
    while True:
        kinds = lexicon.kinds.get(dimension, {})
        more = {value for value, above in kinds.items() if found.intersection(above)}
        if dimension == "product":
            more |= {
                value
                for value, dated in lexicon.product_kinds.items()
                if any(kind.kind in found for kind in dated)
            }
        if more <= found:
            return frozenset(found)
        found |= more


def person_clauses(rule: Rule) -> tuple[Clause, ...]:
    """Return the clauses of a rule that another connection may meet."""
    clauses = (*rule.person_exceptions, *rule.person_conditions)
    return tuple(clause for clause in clauses if clause.names_connection)
