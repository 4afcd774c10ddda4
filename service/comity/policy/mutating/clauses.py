"""Mutants of clauses: parts of them left out, members of lists removed, bounds moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from comity.policy.documents.clauses import Clause as WrittenClause
from comity.policy.documents.norms import ContentRule
from comity.policy.mutating.equivalence import same_for_every_product
from comity.policy.mutating.mutants import Mutant, Site, Spot, with_clause
from comity.policy.rules import AgeBand, Clause, CreationBand, Rule
from comity.policy.yaml_nodes import Loc

BODY: Final = "body"
# Key of a rule, attribute of the rule as written, attribute of the compiled rule.
PARTS: Final = (
    ("applies_to", "applies_to", BODY),
    ("except", "exceptions", "exceptions"),
    ("except_person", "except_person", "person_exceptions"),
    ("only_if_person", "only_if_person", "person_conditions"),
)
# Key of a clause -> attribute of the compiled clause.
ATOMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "connected_by": "factors",
        "jurisdiction": "places",
        "population": "populations",
        "product": "products",
        "action": "actions",
        "device": "devices",
        "label": "labels",
        "item": "items",
        "purpose": "purposes",
    }
)
NEGATIONS: Final = ("product", "device", "item", "purpose")
ONE_DAY: Final = timedelta(days=1)
WAYS: Final = ((-1, "down"), (1, "up"))


@dataclass(frozen=True, slots=True)
class Place:
    """A clause of a rule, as written and as compiled.

    Attributes:
        site: the rule.
        key: key of the rule that holds the clause.
        part: attribute of the compiled rule that holds it.
        number: its position there.
        written: the clause as written.
    """

    site: Site
    key: str
    part: str
    number: int
    written: WrittenClause

    @property
    def compiled(self) -> Clause:
        """The clause of the first rule; those of other members differ in place and age alone."""
        clause: Clause = getattr(self.site.rules[0], self.part)[self.number]
        return clause

    def mutant(self, words: str, loc: Loc, field: str, value: object) -> Iterator[Mutant]:
        """Yield the mutant whose clause has another `value` of the attribute `field`."""
        changes: dict[str, Any] = {field: value}
        if field == "not_products" and self._excludes_alike(changes):
            return
        spots = frozenset[Spot]({(self.number, field)} if self.part == BODY else ())

        def altered(rule: Rule) -> Rule:
            clause = replace(getattr(rule, self.part)[self.number], **changes)
            return with_clause(rule, self.part, self.number, clause)

        told = f"`{self.key}`: {words}"
        yield from self.site.change(told, (self.key, self.number, *loc), altered, spots)

    def _excludes_alike(self, changes: dict[str, Any]) -> bool:
        """Return whether the clause, changed, leaves out the same products as before."""
        site, after = self.site, replace(self.compiled, **changes)
        return same_for_every_product(self.compiled, after, site.rules[0], site.lexicon, site.atlas)


def mutate_clauses(site: Site) -> Iterator[Mutant]:
    """Yield every clause left out, and every mutant of what a clause says."""
    for key, attribute, part in PARTS:
        written = getattr(site.norm, attribute)
        for number in range(len(getattr(site.rules[0], part))):
            yield from _left_out(site, key, part, number, written=len(written))
        for number, clause in enumerate(written):
            place = Place(site, key, part, number, clause)
            yield from _mutate_atoms(place)
            yield from _mutate_ages(place)
            yield from _mutate_creation(place)
    yield from _mutate_object(site)


def _left_out(site: Site, key: str, part: str, number: int, *, written: int) -> Iterator[Mutant]:
    """Yield the mutant without a clause; a rule needs one clause in its body."""
    if part == BODY and len(site.rules[0].body) == 1:
        return
    own = number < written
    words = f"`{key}`: clause {number + 1} left out."
    loc: Loc = (key, number) if own else ("effect",)
    if not own:
        words = "who has passed the verification is not spared."
    yield from site.change(words, loc, lambda rule: with_clause(rule, part, number, None))


def _mutate_atoms(place: Place) -> Iterator[Mutant]:
    """Yield each condition left out, and each member of a list removed."""
    for key, field in ATOMS.items():
        if key == "action" and not place.written.action:
            continue  # compiled from the effects, and stated by nobody
        if key == "jurisdiction" and place.site.norm.per_member is not None:
            continue  # one rule a member: members are mutated as such
        yield from _mutate_set(place, (key,), field, getattr(place.written, key))
    if place.written.negated is not None:
        for key in NEGATIONS:
            names = getattr(place.written.negated, key)
            yield from _mutate_set(place, ("not", key), f"not_{key}s", names)
    if place.written.trust is not None:
        yield from place.mutant("`trust` left out.", ("trust",), "low_trust", value=False)


def _mutate_set(
    place: Place, loc: tuple[str, ...], field: str, names: tuple[str, ...]
) -> Iterator[Mutant]:
    """Yield the set left out, and each of its members removed."""
    held: frozenset[str] | None = getattr(place.compiled, field)
    if held is None or _only_condition(place, field):
        return
    key = " ".join(loc)
    yield from place.mutant(f"`{key}` left out.", loc, field, None)
    if len(held) > 1:
        for number, name in enumerate(names):
            rest = held - {name, place.site.atlas.canonical(name) if field == "places" else name}
            yield from place.mutant(f"{name} removed from `{key}`.", (*loc, number), field, rest)


def _only_condition(place: Place, field: str) -> bool:
    """Return whether the clause would say nothing without `field`."""
    unsaid: dict[str, Any] = {field: None}
    return replace(place.compiled, **unsaid) == Clause()


def _mutate_ages(place: Place) -> Iterator[Mutant]:
    """Yield each bound of an age a year down and up, for each member by itself."""
    for rule in place.site.rules:
        member = replace(place, site=place.site.alone(rule))
        band = member.compiled.age
        for bound, key in (("from_years", "from"), ("below_years", "below")):
            years: int | None = getattr(band, bound) if isinstance(band, AgeBand) else None
            if years is None or band is None:
                continue
            for sign, way in WAYS:
                said: dict[str, Any] = {bound: years + sign}
                moved = replace(band, **said)
                words = f"{rule.id}: age {key} {years} moved a year {way}."
                yield from member.mutant(words, ("age", key), "age", moved)


def _mutate_creation(place: Place) -> Iterator[Mutant]:
    """Yield each bound of the creation of accounts a day down and up."""
    band = place.compiled.created
    for bound, key in (("start", "from"), ("end", "before")):
        at: datetime | None = getattr(band, bound) if isinstance(band, CreationBand) else None
        if at is None or band is None:
            continue
        for sign, way in WAYS:
            moved = replace(band, **{bound: at + sign * ONE_DAY})
            words = f"account created {key} {at.isoformat()} moved a day {way}."
            yield from place.mutant(words, ("account_created", key), "created", moved)


def _mutate_object(site: Site) -> Iterator[Mutant]:
    """Yield what a content rule says of its object left out, and each member of it removed."""
    for key, field in (("item", "items"), ("action", "actions")):
        names: tuple[str, ...] = getattr(site.norm, key, ())
        if key not in site.norm.model_fields_set or not isinstance(site.norm, ContentRule):
            continue
        yield from _other_object(site, (key,), f"`{key}` left out.", field, None)
        for number, name in enumerate(names if len(names) > 1 else ()):
            words = f"{name} removed from `{key}`."
            yield from _other_object(site, (key, number), words, field, frozenset(names) - {name})


def _other_object(
    site: Site, loc: Loc, words: str, field: str, names: frozenset[str] | None
) -> Iterator[Mutant]:
    """Yield the mutant whose clauses all have another object."""
    spots = frozenset((number, field) for number in range(len(site.rules[0].body)))

    def altered(rule: Rule) -> Rule:
        said: dict[str, Any] = {field: names}
        return replace(rule, body=tuple(replace(clause, **said) for clause in rule.body))

    yield from site.change(words, loc, altered, spots)
