"""Which rules, exceptions and boundaries of time the scenarios show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from comity.domain.facts import NULL_TIE, Tie
from comity.domain.truth import Truth
from comity.policy.reference.findings import Sight
from comity.policy.reference.standing import any_clause, derogators_of, parts_on
from comity.policy.rules import Clause, Rule
from comity.policy.scenarios.conditions import (
    CONNECTING,
    Atom,
    Conditions,
    atoms_named,
)
from comity.policy.scenarios.encounters import Case

# A scenario shows a boundary if it asks this close to it on both sides: close enough that a
# boundary taken in another zone would not pass.
CLOSE = timedelta(minutes=1)
SUFFIX = "_test"
# A rule missed by so many conditions, or more, is not nearly met.
FAR = 2

_Halves = tuple[Sequence[Atom], Sequence[Atom]]


@dataclass(frozen=True, slots=True)
class BoundaryCoverage:
    """An instant at which a rule comes into force, changes or ends.

    Attributes:
        at: the instant.
        before: whether a scenario asks within a minute before it.
        after: whether a scenario asks at it or within a minute after it.
    """

    at: datetime
    before: bool
    after: bool


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """What the scenarios of its own file show of one rule.

    Attributes:
        rule_id: the rule.
        file: policy file of the rule.
        line: line of the rule's `id`.
        in_effect: whether the rule is ever in force.
        matches: scenarios that its body meets and in which it is in force, spared or not;
            for a rule never in force, scenarios that its body would meet.
        near_misses: scenarios that but one condition, or the time, keep from meeting it.
        exception: whether a scenario is spared by an exception; None if it has none.
        derogation: whether a scenario is spared by a derogating rule; None if there is none.
        boundaries: instants at which it changes.
    """

    rule_id: str
    file: str
    line: int
    in_effect: bool
    matches: int
    near_misses: int
    exception: bool | None
    derogation: bool | None
    boundaries: tuple[BoundaryCoverage, ...]

    @property
    def written_id(self) -> str:
        """The id as the file writes it, without the member."""
        return self.rule_id.partition("#")[0]

    def blind_spots(self) -> Iterator[str]:
        """Yield in sentences what no scenario shows, although none is required to."""
        for boundary in self.boundaries:
            sides = [
                side
                for side, shown in (("before", boundary.before), ("after", boundary.after))
                if not shown
            ]
            if sides:
                at = boundary.at.isoformat()
                yield f"no scenario asks within a minute {' or '.join(sides)} {at}."
        if self.derogation is False:
            yield "no scenario is spared by a rule that derogates it."


@dataclass(slots=True)
class _Tally:
    """What has been seen of one rule so far."""

    matches: int = 0
    near_misses: int = 0
    excepted: bool = False
    derogated: bool = False
    instants: set[datetime] = field(default_factory=set)


def cover(cases: Iterable[tuple[str, Case]], rules: Sequence[Rule]) -> tuple[RuleCoverage, ...]:
    """Return what `cases`, each with its scenario file, show of `rules`, in their order."""
    tallies = {rule.id: _Tally() for rule in rules}
    by_code: dict[str, list[tuple[Rule, Sequence[_Halves]]]] = {}
    for rule in rules:
        code = PurePosixPath(rule.text.file).stem
        by_code.setdefault(code, []).append((rule, [*map(_halves, rule.body)]))
    conditions: dict[int, Conditions] = {}
    for file, case in cases:
        ruleset = case.ruleset
        if id(ruleset) not in conditions:
            conditions[id(ruleset)] = Conditions(ruleset)
        meeting = _Meeting(case.ties, case.sight, conditions[id(ruleset)])
        for rule, halves in by_code.get(PurePosixPath(file).stem.removesuffix(SUFFIX), ()):
            if rule.id in ruleset.by_id:
                _observe(rule, meeting.gaps(rule, halves), case, meeting, tallies[rule.id])
    derogated = {general for rule in rules for general in rule.derogates}
    return tuple(_coverage(r, tallies[r.id], derogable=r.id in derogated) for r in rules)


def _observe(
    rule: Rule, gaps: Mapping[Tie, int], case: Case, meeting: _Meeting, tally: _Tally
) -> None:
    """Add what `case` shows of `rule`, which it misses by so many conditions on each connection."""
    ties, sight = meeting.ties, meeting.sight
    in_force = rule.timeline.state_at(case.now) is not None
    nearest = min(gaps.values())
    met = [
        tie
        for tie, gap in gaps.items()
        if gap == 0 and any_clause(rule.body, rule, tie, sight).value is Truth.T
    ]
    never = not any(state is not None for state in rule.timeline.states)
    if met and (in_force or never):
        tally.matches += 1
    elif met or nearest == 1:
        tally.near_misses += 1
    if met or nearest == 1:
        tally.instants.add(case.now)
    for tie in met if in_force else ():
        parts = parts_on(rule, tie, ties, sight)
        spared = Truth.T in (parts.exception.value, parts.person_exception.value)
        tally.excepted |= spared or parts.person_condition.value is Truth.F
        tally.derogated |= any(
            other.timeline.state_at(case.now) is not None
            and parts_on(other, tie, ties, sight).value is Truth.T
            for other in derogators_of(rule, case.ruleset)
        )


def _halves(clause: Clause) -> _Halves:
    """Return what `clause` asks of the request and the person, and what of a connection."""
    atoms = atoms_named(clause)
    return (
        tuple(atom for atom in atoms if atom[0] not in CONNECTING),
        tuple(atom for atom in atoms if atom[0] in CONNECTING),
    )


@dataclass(frozen=True, slots=True)
class _Meeting:
    """The facts of one question as clauses look at them."""

    ties: tuple[Tie, ...]
    sight: Sight
    conditions: Conditions

    def gaps(self, rule: Rule, halves: Sequence[_Halves]) -> Mapping[Tie, int]:
        """Return how many conditions the body is short of on each connection; at most `FAR`."""
        gaps = dict.fromkeys(self.ties, FAR)
        for apart, joined in halves:
            general = self._gap(apart, rule, NULL_TIE)
            if general < FAR:
                for tie in self.ties:
                    gaps[tie] = min(gaps[tie], general + self._gap(joined, rule, tie))
        return gaps

    def _gap(self, atoms: Iterable[Atom], rule: Rule, tie: Tie) -> int:
        """Return how many of `atoms` a known fact rules out on `tie`; `FAR` for more."""
        gap = 0
        for atom in atoms:
            if self.conditions.rule_out(atom, rule, tie, self.sight):
                gap += 1
                if gap == FAR:
                    break
        return gap


def _coverage(rule: Rule, tally: _Tally, *, derogable: bool) -> RuleCoverage:
    """Return the coverage of `rule` from its tally."""
    spares = bool(rule.exceptions or rule.person_exceptions or rule.person_conditions)
    return RuleCoverage(
        rule_id=rule.id,
        file=rule.text.file,
        line=rule.text.line,
        in_effect=any(state is not None for state in rule.timeline.states),
        matches=tally.matches,
        near_misses=tally.near_misses,
        exception=tally.excepted if spares else None,
        derogation=tally.derogated if derogable else None,
        boundaries=tuple(
            BoundaryCoverage(
                at=instant,
                before=any(instant - CLOSE <= asked < instant for asked in tally.instants),
                after=any(instant <= asked <= instant + CLOSE for asked in tally.instants),
            )
            for instant in rule.timeline.instants
        ),
    )
