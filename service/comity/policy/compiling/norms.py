"""From a restriction or content rule of a file to compiled rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from comity.domain.effect import ALLOWED, Outcome
from comity.policy.compiling.clauses import ClauseCompiler, locations
from comity.policy.compiling.members import expand_members
from comity.policy.compiling.outcomes import Effects, compile_effects, compile_reaction
from comity.policy.compiling.reporting import FileReport
from comity.policy.compiling.texts import compile_text
from comity.policy.compiling.timelines import Piece, in_force_spans, pace_of, timeline_of
from comity.policy.documents.norms import ContentRule, Norm, Restriction
from comity.policy.documents.rules import Source
from comity.policy.rules import Clause, Modality, Rule, Undecided, WhenUnknown
from comity.policy.yaml_nodes import Loc

NOTHING = Effects(ALLOWED, "", None, None)


@dataclass(frozen=True, slots=True)
class NormCompiler:
    """Compiles the restrictions and content rules of one file.

    Attributes:
        clauses: compiles clauses.
        sources: the file's sources.
        methods: the vocabulary's methods of verification.
    """

    clauses: ClauseCompiler
    sources: Mapping[str, Source]
    methods: frozenset[str]

    @property
    def report(self) -> FileReport:
        """Where problems go."""
        return self.clauses.report

    def compile(self, norm: Restriction | ContentRule, loc: Loc) -> tuple[Rule, ...]:
        """Return the rules that `norm` stands for: one, or one a member and value."""
        pieces, effects = self._pieces(norm, loc)
        body = self._body(norm, loc, effects)
        pace = pace_of(norm, loc, self.clauses.clock)
        rule = Rule(
            id=norm.id,
            jurisdiction=self.clauses.jurisdiction,
            modality=_modality(norm, effects),
            timeline=timeline_of(pieces, pace),
            body=body,
            exceptions=(*self._all(norm.exceptions, loc, "except"), *self._passed(effects)),
            person_exceptions=self._all(norm.except_person, loc, "except_person"),
            person_conditions=self._all(norm.only_if_person, loc, "only_if_person"),
            derogates=norm.derogates,
            part_unknown=norm.part_unknown == "unknown",
            when_unknown=self._when_unknown(norm, loc),
            requires=next((e.requires for e in effects if e.requires), ""),
            text=compile_text(norm, loc, self.sources, self.report),
        )
        if norm.per_member is None:
            return (rule,)
        members = expand_members(norm, loc, self.clauses)
        return tuple(
            replace(
                rule,
                id=f"{norm.id}#{member.suffix}",
                body=tuple(member.narrow(clause) for clause in body),
                timeline=timeline_of(pieces, pace, within=member.spans),
            )
            for member in members
        )

    def _pieces(self, norm: Norm, loc: Loc) -> tuple[list[Piece], list[Effects]]:
        """Return when which outcome applies, and all effects that the rule ever has."""
        own = self._effects(norm.effect, (*loc, "effect")) if norm.effect else NOTHING
        applies = norm.legal_effect != "proposal" and (
            norm.confidence != "unverified" or norm.apply_unverified is not None
        )
        pieces: list[Piece] = []
        effects = [own]
        for span, interval, place in in_force_spans(norm, loc, self.clauses.clock):
            there = own
            if interval.effect:
                there = self._effects(interval.effect, (*place, "effect"))
                effects.append(there)
            if applies:
                pieces.append((span, there.outcome))
        return pieces, effects

    def _effects(self, values: Sequence[object], loc: Loc) -> Effects:
        """Return what the effects at `loc` do together."""
        return compile_effects(values, loc, self.methods, self.clauses.lexicon, self.report)  # type: ignore[arg-type] # effects of the document

    def _body(
        self, norm: Restriction | ContentRule, loc: Loc, effects: Sequence[Effects]
    ) -> tuple[Clause, ...]:
        """Return the clauses of `applies_to`, those of a content rule with its object."""
        compiled = (
            self.clauses.compile(clause, place, body=True)
            for place, clause in locations(loc, "applies_to", norm.applies_to)
        )
        if isinstance(norm, ContentRule):
            known = self.clauses.lexicon.kinds
            for key, dimension in (("item", "item"), ("action", "action")):
                for index, name in enumerate(getattr(norm, key)):
                    if name not in known.get(dimension, {}):
                        what = f"{dimension} of the vocabulary"
                        place = (*loc, key, index)
                        self.report.say_unknown("CP401", place, name, what, known[dimension])
            items, actions = frozenset(norm.item), frozenset(norm.action)
            return tuple(replace(clause, items=items, actions=actions) for clause in compiled)
        deniable = self._deniable(effects)
        return tuple(
            clause if clause.actions is not None else replace(clause, actions=deniable)
            for clause in compiled
        )

    def _deniable(self, effects: Sequence[Effects]) -> frozenset[str]:
        """Return the actions that a clause without `action` meets.

        A rule that only ever restricts features meets the actions that use them; any other one
        all actions that may be denied.
        """
        lexicon = self.clauses.lexicon
        given = [effect for effect in effects if effect is not NOTHING]
        features = [effect.features for effect in given]
        if given and all(named is not None for named in features):
            used = (lexicon.feature_actions.get(f, frozenset()) for n in features for f in n or ())
            return frozenset[str]().union(*used)
        return frozenset(lexicon.kinds.get("action", ())) - lexicon.never_deny

    def _all(self, written: Sequence[object], loc: Loc, key: str) -> tuple[Clause, ...]:
        """Return the exception or person clauses under `key`."""
        return tuple(
            self.clauses.compile(clause, place, body=False)
            for place, clause in locations(loc, key, written)  # type: ignore[arg-type] # clauses
        )

    def _passed(self, effects: Sequence[Effects]) -> Iterator[Clause]:
        """Yield the exception of somebody who has passed the verification that the rule asks."""
        settled = self.clauses.lexicon.settled_by
        methods = [effect.methods for effect in effects if effect is not NOTHING]
        if not methods or any(named is None for named in methods):
            return
        labels = {settled.get(method, "") for named in methods for method in named or ()}
        if len(labels) == 1 and "" not in labels:
            yield Clause(labels=frozenset(labels))

    def _when_unknown(self, norm: Norm, loc: Loc) -> Mapping[str, WhenUnknown]:
        """Return what the rule asks while facts are unknown; `other` is always a key."""
        if norm.when_unknown is None:
            return {"other": Undecided.AS_UNMATCHED}
        place = (*loc, "when_unknown")
        return {
            fact: compile_reaction(
                reaction, (*place, fact), self.methods, self.clauses.lexicon, self.report
            )
            for fact, reaction in norm.when_unknown.items()
        }


def _modality(norm: Norm, effects: Sequence[Effects]) -> Modality:
    """Return what kind of norm the rule is."""
    if norm.permit:
        return Modality.PERMIT
    if any(effect.requires for effect in effects):
        return Modality.REQUIRE
    return Modality.FORBID


def outcomes_of(rule: Rule) -> tuple[Outcome, ...]:
    """Return every outcome that the rule ever has."""
    return tuple(state for state in rule.timeline.states if state is not None)
