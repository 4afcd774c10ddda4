"""Answering: from the rules that bear on a question to its answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from comity.domain.decision import Decision, Determination, Reason, Standing
from comity.domain.effect import ALLOWED, Outcome, join_all
from comity.domain.facts import FactKey
from comity.policy.engine.bits import holds, numbers_in
from comity.policy.engine.cache import Cache
from comity.policy.engine.clashes import Clashes
from comity.policy.engine.moments import Moment
from comity.policy.engine.scenes import Scene
from comity.policy.engine.table import RuleTable
from comity.policy.engine.unknowns import Unknowns
from comity.policy.engine.weighing import Weighing
from comity.policy.rules import Rule, Undecided

JOINS_KEPT = 4096
ANYTHING_ELSE = FactKey("other")


def undisturbed(presumed: tuple[FactKey, ...]) -> Decision:
    """Return the answer to facts that concern no rule, some of them `presumed`; it never ends."""
    return Decision(ALLOWED, Determination.DECIDED, (), (), (), presumed, (), None)


class Answering:
    """Turns weighings into decisions."""

    __slots__ = ("_clashes", "_joins", "_table", "_unknowns")

    def __init__(self, table: RuleTable, unknowns: Unknowns, clashes: Clashes) -> None:
        """Answer by the rules of `table`."""
        self._table = table
        self._unknowns = unknowns
        self._clashes = clashes
        self._joins: Cache[frozenset[int], Outcome] = Cache(JOINS_KEPT)

    def answer(
        self, scene: Scene, weighing: Weighing, moment: Moment, until: datetime | None
    ) -> Decision:
        """Return the decision, standing until `until`."""
        now, forbidding = scene.now, self._table.forbidding
        held = weighing.total.held & forbidding
        doubtful = weighing.total.possible & forbidding & ~held
        unproven = held & ~weighing.total.certain
        settled = self._join(held, now)
        ceiling = self._join(held | doubtful, now) if doubtful else settled
        outcome, missing = settled, frozenset[FactKey]()
        decided = ceiling is settled or ceiling == settled
        if not decided:
            unknown = {n: self._unknowns.of_rule(n, scene, weighing) for n in numbers_in(doubtful)}
            asked = (self._ask(number, facts, now) for number, facts in unknown.items())
            outcome = settled.join(join_all(asked))
            missing = frozenset[FactKey]().union(*unknown.values())
        shaken = frozenset[FactKey]()
        for number in numbers_in(unproven):
            shaken |= self._unknowns.of_rule(number, scene, weighing)
        return Decision(
            outcome=outcome,
            determination=Determination.DECIDED if decided else Determination.INDETERMINATE,
            reasons=self._reasons(held | doubtful, scene, weighing),
            missing_facts=tuple(sorted(missing)),
            would_change=tuple(sorted(shaken - missing)),
            presumed_facts=scene.facts.presumed,
            conflicts=self._clashes.among(weighing.total.clashing, scene.base.now, moment, now),
            valid_until=until,
        )

    def _join(self, rules: int, now: datetime) -> Outcome:
        """Return the join of the outcomes of `rules`, all in force."""
        if not rules:
            return ALLOWED
        key = frozenset(self._table.outcome_number(number, now) for number in numbers_in(rules))
        known = self._joins.get(key)
        if known is not None:
            return known
        return self._joins.put(key, join_all(self._table.outcomes[n] for n in sorted(key)))

    def _reasons(self, rules: int, scene: Scene, weighing: Weighing) -> tuple[Reason, ...]:
        """Return how each of `rules` bears on the answer, by rule id."""
        if not rules:
            return ()
        reasons = []
        for number in numbers_in(rules):
            if holds(weighing.total.certain, number):
                standing = Standing.CERTAIN
                met = [holds(v.certain, number) for v in weighing.by_tie]
            elif holds(weighing.total.held, number):
                standing = Standing.UNPROVEN_EXCEPTION
                met = [holds(v.held, number) for v in weighing.by_tie]
            else:
                standing = Standing.POSSIBLE
                met = [holds(v.possible, number) for v in weighing.by_tie]
            ties = tuple(s.tie for s, m in zip(scene.sightings, met, strict=True) if m)
            reasons.append(Reason(self._table.rules[number].id, standing, ties))
        reasons.sort(key=_rule_id)
        return tuple(reasons)

    def _ask(self, number: int, unknown: Iterable[FactKey], now: datetime) -> Outcome:
        """Return what a rule in doubt asks: over its unknown facts, the strictest answers."""
        rule = self._table.rules[number]
        matched = self._table.outcomes[self._table.outcome_number(number, now)]
        asked = [_ask_for(rule, fact, matched) for fact in unknown or (ANYTHING_ELSE,)]
        strictest = max(outcome.effect for outcome in asked)
        return join_all(outcome for outcome in asked if outcome.effect is strictest)


def _rule_id(reason: Reason) -> str:
    return reason.rule_id


def _ask_for(rule: Rule, fact: FactKey, matched: Outcome) -> Outcome:
    """Return what `rule`, whose outcome is `matched`, asks while `fact` is unknown."""
    names: Sequence[str] = (fact.dimension, "other")
    if fact.dimension == "connection":
        names = (fact.member, *names)
    for name in names:
        choice = rule.when_unknown.get(name)
        if choice is Undecided.AS_MATCHED:
            return matched
        if choice is Undecided.AS_UNMATCHED:
            return ALLOWED
        if choice is not None:
            return choice
    return ALLOWED
