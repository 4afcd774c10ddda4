"""Until when an answer stands: the first instant at which it could change by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from comity.domain.facts import NULL_TIE, BornBetween, Facts, Tie
from comity.domain.truth import Truth, conjunction
from comity.policy.reference.atoms import bears_on, products_around
from comity.policy.reference.dates import age_boundaries
from comity.policy.reference.findings import Sight
from comity.policy.reference.standing import any_clause, derogators_of, parts_on
from comity.policy.rules import Clause, Modality, Rule, Ruleset


def next_change(ruleset: Ruleset, facts: Facts, now: datetime) -> datetime | None:
    """Return the first instant after `now` at which the answer may change, or None if never.

    Never late; it may be early.
    """
    sight = Sight(facts, now, ruleset.lexicon, ruleset.atlas, relaxed=True)
    live = [rule for rule in ruleset.rules if is_live(rule, ruleset, sight)]
    concerned = [*live, *_clashing(ruleset, live, sight)]
    ids = {rule.id for rule in concerned}
    instants = [instant for rule in concerned for instant in _changes(rule, sight)]
    instants += [
        ruling.expires
        for ruling in ruleset.rulings
        if {ruling.forbid_rule_id, ruling.require_rule_id} <= ids and ruling.expires > now
    ]
    return min(instants, default=None)


def _clashing(ruleset: Ruleset, live: list[Rule], sight: Sight) -> list[Rule]:
    """Return the rules that a live rule of the other kind may clash with.

    Places are left aside in a clash, so rules that are not live can take part.
    """
    other = {Modality.FORBID: Modality.REQUIRE, Modality.REQUIRE: Modality.FORBID}
    present = {rule.modality for rule in live}
    return [
        rule
        for rule in ruleset.rules
        if other.get(rule.modality) in present
        and min(_in_force(rule, sight.now), concern(rule, sight)) is not Truth.F
    ]


def concern(rule: Rule, sight: Sight) -> Truth:
    """Return whether `rule` is met once connecting dimensions and persons are left aside."""
    body = [without_connection(clause) for clause in rule.body]
    exceptions = [without_connection(clause) for clause in rule.exceptions]
    return min(
        any_clause(body, rule, NULL_TIE, sight).value,
        any_clause(exceptions, rule, NULL_TIE, sight).value.negated(),
    )


def is_live(rule: Rule, ruleset: Ruleset, sight: Sight) -> bool:
    """Return whether `rule` could still be met, with all that time can change taken as U.

    A rule that derogates others is live even where it is derogated: its own value counts for
    them. A requirement that a ruling prefers removes nothing for good: the ruling will expire.
    """
    ties = (*_ties_from(sight.facts, sight.now), NULL_TIE)
    in_force = _in_force(rule, sight.now)
    if in_force is Truth.F:
        return False
    derogators = [(other, _in_force(other, sight.now)) for other in derogators_of(rule, ruleset)]
    if rule.derogates or _is_preferred(rule, ruleset, sight.now):
        derogators = []
    for tie in ties:
        special = [
            min(state, parts_on(other, tie, ties, sight).value) for other, state in derogators
        ]
        own = parts_on(rule, tie, ties, sight).value
        if conjunction([own, *(value.negated() for value in special)]) is not Truth.F:
            return True
    return False


def _is_preferred(rule: Rule, ruleset: Ruleset, now: datetime) -> bool:
    """Return whether a ruling in force prefers the requirement `rule` to a prohibition."""
    return any(
        ruling.prefer == ruling.require_rule_id == rule.id
        and ruling.forbid_rule_id in ruleset.by_id
        and now < ruling.expires
        for ruling in ruleset.rulings
    )


def _ties_from(facts: Facts, now: datetime) -> list[Tie]:
    """Return the ties that exist at `now` or will."""
    return [tie for tie in facts.ties if tie.until is None or tie.until > now]


def _in_force(rule: Rule, now: datetime) -> Truth:
    """Return T if in force for good, U if that will change, F if never again."""
    if rule.timeline.next_change(now) is not None:
        return Truth.U
    return Truth.F if rule.timeline.state_at(now) is None else Truth.T


def _changes(rule: Rule, sight: Sight) -> Iterator[datetime]:
    """Yield the instants after now at which the rule, or a fact that it names, changes."""
    flip = rule.timeline.next_change(sight.now)
    if flip is not None:
        yield flip
    if rule.timeline.state_at(sight.now) is None:
        return
    clauses = (
        *rule.body,
        *rule.exceptions,
        *rule.person_exceptions,
        *rule.person_conditions,
    )
    for clause in clauses:
        yield from _fact_changes(clause, sight)
        yield from _place_and_kind_changes(clause, rule, sight)


def _fact_changes(clause: Clause, sight: Sight) -> Iterator[datetime]:
    """Yield the ends of labels and ties, and the birthdays, that `clause` names."""
    facts, now = sight.facts, sight.now
    if clause.labels is not None:
        for label in facts.labels:
            matters = bears_on(label.name, clause.labels, sight.lexicon)
            if matters and label.until is not None and label.until > now:
                yield label.until
    if clause.names_connection:
        for tie in _ties_from(facts, now):
            yield from (edge for edge in (tie.since, tie.until) if edge and edge > now)
    if clause.age is not None and isinstance(facts.age, BornBetween):
        yield from age_boundaries(clause.age, facts.age, now)


def _place_and_kind_changes(clause: Clause, rule: Rule, sight: Sight) -> Iterator[datetime]:
    """Yield the changes of groups and dated kinds that `clause` names."""
    for group in clause.places or ():
        for tie in _ties_from(sight.facts, sight.now):
            if tie.place:
                yield from sight.atlas.member_boundaries(group, tie.place, sight.now)
    product = sight.facts.product
    if product is not None and (clause.products is not None or clause.not_products is not None):
        named = (clause.products or frozenset()) | (clause.not_products or frozenset())
        for value in products_around(named, product, sight.lexicon):
            yield from sight.lexicon.product_boundaries(value, rule.jurisdiction, sight.now)


def without_connection(clause: Clause) -> Clause:
    """Return `clause` with its connecting dimensions left aside."""
    return replace(clause, factors=None, places=None, populations=None, low_trust=False)
