"""Port: the policy revision that answers."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from comity.domain.decision import Decision
from comity.domain.facts import Age, Facts
from comity.domain.request import Revision
from comity.policy.bundle import Bundle
from comity.policy.engine import Remembered
from comity.policy.engine.ages import AgeCell


class Evaluator(Protocol):
    """Answers questions from one compiled ruleset; immutable and safe to share by threads."""

    def evaluate(self, facts: Facts, now: datetime) -> Decision:
        """Return the answer to `facts` at `now`, an aware datetime."""
        ...

    def recall(self, facts: Facts, now: datetime) -> Remembered:
        """Return the same, with how long it may be given again."""
        ...

    def moment(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the stretch of time around `now` in which equal ages keep equal cells."""
        ...

    def age_cell(self, age: Age | None, now: datetime) -> AgeCell:
        """Return what the rules can tell of `age` at `now`."""
        ...

    def creation_cell(self, created: datetime | None) -> int | None:
        """Return what the rules can tell of an account's creation."""
        ...


class PolicyInForce(Protocol):
    """One revision, ready to answer."""

    @property
    def revision(self) -> Revision:
        """Epoch and digest."""
        ...

    @property
    def bundle(self) -> Bundle:
        """The compiled policies."""
        ...

    @property
    def engine(self) -> Evaluator:
        """The evaluator of the bundle's eligibility rules."""
        ...


class PolicySource(Protocol):
    """Gives the revision in force, one reference swapped atomically."""

    @property
    def current(self) -> PolicyInForce | None:
        """The revision in force; None until a first bundle is in force."""
        ...

    def known_at(self, instant: datetime) -> PolicyInForce | None:
        """Return the revision that was current at `instant`; None before the first."""
        ...

    def wait_for_epoch(self, epoch: int, timeout_seconds: float) -> PolicyInForce | None:
        """Return the current revision once it has reached `epoch`; None after the timeout."""
        ...
