"""Which rules, exceptions and boundaries of time the scenarios show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import PurePosixPath

from comity.domain.facts import NULL_TIE, Tie
from comity.domain.truth import Truth
from comity.policy.reference.standing import any_clause, derogators_of, parts_on
from comity.policy.reference.validity import without_connection
from comity.policy.rules import Clause, Rule
from comity.policy.scenarios.encounters import Case, unmet_atoms

# A scenario shows a boundary if it asks this close to it on both sides: close enough that a
# boundary taken in another zone would not pass.
CLOSE = timedelta(minutes=1)
SUFFIX = "_test"
# A rule missed by so many conditions, or more, is not nearly met.
FAR = 2


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
    by_code: dict[str, list[Rule]] = {}
    for rule in rules:
        by_code.setdefault(PurePosixPath(rule.text.file).stem, []).append(rule)
    halves = {rule.id: tuple(map(_halves, rule.body)) for rule in rules}
    for file, case in cases:
        for rule in by_code.get(PurePosixPath(file).stem.removesuffix(SUFFIX), ()):
            if rule.id in case.ruleset.by_id:
                gaps = _gaps(rule, halves[rule.id], case)
                _observe(rule, gaps, case, tallies[rule.id])
    derogated = {general for rule in rules for general in rule.derogates}
    return tuple(_coverage(r, tallies[r.id], derogable=r.id in derogated) for r in rules)


def _observe(rule: Rule, gaps: Mapping[Tie, int], case: Case, tally: _Tally) -> None:
    """Add what `case` shows of `rule`, which it misses by so many conditions on each connection."""
    ties, sight = case.ties, case.sight
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


def _halves(clause: Clause) -> tuple[Clause, Clause]:
    """Return what `clause` asks of the request and the person, and what of a connection."""
    apart = without_connection(clause)
    joined = Clause(
        factors=clause.factors,
        places=clause.places,
        populations=clause.populations,
        low_trust=clause.low_trust,
    )
    return apart, joined


def _gaps(rule: Rule, halves: Sequence[tuple[Clause, Clause]], case: Case) -> Mapping[Tie, int]:
    """Return how many conditions the body is short of on each connection; at most `FAR`."""
    ties = case.ties
    gaps = dict.fromkeys(ties, FAR)
    for apart, joined in halves:
        general = _gap(apart, rule, NULL_TIE, case)
        if general < FAR:
            for tie in ties:
                gaps[tie] = min(gaps[tie], general + _gap(joined, rule, tie, case))
    return gaps


def _gap(clause: Clause, rule: Rule, tie: Tie, case: Case) -> int:
    """Return how many conditions of `clause` a known fact rules out on `tie`; `FAR` for more."""
    return sum(1 for _ in islice(unmet_atoms(clause, rule, tie, case), FAR))


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
