"""What a scenario expects of an answer, and where an answer differs from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from comity.domain.decision import Decision, Determination, Standing
from comity.domain.effect import Effect, Obligation, outcome_of
from comity.policy.compiling.outcomes import obligations_of
from comity.policy.documents.expected import AnswerExpectation
from comity.policy.rules import Rule
from comity.policy.scenarios.encounters import Case
from comity.policy.scenarios.results import Difference
from comity.policy.scenarios.wording import listed, word_conflict, word_obligation

BINDING = "binding"
VERIFIED = "verified"
NO_NAMES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must come; whatever is not listed must not come.

    Attributes:
        effect: the headline.
        because: rules that are held, whether certain or with an exception in doubt.
        obligations: what the caller must do.
        state: whether the known facts settle the answer.
        missing: missing facts, as `FactKey` writes them.
        possible: rules that are possible and not held.
        unproven: those of `because` with an exception in doubt.
        conflicts: pairs `forbid/require` of rules, with `>prefer` if resolved.
        presumed: presumed facts, as `FactKey` writes them; None to leave them aside.
        notes: legal effects and confidences of the rules in `because` other than binding and
            verified; None to leave them aside.
    """

    effect: Effect
    because: frozenset[str] = NO_NAMES
    obligations: frozenset[Obligation] = frozenset()
    state: Determination = Determination.DECIDED
    missing: frozenset[str] = NO_NAMES
    possible: frozenset[str] = NO_NAMES
    unproven: frozenset[str] = NO_NAMES
    conflicts: frozenset[str] = NO_NAMES
    presumed: frozenset[str] | None = None
    notes: frozenset[str] | None = None

    @property
    def rule_ids(self) -> frozenset[str]:
        """Every rule that the expectation names."""
        return self.because | self.possible | self.unproven


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on eligibility or content that a scenario asked.

    Attributes:
        file: scenario file.
        case: the question.
        expected: what must come.
    """

    file: str
    case: Case
    expected: Expectation


ALLOW = Expectation(Effect.ALLOW)


def expectation_of(answer: Literal["allow"] | AnswerExpectation) -> Expectation:
    """Return what a scenario file expects of an answer."""
    if isinstance(answer, str):
        return ALLOW
    return Expectation(
        effect=Effect[answer.effect.upper()],
        because=frozenset(answer.because),
        obligations=outcome_of(obligations_of(answer.obligations)).obligations,
        state=Determination[answer.state],
        missing=frozenset(answer.missing),
        possible=frozenset(answer.possible),
        unproven=frozenset(answer.unproven),
        conflicts=frozenset(answer.conflicts),
        presumed=frozenset(answer.presumed) if answer.presumed is not None else None,
        notes=frozenset(answer.notes) if answer.notes is not None else None,
    )


def compare(
    expected: Expectation, decision: Decision, rules: Mapping[str, Rule]
) -> Iterator[Difference]:
    """Yield where `decision`, made by `rules`, differs from what is expected."""
    if decision.effect is not expected.effect:
        yield Difference("effect", expected.effect.name.lower(), decision.effect.name.lower())
    came = decision.outcome.obligations
    if came != expected.obligations:
        yield Difference(
            "obligations",
            listed(map(word_obligation, expected.obligations)),
            listed(map(word_obligation, came)),
        )
    if decision.determination is not expected.state:
        yield Difference("state", expected.state.value, decision.determination.value)
    for what, names in _named(decision):
        wanted = getattr(expected, what)
        if wanted != names:
            yield Difference(what, listed(wanted), listed(names))
    if expected.presumed is not None:
        presumed = frozenset(map(str, decision.presumed_facts))
        if presumed != expected.presumed:
            yield Difference("presumed", listed(expected.presumed), listed(presumed))
    if expected.notes is not None:
        notes = _notes(decision, rules)
        if notes != expected.notes:
            yield Difference("notes", listed(expected.notes), listed(notes))


def _named(decision: Decision) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what an answer names, each with the key of `expect` that lists it."""
    by_standing = {
        standing: frozenset(r.rule_id for r in decision.reasons if r.standing is standing)
        for standing in Standing
    }
    yield "because", by_standing[Standing.CERTAIN] | by_standing[Standing.UNPROVEN_EXCEPTION]
    yield "missing", frozenset(map(str, decision.missing_facts))
    yield "possible", by_standing[Standing.POSSIBLE]
    yield "unproven", by_standing[Standing.UNPROVEN_EXCEPTION]
    yield "conflicts", frozenset(map(word_conflict, decision.conflicts))


def _notes(decision: Decision, rules: Mapping[str, Rule]) -> frozenset[str]:
    """Return what sets the held rules of an answer apart from verified, binding ones."""
    held = (r for r in decision.reasons if r.standing is not Standing.POSSIBLE)
    texts = [rules[reason.rule_id].text for reason in held]
    notes = {text.legal_effect for text in texts} | {text.confidence for text in texts}
    return frozenset(notes - {BINDING, VERIFIED})
