"""Rules that another one makes superfluous: at least as strict wherever they are met or in doubt.

Removing such a rule changes no answer's outcome, nor whether it is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from comity.domain.effect import ALLOWED
from comity.policy.findings.codes import Finding
from comity.policy.findings.moments import edges_of, moments_of
from comity.policy.findings.reasoning import Placed, Reasoning
from comity.policy.findings.relations import is_at_most
from comity.policy.findings.subjects import Section
from comity.policy.findings.witnesses import holds, seek_witness
from comity.policy.rules import Clause, Modality, Rule, Undecided


def find_shadowed(section: Section, unmet: frozenset[str]) -> Iterator[Finding]:
    """Yield the rules of a section that another one shadows; `unmet` are never met anyway."""
    rules = [
        rule
        for rule in section.ruleset.rules
        if rule.modality is Modality.FORBID and rule.id not in unmet
    ]
    order = {rule.id: number for number, rule in enumerate(rules)}
    index = _index(rules)
    for rule in rules:
        for other in _candidates(rule, index, section):
            if not shadows(other, rule, section):
                continue
            if order[other.id] > order[rule.id] and shadows(rule, other, section):
                continue  # they say the same; the later one is told
            yield _finding(rule, other, section)
            break


def shadows(other: Rule, rule: Rule, section: Section) -> bool:
    """Return whether `other` is at least as strict wherever `rule` is met or in doubt."""
    if other is rule or rule.derogates or _is_outdone(other, rule, section):
        return False
    if other.timeline.schedule not in (None, rule.timeline.schedule):
        return False
    lexicon, atlas = section.ruleset.lexicon, section.ruleset.atlas
    moments = list(moments_of(rule, edges_of((rule, other), lexicon, atlas)))
    return bool(moments) and all(_covers(other, rule, section.reasoning, now) for now in moments)


def _is_outdone(other: Rule, rule: Rule, section: Section) -> bool:
    """Return whether something removes `other` and not `rule`, or `rule` asks more in doubt."""
    ours = {derogator.id for derogator in section.derogators.get(rule.id, ())}
    theirs = {derogator.id for derogator in section.derogators.get(other.id, ())}
    ruled = {ruling.forbid_rule_id for ruling in section.ruleset.rulings}
    if not theirs <= ours or other.id in ruled or other.modality is not Modality.FORBID:
        return True
    asks = [r for r in rule.when_unknown.values() if r not in (Undecided.AS_UNMATCHED, ALLOWED)]
    if not asks:
        return False
    denies = all(state is None or state.denied for state in other.timeline.states)
    answers = set(other.when_unknown.values())
    return not (denies and answers == {Undecided.AS_MATCHED})


def _covers(other: Rule, rule: Rule, reasoning: Reasoning, now: datetime) -> bool:
    """Return whether at `now` the value and the outcome of `other` are nowhere below `rule`'s."""
    mine, theirs = rule.timeline.state_at(now), other.timeline.state_at(now)
    if mine is None or theirs is None or not theirs.includes(mine):
        return False

    def each(ins: Sequence[Clause], outs: Sequence[Clause], inner: Rule, outer: Rule) -> bool:
        return all(
            any(is_at_most(Placed(a, inner), Placed(b, outer), reasoning, now) for b in outs)
            for a in ins
        )

    conditions = not other.person_conditions or (
        bool(rule.person_conditions)
        and each(rule.person_conditions, other.person_conditions, rule, other)
    )
    return (
        each(rule.body, other.body, rule, other)
        and each(other.exceptions, rule.exceptions, other, rule)
        and each(other.person_exceptions, rule.person_exceptions, other, rule)
        and conditions
    )


def _index(rules: Sequence[Rule]) -> Mapping[str | None, list[Rule]]:
    """Return name of a place or group -> the rules that name it; None -> those that name none."""
    index: dict[str | None, list[Rule]] = {}
    for rule in rules:
        named = {name for clause in rule.body for name in clause.places or (None,)}
        for name in named:
            index.setdefault(name, []).append(rule)
    return index


def _candidates(
    rule: Rule, index: Mapping[str | None, list[Rule]], section: Section
) -> Iterator[Rule]:
    """Yield the rules that may meet whatever the first clause of `rule` meets, in their order."""
    names = _around(rule, section)
    found = {other.id: other for name in names for other in index.get(name, ())}
    for other in sorted(found.values(), key=lambda other: (other.text.file, other.text.line)):
        if other is not rule and all(
            any(
                b.factors is None or (a.factors is not None and a.factors <= b.factors)
                for b in other.body
            )
            for a in rule.body
        ):
            yield other


def _around(rule: Rule, section: Section) -> set[str | None]:
    """Return the names of places and groups one of which whatever covers the first clause names."""
    lexicon, atlas = section.ruleset.lexicon, section.ruleset.atlas
    names: set[str | None] = {None}
    now = next(iter(moments_of(rule, edges_of((rule,), lexicon, atlas))), None)
    places = rule.body[0].places
    if now is None or places is None:
        return names
    some = min(atlas.expand(places, now), default=None)
    if some is not None:
        around = atlas.lies_in(some)
        names |= around
        names |= {group for group, members in atlas.groups.items() if around & members.keys()}
    return names


def _finding(rule: Rule, other: Rule, section: Section) -> Finding:
    """Return that `other` shadows `rule`."""
    code = "CF111" if rule.text.file == other.text.file else "CF112"
    message = (
        f"{section.place_of(other)} is at least as strict wherever this rule is met; without it "
        "every answer would ask the same."
    )
    moments = list(
        moments_of(rule, edges_of((rule, other), section.ruleset.lexicon, section.ruleset.atlas))
    )
    pair = (rule, other, *section.derogators.get(rule.id, ()))
    witness = seek_witness(
        [Placed(rule.body[0], rule)],
        moments[::-1],
        section,
        holds(pair, section, (rule.id, other.id)),
    )
    return section.find(code, rule.id, message, witness=witness)
