"""Port: where the record of every decision goes before the reply leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from comity.domain.decision import Decision
from comity.domain.facts import Facts
from comity.domain.question import Question
from comity.domain.request import Provenance, Revision


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """Everything a trace keeps of one decision: enough to recompute it, nothing that identifies.

    Attributes:
        revision: policy revision that answered.
        evaluated_at: the instant that the question was answered for.
        question: the facts as given, look-ups included.
        facts: the facts with presumptions applied.
        decision: the answer.
        jurisdictions: jurisdictions of the reasons, sorted.
        degraded: sources that were not available, sorted.
        provenance: the database behind a look-up; None if none was made.
        hypothetical: whether another instant or another revision was asked about.
        account_id: the account, for a keyed pseudonym only; never recorded itself.
        position: index of the item in a batch; None for a single question.
    """

    revision: Revision
    evaluated_at: datetime
    question: Question
    facts: Facts
    decision: Decision
    jurisdictions: tuple[str, ...]
    degraded: tuple[str, ...]
    provenance: Provenance | None
    hypothetical: bool
    account_id: str = field(default="", repr=False)
    position: int | None = None


class DecisionRecorder(Protocol):
    """Records decisions; the identifier it returns is the one the reply carries."""

    def record(self, record: DecisionRecord) -> str:
        """Keep `record` and return its decision id, `<trace id>-<span id>` in hexadecimal."""
        ...


class InMemoryDecisionRecorder:
    """A `DecisionRecorder` that keeps records in a list."""

    def __init__(self) -> None:
        """Start empty."""
        self.records: dict[str, DecisionRecord] = {}

    def record(self, record: DecisionRecord) -> str:
        """Keep `record` under a running number."""
        decision_id = f"{1:032x}-{len(self.records) + 1:016x}"
        self.records[decision_id] = record
        return decision_id

    def found(self) -> Mapping[str, DecisionRecord]:
        """Return what was recorded so far, by decision id."""
        return dict(self.records)
