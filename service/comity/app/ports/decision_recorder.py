"""Port: where the record of every decision goes before the reply leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from comity.domain.data_request import DataRequest
from comity.domain.data_route import Route
from comity.domain.decision import Decision
from comity.domain.facts import Facts
from comity.domain.question import Question
from comity.domain.request import Provenance, Revision
from comity.policy.coarse_dates import NO_DATES, CoarseDates


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
        sensitive: (dimension, value) pairs of the vocabulary that must not be recorded in clear.
        account_id: the account, for a keyed pseudonym only; never recorded itself.
        position: index of the item in a batch; None for a single question.
        dates: what the rules can tell of the dates of the question.
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
    sensitive: frozenset[tuple[str, str]]
    account_id: str = field(default="", repr=False)
    position: int | None = None
    dates: CoarseDates = NO_DATES


@dataclass(frozen=True, slots=True)
class RouteRecord:
    """Everything a trace keeps of the route of one data request.

    Attributes:
        revision: policy revision that answered.
        evaluated_at: the instant that the question was answered for.
        request: the request as asked.
        route: the answer.
        jurisdictions: jurisdictions of the rules that decided, sorted.
        hypothetical: whether another instant or another revision was asked about.
        sensitive: (dimension, value) pairs of the vocabulary that must not be recorded in clear.
        account_id: the account, for a keyed pseudonym only; never recorded itself.
    """

    revision: Revision
    evaluated_at: datetime
    request: DataRequest
    route: Route
    jurisdictions: tuple[str, ...]
    hypothetical: bool
    sensitive: frozenset[tuple[str, str]]
    account_id: str = field(default="", repr=False)


class DecisionRecorder(Protocol):
    """Records decisions; the identifier it returns is the one the reply carries."""

    def record(self, record: DecisionRecord) -> str:
        """Keep `record` and return its decision id, `<trace id>-<span id>` in hexadecimal."""
        ...

    def record_route(self, record: RouteRecord) -> str:
        """Keep `record` and return its decision id, as `record` does."""
        ...


class InMemoryDecisionRecorder:
    """A `DecisionRecorder` that keeps records in memory."""

    def __init__(self) -> None:
        """Start empty."""
        self.records: dict[str, DecisionRecord] = {}
        self.routes: dict[str, RouteRecord] = {}

    def record(self, record: DecisionRecord) -> str:
        """Keep `record` under a running number."""
        decision_id = self._next_id()
        self.records[decision_id] = record
        return decision_id

    def record_route(self, record: RouteRecord) -> str:
        """Keep `record` under a running number."""
        decision_id = self._next_id()
        self.routes[decision_id] = record
        return decision_id

    def found(self) -> Mapping[str, DecisionRecord]:
        """Return the decisions recorded so far, by decision id."""
        return dict(self.records)

    def _next_id(self) -> str:
        """Return the id of the next record."""
        return f"{1:032x}-{len(self.records) + len(self.routes) + 1:016x}"
