"""Port: where the records of decisions are found again, and who opens what they keep sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol, TypeVar

from comity.app.ports.decision_recorder import DecisionRecord, RouteRecord
from comity.domain.data_request import DataRequest
from comity.domain.question import Question
from comity.domain.request import Revision
from comity.policy.coarse_dates import CoarseDates


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in which an answer is not the one recorded.

    Attributes:
        name: attribute, or kind of event.
        recorded: what was recorded of it.
        recomputed: what would be recorded now.
    """

    name: str
    recorded: str
    recomputed: str


class RecordedDecision(Protocol):
    """A decision as its record tells it."""

    @property
    def decision_id(self) -> str:
        """Its identity."""
        ...

    @property
    def revision(self) -> Revision:
        """The policy revision that answered."""
        ...

    @property
    def evaluated_at(self) -> datetime:
        """The instant that the question was answered for."""
        ...

    @property
    def route(self) -> bool:
        """Whether it is about an authority's request for data."""
        ...

    @property
    def clear(self) -> str:
        """What was asked, as JSON, if it was kept in clear; else empty."""
        ...

    @property
    def sealed_to(self) -> str:
        """Name of the key that what was asked is sealed to; empty if it is not sealed."""
        ...

    def question(self, kept: str) -> tuple[Question, CoarseDates]:
        """Return the question, without dates, that `kept` tells, and its dates.

        Raises:
            ExactValueError: it tells none.
        """
        ...

    def request(self, kept: str) -> DataRequest:
        """Return the data request that `kept` tells.

        Raises:
            ExactValueError: it tells none.
        """
        ...

    def differences(self, record: DecisionRecord | RouteRecord) -> tuple[Difference, ...]:
        """Return in what `record` is not the answer that was recorded."""
        ...


Found_co = TypeVar("Found_co", bound=RecordedDecision, covariant=True)
Sealed_contra = TypeVar("Sealed_contra", bound=RecordedDecision, contravariant=True)


class DecisionRecords(Protocol[Found_co]):
    """Finds the records of decisions."""

    def find(self, decision_id: str) -> Found_co | None:
        """Return the record of a decision; None if none is kept.

        Raises:
            RecordsUnavailableError: what keeps records can't be read.
            UnreadableRecordError: the record is there and can't be read.
        """
        ...


class NotRecomputed(Enum):
    """Why a decision can't be made once more."""

    SEALED = auto()
    NOT_KEPT = auto()
    BIRTHDAY = auto()
    REVISION_GONE = auto()
    ALTERED = auto()


class NotOpenedError(Exception):
    """What was sealed stays so; the message says why."""

    def __init__(self, why: NotRecomputed, message: str) -> None:
        """Keep what that means for the decision."""
        super().__init__(message)
        self.why = why


class SealOpener(Protocol[Sealed_contra]):
    """Opens what a record keeps sealed."""

    def open(self, recorded: Sealed_contra, reader: str) -> str:
        """Return what was asked, as JSON, after it was recorded that `reader` has it opened.

        Raises:
            NotOpenedError: the key doesn't fit, or what was sealed was altered.
            NotRecordedError: it can't be recorded that it is opened; nothing was.
        """
        ...
