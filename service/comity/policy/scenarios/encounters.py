"""Why a rule met, or did not meet, the facts of a scenario: for the report of a failure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final

from comity.domain.decision import Reason, Standing
from comity.domain.facts import Facts, Tie
from comity.domain.truth import Truth
from comity.policy.reference.findings import Sight
from comity.policy.reference.standing import derogators_of, parts_on
from comity.policy.rules import FACT_OF_ATOM, AgeBand, Clause, Rule, Ruleset
from comity.policy.scenarios.conditions import atoms_named, is_ruled_out
from comity.policy.scenarios.results import Encounter
from comity.policy.scenarios.wording import listed, word_tie

MOST_LISTED: Final = 12
ATOM_WORDS: Final[Mapping[str, str]] = {"factors": "connected_by", **FACT_OF_ATOM}


@dataclass(frozen=True, slots=True)
class Case:
    """What a scenario asked.

    Attributes:
        ruleset: the rules that answered.
        facts: the facts, presumptions applied.
        now: the instant asked.
    """

    ruleset: Ruleset
    facts: Facts
    now: datetime

    @property
    def ties(self) -> tuple[Tie, ...]:
        """The connections at the instant, the null connection included."""
        return self.facts.ties_at(self.now)

    @property
    def sight(self) -> Sight:
        """The facts as the reference evaluator looks at them."""
        return Sight(self.facts, self.now, self.ruleset.lexicon, self.ruleset.atlas)


def account_for(
    case: Case, reasons: Iterable[Reason], expected: Iterable[str]
) -> tuple[Encounter, ...]:
    """Return how each rule of `reasons` met, and why each other `expected` rule did not."""
    met = {reason.rule_id: _met(reason) for reason in reasons}
    accounts = dict(met)
    for rule_id in sorted(set(expected) - met.keys()):
        rule = case.ruleset.by_id.get(rule_id)
        accounts[rule_id] = "no rule has this id" if rule is None else _not_met(rule, case)
    return tuple(_encounter(rule_id, account, case) for rule_id, account in accounts.items())


def _encounter(rule_id: str, account: str, case: Case) -> Encounter:
    rule = case.ruleset.by_id.get(rule_id)
    file, line = (rule.text.file, rule.text.line) if rule is not None else ("", 0)
    return Encounter(rule_id, file, line, account)


def _met(reason: Reason) -> str:
    """Say how firmly a rule is met and on which connections."""
    ties = "; ".join(map(word_tie, reason.ties))
    match reason.standing:
        case Standing.CERTAIN:
            return f"met for certain on {ties}"
        case Standing.UNPROVEN_EXCEPTION:
            return f"met on {ties}, though an exception is in doubt"
        case Standing.POSSIBLE:
            return f"in doubt on {ties}"


def _not_met(rule: Rule, case: Case) -> str:
    """Say what keeps `rule` from being met on the connection that comes nearest."""
    if rule.timeline.state_at(case.now) is None:
        return f"not in force at {case.now.isoformat()}"
    spared = [text for tie in case.ties for text in _sparing(rule, tie, case)]
    if spared:
        return f"not met: {spared[0]}"
    gaps = [
        (len(unmet), number, clause, tie, unmet)
        for clause in rule.body
        for number, tie in enumerate(case.ties)
        for unmet in (tuple(unmet_atoms(clause, rule, tie, case)),)
    ]
    if not gaps:
        return "not met: it names no clause"
    _, _, clause, tie, unmet = min(gaps, key=lambda gap: gap[:2])
    asked = "; ".join(f"{ATOM_WORDS[name]} must be {_word_asked(clause, name)}" for name in unmet)
    return f"not met: on {word_tie(tie)}, which comes nearest, {asked}"


def _sparing(rule: Rule, tie: Tie, case: Case) -> Iterator[str]:
    """Yield what spares somebody whom the body of `rule` meets on `tie`."""
    parts = parts_on(rule, tie, case.ties, case.sight)
    if parts.body.value is Truth.F:
        return
    on = word_tie(tie)
    if parts.exception.value is Truth.T:
        yield f"an exception spares {on}"
    if parts.person_exception.value is Truth.T:
        yield "an exception spares the person"
    if parts.person_condition.value is Truth.F:
        yield "the person does not meet its condition"
    for other in derogators_of(rule, case.ruleset):
        in_force = other.timeline.state_at(case.now) is not None
        if in_force and parts_on(other, tie, case.ties, case.sight).value is Truth.T:
            yield f"{other.id} derogates it on {on}"


def unmet_atoms(clause: Clause, rule: Rule, tie: Tie, case: Case) -> Iterator[str]:
    """Yield the names of the atoms of `clause` that a known fact rules out on `tie`."""
    sight = case.sight
    for atom in atoms_named(clause):
        if is_ruled_out(atom, rule, tie, sight):
            yield atom[0]


def _word_asked(clause: Clause, name: str) -> str:
    """Return what `clause` asks of the atom `name`, in words."""
    value = getattr(clause, name)
    if isinstance(value, frozenset):
        among = "none" if name.startswith("not_") else "one"
        return f"{among} of {listed(value)}" if len(value) <= MOST_LISTED else "one of the named"
    if isinstance(value, AgeBand):
        low = f"{value.from_years} or more" if value.from_years is not None else ""
        high = f"below {value.below_years}" if value.below_years is not None else ""
        return " and ".join(filter(None, (low, high)))
    return "low" if name == "low_trust" else "in the range that the rule names"


def near_misses(case: Case, met: Container[str], most: int) -> tuple[Encounter, ...]:
    """Return up to `most` rules in force that come close to being met, closest first, and why not.

    Close is a rule whose body is met and that spares the person, or that a single known fact keeps
    from being met on some connection that is known. A rule for other places, or for other ties to
    them, is not.
    """
    known = replace(case.facts, ties=frozenset(tie for tie in case.facts.ties if not tie.ghost))
    case = replace(case, facts=known)
    found = [
        (distance, rule.id)
        for rule in case.ruleset.rules
        if rule.id not in met and rule.timeline.state_at(case.now) is not None
        for distance in (_distance(rule, case),)
        if distance is not None
    ]
    found.sort()
    ruleset = case.ruleset
    return tuple(
        _encounter(rule_id, _not_met(ruleset.by_id[rule_id], case), case)
        for _, rule_id in found[:most]
    )


def _distance(rule: Rule, case: Case) -> int | None:
    """Return how far `rule` is from being met: 0 if it spares the person; None if it is not close.

    An action that it doesn't concern is farther off than any other fact.
    """
    missed: set[str] = set()
    for tie in case.ties:
        for clause in rule.body:
            unmet = tuple(islice(unmet_atoms(clause, rule, tie, case), 2))
            if not unmet:
                return 0
            if len(unmet) == 1:
                missed.update(unmet)
    missed -= {"factors", "places"}
    if not missed:
        return None
    return 2 if missed == {"actions"} else 1
