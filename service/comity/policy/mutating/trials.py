"""Which mutants the scenarios notice.

The questions of the scenarios are asked again of the rules as changed: of the reference evaluator,
and of those rules alone that bear on the question. Only questions to which the change can matter
are asked: those that the rule meets or may meet, and those that only the changed condition keeps
it from meeting.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Final

from comity.domain.facts import NULL_TIE, Tie
from comity.domain.truth import Truth
from comity.policy.mutating.mutants import Mutant, Spot
from comity.policy.reference import evaluate
from comity.policy.reference.findings import Sight
from comity.policy.reference.standing import clause_finding
from comity.policy.rules import Clause, Modality, Rule, Ruleset
from comity.policy.scenarios.expectations import Asked, compare

UNNAMED: Final = Clause()
PRODUCTS: Final = ("products", "not_products")
CONNECTING: Final = frozenset({"factors", "places", "populations", "low_trust"})
MET: Final = frozenset[Spot]()

Atom = tuple[str, object]
"""An atom of a clause: the attribute, and its value."""


@dataclass(frozen=True, slots=True)
class MutationReport:
    """What the scenarios notice.

    Attributes:
        mutants: how many there are.
        survivors: those that no scenario notices, in the order of the files.
    """

    mutants: int
    survivors: tuple[Mutant, ...]

    @property
    def percent_alive(self) -> float:
        """How many of a hundred mutants no scenario notices."""
        return 100 * len(self.survivors) / self.mutants if self.mutants else 0.0


def try_mutants(
    mutants: Iterable[Mutant], rulesets: Iterable[Ruleset], asked: Sequence[Asked]
) -> MutationReport:
    """Ask each of `mutants` what was `asked` of `rulesets`, which passed every scenario."""
    trials = [Trial(rules, [a for a in asked if a.case.ruleset is rules]) for rules in rulesets]
    count, survivors = 0, []
    for mutant in mutants:
        count += 1
        if not any(trial.notices(mutant) for trial in trials):
            survivors.append(mutant)
    return MutationReport(count, tuple(survivors))


class Trial:
    """The questions asked of one set of rules."""

    def __init__(self, ruleset: Ruleset, asked: Sequence[Asked]) -> None:
        """Find out which rules bear on which of the questions `asked`."""
        self._ruleset = ruleset
        # A duty clashes with a prohibition elsewhere: then every rule may bear on every question.
        self._clashing = any(rule.modality is Modality.REQUIRE for rule in ruleset.rules)
        self._near: dict[str, list[tuple[Asked, frozenset[Spot]]]] = {
            r.id: [] for r in ruleset.rules
        }
        self._bearing: dict[int, list[Rule]] = {}
        products = ProductViews(ruleset)
        bodies = [(rule, [atoms_named(clause) for clause in rule.body]) for rule in ruleset.rules]
        for question in asked:
            view = View(question, products)
            bearing = self._bearing.setdefault(id(question), [])
            for rule, body in bodies:
                short = view.short_of(rule, body)
                if short is not None or self._clashing:
                    self._near[rule.id].append((question, short or MET))
                if short == MET or self._clashing:
                    bearing.append(rule)

    def notices(self, mutant: Mutant) -> bool:
        """Return whether a scenario fails with the rules of `mutant`."""
        changed = {rule.id: rule for rule in mutant.rules}
        if not changed.keys() <= self._ruleset.by_id.keys():
            return False
        return any(self._fails(question, changed) for question in self._concerned(mutant))

    def _concerned(self, mutant: Mutant) -> Iterator[Asked]:
        """Yield the questions to which the change can matter, those of its own file first."""
        own = f"tests/{mutant.file.removeprefix('jurisdictions/').removesuffix('.yaml')}_test.yaml"
        found = {
            id(question): question
            for rule in mutant.rules
            for question, short in self._near[rule.id]
            if self._clashing or not short or short & mutant.spots
            if self._in_force(rule, question)
        }
        yield from sorted(found.values(), key=lambda question: question.file != own)

    def _in_force(self, rule: Rule, question: Asked) -> bool:
        """Return whether `rule`, changed, or as it was, is in force; not if both say the same."""
        now = question.case.now
        before = self._ruleset.by_id[rule.id].timeline
        if before is rule.timeline:
            return before.state_at(now) is not None
        return before.state_at(now) != rule.timeline.state_at(now)

    def _fails(self, question: Asked, changed: Mapping[str, Rule]) -> bool:
        """Return whether the answer of the changed rules is not the one expected."""
        bearing = {rule.id: rule for rule in self._bearing[id(question)]}
        rules = replace(self._ruleset, rules=tuple({**bearing, **changed}.values()))
        case = question.case
        decision = evaluate(rules, case.facts, case.now)
        return next(compare(question.expected, decision, rules.by_id), None) is not None


class View:
    """What a question's facts say of single atoms, each found out once."""

    def __init__(self, question: Asked, products: ProductViews) -> None:
        """Look at the facts of `question` at its instant."""
        case = question.case
        self._ties: Sequence[Tie] = case.ties
        self._sight: Sight = case.sight
        self._products = products
        self._known: dict[object, bool] = {}

    def short_of(self, rule: Rule, body: Sequence[Sequence[Atom]]) -> frozenset[Spot] | None:
        """Return the atoms, each of which alone keeps `rule` from being met or in doubt.

        `body` holds the atoms that each of its clauses names. None if there is no such atom; no
        atoms if nothing keeps it from that.
        """
        single: set[Spot] = set()
        for number, atoms in enumerate(body):
            lacking = self._lacking(atoms, rule)
            if lacking == []:
                return MET
            single.update((number, field) for field in lacking or ())
        return frozenset(single) or None

    def _lacking(self, atoms: Sequence[Atom], rule: Rule) -> list[str] | None:
        """Return the atoms any one of which is all that is lacking; None if more always are."""
        by_tie = []
        for tie in self._ties:
            joined = (a for a in atoms if a[0] in CONNECTING and self._ruled_out(a, rule, tie))
            by_tie.append([field for field, _ in islice(joined, 2)])
        best = min(map(len, by_tie))
        if best > 1:
            return None
        apart = (a for a in atoms if a[0] not in CONNECTING and self._ruled_out(a, rule, NULL_TIE))
        general = [field for field, _ in islice(apart, 2 - best)]
        if best + len(general) > 1:
            return None
        return general or [field for lacking in by_tie if len(lacking) == best for field in lacking]

    def _ruled_out(self, atom: Atom, rule: Rule, tie: Tie) -> bool:
        """Return whether a known fact rules `atom` out on `tie`."""
        field, value = atom
        if field == "factors":
            return tie.factor not in value  # type: ignore[operator] # a set of factors
        if field in PRODUCTS:
            return self._products.ruled_out(atom, rule, self._sight)
        key = (atom, tie if field in CONNECTING else None, rule.part_unknown)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = is_ruled_out(atom, rule, tie, self._sight)
        return known


