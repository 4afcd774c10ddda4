"""What must hold within one restriction or content rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from comity.domain.effect import ALLOWED, Effect, Outcome, Verify
from comity.policy.compiling.members import uses_members
from comity.policy.compiling.norms import outcomes_of
from comity.policy.compiling.reporting import FileReport
from comity.policy.documents.effects import RestrictEffect, VerifyEffect
from comity.policy.documents.norms import ContentRule, Norm, Restriction
from comity.policy.documents.vocabulary import VocabularyFile
from comity.policy.rules import FACT_OF_ATOM, Clause, Rule
from comity.policy.yaml_nodes import Loc

_UNBOUND: Final = ("advice", "voluntary", "practice")
_UNNAMED: Final = Clause()


@dataclass(frozen=True, slots=True)
class NormCheck:
    """Checks the restrictions and content rules of one file.

    Attributes:
        vocabulary: the vocabulary.
        jurisdiction: code of the file, or `any`.
        report: where problems go.
    """

    vocabulary: VocabularyFile
    jurisdiction: str
    report: FileReport

    def check(self, norm: Restriction | ContentRule, rule: Rule, loc: Loc) -> None:
        """Report what does not hold in `norm`, compiled as `rule`."""
        self._check_legal_effect(norm, loc)
        self._check_never_denied(norm, loc)
        self._check_labels(norm, loc)
        self._check_populations(norm, loc)
        self._check_members(norm, loc)
        self._check_quota_actions(norm, loc)
        outcomes = outcomes_of(rule)
        facts = _facts_named(rule)
        self._check_effects(norm, facts, loc)
        self._check_reactions(norm, rule, outcomes, facts, loc)

    def _check_legal_effect(self, norm: Norm, loc: Loc) -> None:
        """Report what does not bind and does not say why it is applied, or the reverse."""
        if norm.legal_effect in _UNBOUND and norm.platform_basis is None:
            message = f"'platform_basis' is missing: say why {norm.legal_effect} is applied."
            self.report.say("CP417", (*loc, "legal_effect"), message)
        if norm.legal_effect not in _UNBOUND and norm.platform_basis is not None:
            message = f"'platform_basis' has no meaning beside {norm.legal_effect}."
            self.report.say("CP417", (*loc, "platform_basis"), message, of_key=True)

    def _check_never_denied(self, norm: Norm, loc: Loc) -> None:
        """Report actions that no rule may deny."""
        written = [norm.effect, *(interval.effect for interval in norm.in_force)]
        if not any("deny" in effects for effects in written):
            return
        protected = {n for n, term in self.vocabulary.actions.items() if term.never_deny}
        for index, clause in enumerate(getattr(norm, "applies_to", ())):
            for number, action in enumerate(clause.action):
                if action in protected:
                    place = (*loc, "applies_to", index, "action", number)
                    message = f"'{action}' may never be denied to anybody."
                    self.report.say("CP410", place, message)

    def _check_labels(self, norm: Norm, loc: Loc) -> None:
        """Report labels in exceptions that this jurisdiction does not grant."""
        for key, clauses in (("except", norm.exceptions), ("except_person", norm.except_person)):
            for index, clause in enumerate(clauses):
                for number, name in enumerate(clause.label):
                    label = self.vocabulary.labels.get(name)
                    allowed = {"any", self.jurisdiction}
                    if label is not None and not allowed & set(label.granted_by):
                        granted = ", ".join(label.granted_by)
                        message = f"'{name}' is granted by {granted}, not by {self.jurisdiction}."
                        self.report.say("CP414", (*loc, key, index, "label", number), message)

    def _check_populations(self, norm: Norm, loc: Loc) -> None:
        """Report populations in `except` where the body names no connection they belong to."""
        clauses = getattr(norm, "applies_to", ())
        own_place = self.jurisdiction != "any"
        named = all(c.names_connection or (own_place and not c.jurisdiction) for c in clauses)
        for index, exception in enumerate(norm.exceptions):
            if exception.population and not named:
                message = "'population' stands here only if `applies_to` names a connection."
                self.report.say(
                    "CP415", (*loc, "except", index, "population"), message, of_key=True
                )

    def _check_members(self, norm: Norm, loc: Loc) -> None:
        """Report `per_member` ages without a table, and tables without such an age."""
        if uses_members(norm) and norm.per_member is None:
            message = "'per_member' is missing: the age is taken from it."
            self.report.say("CP416", (*loc, "applies_to"), message, of_key=True)
        if norm.per_member is not None and not uses_members(norm):
            message = "'per_member' is used only by `age: {below: per_member}`."
            self.report.say("CP416", (*loc, "per_member"), message, of_key=True)

    def _check_quota_actions(self, norm: Norm, loc: Loc) -> None:
        """Report restricted features that the rule's own actions never use."""
        for index, effect in enumerate(norm.effect):
            if not isinstance(effect, RestrictEffect):
                continue
            feature = self.vocabulary.features.get(effect.restrict)
            for number, clause in enumerate(getattr(norm, "applies_to", ())):
                actions = set(clause.action)
                if feature is not None and actions and not actions & set(feature.actions):
                    place = (*loc, "effect", index, "restrict")
                    uses = ", ".join(feature.actions)
                    message = f"'{effect.restrict}' is used by {uses}, none of which clause"
                    self.report.say("CP418", place, f"{message} {number + 1} names.")

    def _check_effects(self, norm: Norm, facts: frozenset[str], loc: Loc) -> None:
        """Report verifications asked for that nobody can ever have passed."""
        for index, effect in enumerate(norm.effect):
            if isinstance(effect, VerifyEffect):
                method = self.vocabulary.methods.get(effect.verify)
                if method and not method.satisfied_by and not self._settles(effect.verify, facts):
                    message = f"'{effect.verify}' settles nothing that the rule names."
                    self.report.say("CP411", (*loc, "effect", index, "verify"), message)

    def _check_reactions(
        self,
        norm: Norm,
        rule: Rule,
        outcomes: tuple[Outcome, ...],
        facts: frozenset[str],
        loc: Loc,
    ) -> None:
        """Report what is asked in doubt if it settles nothing or ranks above the rule."""
        least = min((outcome.effect for outcome in outcomes), default=Effect.DENY)
        keys = norm.when_unknown or {}
        for fact, reaction in rule.when_unknown.items():
            if fact not in keys or not isinstance(reaction, Outcome) or reaction == ALLOWED:
                continue
            place = (*loc, "when_unknown", fact)
            if reaction.effect > least:
                asked, own = reaction.effect.name.lower(), least.name.lower()
                message = f"'{asked}' ranks above the rule's own effect, {own}."
                self.report.say("CP412", place, message)
            for method in sorted(o.method for o in reaction.obligations if isinstance(o, Verify)):
                asked_about = facts if fact == "other" else frozenset({fact})
                if method in self.vocabulary.methods and not self._settles(method, asked_about):
                    what = "nothing that the rule names" if fact == "other" else f"no {fact}"
                    message = f"'{method}' settles {what}."
                    self.report.say("CP411", place, message)

    def _settles(self, method: str, facts: Iterable[str]) -> bool:
        """Return whether `method` settles one of `facts`."""
        settles = set(self.vocabulary.methods[method].settles)
        factors = self.vocabulary.connecting_factors.keys()
        asked = set(facts)
        if asked & (factors | {"connection", "place"}):
            asked |= {"connected_by"}
        if "connection" in asked or "place" in asked or "trust" in asked:
            return bool(settles & (asked | factors))
        return bool(settles & asked)


def _facts_named(rule: Rule) -> frozenset[str]:
    """Return the facts that the rule's clauses may leave unknown, factors by their names."""
    facts: set[str] = set()
    clauses = (
        *rule.body,
        *rule.exceptions,
        *rule.person_exceptions,
        *rule.person_conditions,
    )
    for clause in clauses:
        facts |= clause.factors or frozenset()
        facts |= {
            fact
            for name, fact in FACT_OF_ATOM.items()
            if getattr(clause, name) != getattr(_UNNAMED, name)
        }
        if clause.factors:
            facts |= {"connection"}
    return frozenset(facts)
