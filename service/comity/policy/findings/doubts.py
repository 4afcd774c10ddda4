"""Rules that ask something of everybody because nothing is known of anybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time

from comity.domain.effect import ALLOWED
from comity.domain.question import Question
from comity.policy.findings.codes import Finding, Witness
from comity.policy.findings.moments import edges_of, moments_of
from comity.policy.findings.reasoning import Placed
from comity.policy.findings.subjects import Section, written_id
from comity.policy.findings.witnesses import questions_for, without_facts
from comity.policy.lexicon import Presumption
from comity.policy.presumptions import resolve
from comity.policy.reference import evaluate, masks
from comity.policy.rules import Modality, Rule, Ruleset, Undecided
from comity.policy.scenarios.wording import word_outcome


def find_questioning(section: Section) -> Iterator[Finding]:
    """Yield the rules that ask something of a person of whom nothing is recorded."""
    told: set[str] = set()
    for rule in section.ruleset.rules:
        reactions = set(rule.when_unknown.values())
        if rule.modality is not Modality.FORBID or reactions <= {Undecided.AS_UNMATCHED, ALLOWED}:
            continue
        if written_id(rule) in told:
            continue
        finding = _examine(rule, section)
        if finding is not None:
            told.add(written_id(rule))
            yield finding


def _examine(rule: Rule, section: Section) -> Finding | None:
    """Return that a rule questions everybody, if it does at some time from today on."""
    ruleset = section.ruleset
    rules = (rule, *section.derogators.get(rule.id, ()))
    among = Ruleset(rules, ruleset.lexicon, ruleset.atlas)
    alone = Ruleset((rule,), ruleset.lexicon, ruleset.atlas)
    today = datetime.combine(section.today, time(0), UTC)
    edges = edges_of(rules, ruleset.lexicon, ruleset.atlas)
    coming = [today, *(edge for edge in edges if edge > today)]
    for now in moments_of(rule, coming):
        if now < today:
            continue
        for question in _asked_without_facts(rule, now, section):
            facts = resolve(question, ruleset.lexicon, ruleset.atlas)
            answer = evaluate(alone, facts, now)
            concerned = rule.id in masks(among, facts, now).possible
            if answer.outcome == ALLOWED or not concerned:
                continue
            missing = ", ".join(map(str, answer.missing_facts))
            message = (
                f"a person of whom nothing is recorded is asked: {word_outcome(answer.outcome)}"
                f"{f' (not known: {missing})' if missing else ''}."
            )
            witness = Witness(question, now, section.name)
            return section.find("CF171", rule.id, message, "when_unknown", witness=witness)
    return None


def _asked_without_facts(rule: Rule, now: datetime, section: Section) -> Iterator[Question]:
    """Yield questions that meet what the rule says of the request, of a person without facts.

    Such a person has no ties but those by a factor that is presumed open.
    """
    factors = section.ruleset.lexicon.factors
    opened = {name for name, term in factors.items() if term.presume is Presumption.OPEN}
    told: set[tuple[str | None, str | None, frozenset[str]]] = set()
    for clause in rule.body:
        if clause.factors is not None and not clause.factors & opened:
            continue
        for asked in questions_for([Placed(clause, rule)], now, section.reasoning):
            question = without_facts(asked)
            key = (question.action, question.product, question.items)
            if key not in told:
                told.add(key)
                yield question