class ProductViews:
    """What products say of atoms that name some, each found out once between two changes."""

    def __init__(self, ruleset: Ruleset) -> None:
        """Find out when, and for whose rules, kinds of products change."""
        kinds = [k for dated in ruleset.lexicon.product_kinds.values() for k in dated]
        edges = {e for k in kinds for e in (k.span.start, k.span.end) if e is not None}
        self._edges = sorted(edges)
        self._special = {kind.jurisdiction for kind in kinds}
        self._known: dict[object, bool] = {}

    def ruled_out(self, atom: Atom, rule: Rule, sight: Sight) -> bool:
        """Return whether the product of the facts rules `atom` out."""
        whose = rule.jurisdiction if rule.jurisdiction in self._special else ""
        key = (atom, sight.facts.product, whose, bisect_right(self._edges, sight.now))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = is_ruled_out(atom, rule, NULL_TIE, sight)
        return known


def is_ruled_out(atom: Atom, rule: Rule, tie: Tie, sight: Sight) -> bool:
    """Return whether a known fact rules `atom` of `rule` out on `tie`."""
    field, value = atom
    alone = Clause(**{field: value})  # type: ignore[arg-type] # an attribute's own value
    return clause_finding(alone, rule, tie, sight).value is Truth.F


def atoms_named(clause: Clause) -> tuple[Atom, ...]:
    """Return the atoms that `clause` names."""
    named = ((field.name, getattr(clause, field.name)) for field in fields(clause))
    return tuple((name, value) for name, value in named if value != getattr(UNNAMED, name))
