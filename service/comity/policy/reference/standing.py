"""How firmly one rule meets the facts on one connection, by Kleene's logic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from comity.domain.facts import FactKey, Tie
from comity.domain.truth import Truth, conjunction
from comity.policy.reference.atoms import atoms_of
from comity.policy.reference.findings import MET, NOT_MET, Finding, Sight
from comity.policy.rules import Clause, Rule, Ruleset


@dataclass(frozen=True, slots=True)
class Meeting:
    """One rule on one connection.

    Attributes:
        tie: the connection.
        value: the rule's Kleene value there: certain if T, possible unless F.
        held: whether the body is met and no exception is proven.
        clashing: the same, rulings on clashing duties left aside.
        unknown: the unknown facts that leave the value U.
    """

    tie: Tie
    value: Truth
    held: bool
    clashing: bool
    unknown: frozenset[FactKey]


def clause_finding(clause: Clause, rule: Rule, tie: Tie, sight: Sight) -> Finding:
    """Return the least of the clause's atoms, capped where the connection itself is in doubt."""
    doubtful = []
    for finding in atoms_of(clause, rule, tie, sight):
        if finding.value is Truth.F:
            return NOT_MET
        if finding.value is Truth.U:
            doubtful.append(finding)
    doubt = _doubt(clause, tie, sight)
    if doubt is not None:
        doubtful.append(doubt)
    return _waiting(doubtful) if doubtful else MET


def _doubt(clause: Clause, tie: Tie, sight: Sight) -> Finding | None:
    """Return the cap on a clause that names a connecting dimension of a doubtful connection."""
    if not clause.names_connection:
        return None
    if tie.ghost:
        return Finding(Truth.U, frozenset({FactKey("connection", member=tie.factor)}))
    if tie.low_trust and not clause.low_trust:
        return Finding(Truth.U, frozenset({FactKey("trust", factor=tie.factor, place=tie.place)}))
    ends = tie.until is not None and tie.until > sight.now
    begins = tie.since is not None and tie.since > sight.now
    if sight.relaxed and (ends or begins):
        return Finding(Truth.U)
    return None


def any_clause(clauses: Iterable[Clause], rule: Rule, tie: Tie, sight: Sight) -> Finding:
    """Return the greatest of `clauses`; the unknown facts are those of the clauses that are U."""
    return greatest(clause_finding(clause, rule, tie, sight) for clause in clauses)


def greatest(findings: Iterable[Finding]) -> Finding:
    """Return the disjunction of `findings`."""
    doubtful = []
    for finding in findings:
        if finding.value is Truth.T:
            return MET
        if finding.value is Truth.U:
            doubtful.append(finding)
    return _waiting(doubtful) if doubtful else NOT_MET


def _waiting(doubtful: Iterable[Finding]) -> Finding:
    """Return a finding that waits for all that `doubtful` ones wait for."""
    return Finding(Truth.U, frozenset().union(*(finding.unknown for finding in doubtful)))


@dataclass(frozen=True, slots=True)
class RuleParts:
    """The parts of one rule on one connection, each by itself.

    Attributes:
        body: `applies_to`.
        exception: `except`, on this connection.
        person_exception: `except_person`, on any connection.
        person_condition: `only_if_person`, on any connection; T if not named.
    """

    body: Finding
    exception: Finding
    person_exception: Finding
    person_condition: Finding

    @property
    def value(self) -> Truth:
        """The rule's own Kleene value, derogations left aside."""
        return min(
            self.body.value,
            self.exception.value.negated(),
            self.person_exception.value.negated(),
            self.person_condition.value,
        )

    def in_doubt(self) -> RuleParts:
        """Return the parts as on a ghost, where the body is at most U.

        What derogates another rule is not capped so: if its body names no connecting dimension,
        it derogates whatever connection the ghost stands for.
        """
        return replace(self, body=Finding(Truth.U)) if self.body.value is Truth.T else self

    @property
    def unknown(self) -> frozenset[FactKey]:
        """The unknown facts of the parts that are U."""
        parts = (self.body, self.exception, self.person_exception, self.person_condition)
        return frozenset().union(*(part.unknown for part in parts))

    @property
    def held(self) -> bool:
        """Whether the rule is met but for doubt about exceptions, derogations left aside."""
        return (
            self.body.value is Truth.T
            and self.person_condition.value is Truth.T
            and self.exception.value is not Truth.T
            and self.person_exception.value is not Truth.T
        )


def parts_on(rule: Rule, tie: Tie, ties: tuple[Tie, ...], sight: Sight) -> RuleParts:
    """Return the parts of `rule` on `tie`, one of `ties`."""
    exception, condition = NOT_MET, MET
    if rule.person_exceptions:
        exception = greatest(any_clause(rule.person_exceptions, rule, t, sight) for t in ties)
    if rule.person_conditions:
        condition = greatest(any_clause(rule.person_conditions, rule, t, sight) for t in ties)
    return RuleParts(
        body=any_clause(rule.body, rule, tie, sight),
        exception=any_clause(rule.exceptions, rule, tie, sight),
        person_exception=exception,
        person_condition=condition,
    )


def meetings_of(
    rule: Rule, derogators: Iterable[Rule], preferred: Iterable[Rule], sight: Sight
) -> list[Meeting]:
    """Return the meetings of `rule`, in force, with every connection that exists now.

    `derogators` are the rules in force that derogate it, `preferred` the requirements in force
    that a ruling prefers to it: they derogate it as well.
    """
    ties = sight.facts.ties_at(sight.now)
    special_rules, preferred_rules = list(derogators), list(preferred)
    meetings = []
    for tie in ties:
        own = parts_on(rule, tie, ties, sight)
        if tie.ghost:
            own = own.in_doubt()
        special = [parts_on(other, tie, ties, sight) for other in special_rules]
        clashing = own.held and all(s.value is not Truth.T for s in special)
        special += [parts_on(other, tie, ties, sight) for other in preferred_rules]
        value = conjunction([own.value, *(s.value.negated() for s in special)])
        unknown = own.unknown.union(*(s.unknown for s in special if s.value is Truth.U))
        meetings.append(
            Meeting(
                tie=tie,
                value=value,
                held=own.held and all(s.value is not Truth.T for s in special),
                clashing=clashing,
                unknown=unknown if value is Truth.U else frozenset(),
            )
        )
    return meetings


def derogators_of(rule: Rule, ruleset: Ruleset) -> list[Rule]:
    """Return the rules that derogate `rule`, in force or not."""
    return [other for other in ruleset.rules if rule.id in other.derogates]


def preferred_to(rule: Rule, ruleset: Ruleset, now: datetime) -> list[Rule]:
    """Return the requirements that a ruling in force prefers to `rule`."""
    preferred = {
        ruling.prefer
        for ruling in ruleset.rulings
        if ruling.forbid_rule_id == rule.id
        and ruling.prefer == ruling.require_rule_id
        and now < ruling.expires
    }
    return [other for other in ruleset.rules if other.id in preferred]
