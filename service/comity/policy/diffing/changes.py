"""Changes: the rules through which answers can differ, and what only people read."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, fields
from functools import cached_property

from comity.policy.diffing.drift import Drift, find_drift
from comity.policy.rule_texts import RuleText
from comity.policy.rules import ConflictRuling, Modality, Rule, Ruleset
from comity.policy.timeline import Timeline

# Where a rule stands is not what it says.
PLACE_IN_FILE = frozenset({"file", "line"})


@dataclass(frozen=True, slots=True)
class Pair:
    """A rule as it stands in both revisions.

    Attributes:
        id: its id.
        old: the rule before; None if it was added.
        new: the rule after; None if it was removed.
    """

    id: str
    old: Rule | None
    new: Rule | None

    @property
    def sides(self) -> tuple[Rule | None, Rule | None]:
        """The rule before and after."""
        return self.old, self.new


@dataclass(frozen=True, slots=True)
class TextChange:
    """A rule of which people read something else, without effect on effects.

    Attributes:
        rule_id: the rule.
        parts: the parts of its text that differ.
    """

    rule_id: str
    parts: tuple[str, ...]


class Revision:
    """A set of rules, indexed by what acts on what."""

    def __init__(self, ruleset: Ruleset) -> None:
        """Index `ruleset`."""
        self.ruleset = ruleset
        self._derogators: dict[str, list[Rule]] = {}
        for rule in ruleset.rules:
            for target in rule.derogates:
                self._derogators.setdefault(target, []).append(rule)
        self._rulings: dict[str, list[ConflictRuling]] = {}
        for ruling in ruleset.rulings:
            preferred = ruling.prefer == ruling.require_rule_id
            if preferred and ruling.require_rule_id in ruleset.by_id:
                self._rulings.setdefault(ruling.forbid_rule_id, []).append(ruling)

    def derogators(self, rule_id: str) -> list[Rule]:
        """Return the rules that derogate a rule."""
        return self._derogators.get(rule_id, [])

    def rulings(self, rule_id: str) -> list[ConflictRuling]:
        """Return the rulings that prefer a requirement to a rule that forbids."""
        return self._rulings.get(rule_id, [])

    def acting_on(self, rule_id: str) -> list[Rule]:
        """Return the rules that derogate a rule or are preferred to it."""
        preferred = [self.ruleset.by_id[r.require_rule_id] for r in self.rulings(rule_id)]
        return [*self.derogators(rule_id), *preferred]

    @cached_property
    def own_laws(self) -> frozenset[str]:
        """The jurisdictions whose law sees a product in its own way."""
        kinds = self.ruleset.lexicon.product_kinds.values()
        return frozenset(dated.jurisdiction for several in kinds for dated in several)

    def meaning(self, rule: Rule) -> Hashable:
        """Return what a rule says, without what people read of it; equal for equal rules."""
        return (
            rule.modality,
            rule.jurisdiction if rule.jurisdiction in self.own_laws else "",
            _timeline(rule.timeline),
            frozenset(rule.body),
            frozenset(rule.exceptions),
            frozenset(rule.person_exceptions),
            frozenset(rule.person_conditions),
            rule.part_unknown,
            frozenset(rule.when_unknown.items()),
        )

    def whole_meaning(self, rule: Rule) -> Hashable:
        """Return what a rule that forbids comes to together with those that act on it."""
        rulings = {
            (self.meaning(self.ruleset.by_id[r.require_rule_id]), r.expires)
            for r in self.rulings(rule.id)
        }
        derogators = {self.meaning(other) for other in self.derogators(rule.id)}
        return self.meaning(rule), frozenset(derogators), frozenset(rulings)


def _timeline(timeline: Timeline) -> Hashable:
    """Return a timeline without instants at which nothing changes."""
    states = timeline.states
    kept = [n for n, instant in enumerate(timeline.instants) if states[n] != states[n + 1]]
    steps = tuple((timeline.instants[n], states[n + 1]) for n in kept)
    return states[0], steps, timeline.schedule if any(states) else None


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two sets of rules.

    Attributes:
        affected: rules that forbid, through which alone answers can differ, in their order.
        added: ids of rules that only the new revision has.
        removed: ids of rules that only the old one has.
        reworded: ids of rules that say something else in both.
        texts: rules of which only people read something else.
        drift: names that have come to mean something else.
    """

    affected: tuple[Pair, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    reworded: tuple[str, ...]
    texts: tuple[TextChange, ...]
    drift: Drift


def find_changes(old: Revision, new: Revision) -> Changes:
    """Return what differs between two revisions; who acts on whom is taken into account."""
    before, after = old.ruleset.by_id, new.ruleset.by_id
    drift = find_drift(old.ruleset, new.ruleset)
    ids = [*after, *(rule_id for rule_id in before if rule_id not in after)]
    pairs = [Pair(i, before.get(i), after.get(i)) for i in ids]
    both = [(p, p.old, p.new) for p in pairs if p.old is not None and p.new is not None]
    known = _Sameness(old, new, drift)
    return Changes(
        affected=tuple(p for p in map(_forbidding, pairs) if known.is_affected(p)),
        added=tuple(p.id for p in pairs if p.old is None),
        removed=tuple(p.id for p in pairs if p.new is None),
        reworded=tuple(
            p.id
            for p, was, became in both
            if (old.meaning(was), was.derogates) != (new.meaning(became), became.derogates)
        ),
        texts=tuple(_text_changes(both)),
        drift=drift,
    )


def _forbidding(pair: Pair) -> Pair:
    """Return the sides of a rule on which it forbids."""
    old, new = (
        rule if rule is not None and rule.modality is Modality.FORBID else None
        for rule in pair.sides
    )
    return Pair(pair.id, old, new)


class _Sameness:
    """Judges which rules can make a difference.

    An answer is a join, so it doesn't matter by which rule, or how many, the same is said: a rule
    makes no difference if the other revision has one, by whatever name, that comes to the same.
    """

    def __init__(self, old: Revision, new: Revision, drift: Drift) -> None:
        """Judge by what the rules of both revisions come to."""
        self._revisions = (old, new)
        self._drift = drift
        self._said: list[set[Hashable]] | None = None

    def is_affected(self, pair: Pair) -> bool:
        """Return whether an answer can differ through `pair`."""
        present = [rule for rule in pair.sides if rule is not None]
        if not any(s is not None for rule in present for s in rule.timeline.states):
            return False
        if self._touches(pair):
            return True
        meanings = self._meanings(pair)
        if meanings[0] == meanings[1]:
            return False
        return not all(
            meaning is None or meaning in said
            for meaning, said in zip(meanings, self._others, strict=True)
        )

    def _meanings(self, pair: Pair) -> list[Hashable | None]:
        """Return what the sides of `pair` come to."""
        return [
            None if rule is None else revision.whole_meaning(rule)
            for rule, revision in zip(pair.sides, self._revisions, strict=True)
        ]

    def _touches(self, pair: Pair) -> bool:
        """Return whether the words of a rule, or of what acts on it, mean something else."""
        return any(
            self._drift.touches(other)
            for rule, revision in zip(pair.sides, self._revisions, strict=True)
            if rule is not None
            for other in (rule, *revision.acting_on(rule.id))
        )

    @property
    def _others(self) -> tuple[set[Hashable], set[Hashable]]:
        """What rules of the other revision come to, for the old and the new one."""
        if self._said is None:
            self._said = [
                {r.whole_meaning(x) for x in r.ruleset.rules if x.modality is Modality.FORBID}
                for r in self._revisions
            ]
        return self._said[1], self._said[0]


def _text_changes(both: Iterable[tuple[Pair, Rule, Rule]]) -> Iterable[TextChange]:
    """Yield the rules whose text differs."""
    for pair, was, became in both:
        if was.text is became.text:
            continue
        parts = [
            item.name
            for item in fields(RuleText)
            if item.name not in PLACE_IN_FILE
            and getattr(was.text, item.name) != getattr(became.text, item.name)
        ]
        if parts:
            yield TextChange(pair.id, tuple(parts))
