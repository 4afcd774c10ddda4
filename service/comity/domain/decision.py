"""A decision: the answer to a question with its legal reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from comity.domain.effect import Effect, Outcome
from comity.domain.facts import FactKey, Tie


class Determination(StrEnum):
    """Whether the known facts settle the answer."""

    DECIDED = "decided"
    INDETERMINATE = "indeterminate"


class Standing(StrEnum):
    """How firmly a rule meets the facts, over all connections."""

    CERTAIN = "certain"
    UNPROVEN_EXCEPTION = "unproven_exception"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that bears on the answer.

    Attributes:
        rule_id: the rule.
        standing: certain, held although an exception is in doubt, or merely possible.
        ties: the connections on which it is met with that standing, sorted.
    """

    rule_id: str
    standing: Standing
    ties: tuple[Tie, ...]


@dataclass(frozen=True, slots=True, order=True)
class Conflict:
    """Two duties of different authorities that can't both be met.

    Attributes:
        forbid_rule_id: the rule that forbids.
        require_rule_id: the rule that requires.
        resolved_for: the rule that `conflicts.yaml` prefers; empty if unresolved.
    """

    forbid_rule_id: str
    require_rule_id: str
    resolved_for: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of one evaluation.

    Attributes:
        outcome: what the caller must do.
        determination: whether the known facts settle it.
        reasons: rules that are certain, held, or possible, by rule id.
        missing_facts: unknown facts that could settle an indeterminate answer, sorted.
        would_change: unknown facts that only keep an exception in doubt, sorted.
        presumed_facts: facts that a presumption supplied, sorted.
        conflicts: duties that clash, sorted.
        valid_until: first instant at which the answer could change by itself; None if never.
    """

    outcome: Outcome
    determination: Determination
    reasons: tuple[Reason, ...]
    missing_facts: tuple[FactKey, ...]
    would_change: tuple[FactKey, ...]
    presumed_facts: tuple[FactKey, ...]
    conflicts: tuple[Conflict, ...]
    valid_until: datetime | None

    @property
    def effect(self) -> Effect:
        """The headline of the outcome."""
        return self.outcome.effect
