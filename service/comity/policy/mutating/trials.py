"""Which mutants the scenarios notice.

The questions of the scenarios are asked again of the rules as changed: of the reference evaluator,
and of those rules alone that bear on the question. Only questions to which the change can matter
are asked: those that the rule meets or may meet, and those that only the changed condition keeps
it from meeting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from comity.domain.facts import NULL_TIE, Tie
from comity.policy.mutating.mutants import Mutant, Spot
from comity.policy.mutating.request_mutants import RequestMutant
from comity.policy.reference import evaluate
from comity.policy.reference.findings import Sight
from comity.policy.rules import Modality, Rule, Ruleset
from comity.policy.scenarios.conditions import (
    CONNECTING,
    Atom,
    Conditions,
    atoms_named,
)
from comity.policy.scenarios.expectations import Asked, compare

MET: Final = frozenset[Spot]()


@dataclass(frozen=True, slots=True)
class MutationReport:
    """What the scenarios notice.

    Attributes:
        mutants: how many there are.
        survivors: those that no scenario notices, in the order of the files.
    """

    mutants: int
    survivors: tuple[Mutant | RequestMutant, ...]

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
        conditions = Conditions(ruleset)
        bodies = [(rule, [atoms_named(clause) for clause in rule.body]) for rule in ruleset.rules]
        for question in asked:
            view = View(question, conditions)
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
    """What keeps rules from meeting the facts of a question."""

    def __init__(self, question: Asked, conditions: Conditions) -> None:
        """Look at the facts of `question` at its instant, by `conditions` of its rules."""
        case = question.case
        self._ties: Sequence[Tie] = case.ties
        self._sight: Sight = case.sight
        self._conditions = conditions

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
        ruled_out, sight = self._conditions.rule_out, self._sight
        by_tie = []
        for tie in self._ties:
            joined = (a for a in atoms if a[0] in CONNECTING and ruled_out(a, rule, tie, sight))
            by_tie.append([field for field, _ in islice(joined, 2)])
        best = min(map(len, by_tie))
        if best > 1:
            return None
        apart = (a for a in atoms if a[0] not in CONNECTING and ruled_out(a, rule, NULL_TIE, sight))
        general = [field for field, _ in islice(apart, 2 - best)]
        if best + len(general) > 1:
            return None
        return general or [field for lacking in by_tie if len(lacking) == best for field in lacking]
