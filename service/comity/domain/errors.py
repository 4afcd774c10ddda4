"""Errors that the core raises; the gRPC layer maps each onto one status."""

from __future__ import annotations

from dataclasses import dataclass


class ComityError(Exception):
    """Base of all errors with a meaning to the caller."""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One thing wrong with a request.

    Attributes:
        field: path of the field, such as `facts.connections[0].place`.
        description: what is wrong and what to send instead; never the value of a personal field.
    """

    field: str
    description: str


class InvalidQuestionError(ComityError):
    """A request breaks the contract; carries every violation at once."""

    def __init__(self, violations: tuple[FieldViolation, ...]) -> None:
        """Keep `violations`, at least one."""
        super().__init__("; ".join(f"{v.field}: {v.description}" for v in violations))
        self.violations = violations


class NoPolicyError(ComityError):
    """No policy bundle is in force yet."""


class RevisionNotReachedError(ComityError):
    """The caller wants a newer policy revision than the one in force."""


class NoHistoryError(ComityError):
    """The caller asks for the law as known before the first bundle."""


class NotEntitledError(ComityError):
    """The caller may not use this option or view."""


class NotFoundError(ComityError):
    """The named rule, jurisdiction or decision does not exist."""


class NotRecordedError(ComityError):
    """A decision can't be recorded, and is therefore not answered."""


class RecordsUnavailableError(ComityError):
    """What keeps the records of decisions can't be read now."""


class UnreadableRecordError(ComityError):
    """The record of a decision is there, and is not one that can be read."""


class RevisionUnusableError(ComityError):
    """A policy revision that was in force once can't be read back, or compiles no more."""
