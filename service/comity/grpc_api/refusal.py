"""Gathers everything that is wrong with a request before any of it is refused."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from google.protobuf.message import Message

from comity.domain.errors import FieldViolation, InvalidQuestionError
from comity.grpc_api.shape import TooLong, find_violations

# A question can break its limits in thousands of places; more than this many help nobody.
MOST_VIOLATIONS = 100


class Faults:
    """What is wrong with one request or one item of a batch: one violation a field, in order."""

    def __init__(
        self, message: Message, path: str = "", *, into_lists: bool = True, without: str = ""
    ) -> None:
        """Hold `message`, to which `path` leads, against the table of limits.

        The field `without` is known to keep them.
        """
        violations = find_violations(message, path, into_lists=into_lists, without=without)
        found = islice(violations, MOST_VIOLATIONS)
        self._by_field = {violation.field: violation for violation in found}

    def __bool__(self) -> bool:
        """Return whether anything is wrong."""
        return bool(self._by_field)

    @property
    def hopeless(self) -> bool:
        """Whether something is too long, so that looking further could cost too much."""
        return any(isinstance(violation, TooLong) for violation in self._by_field.values())

    def among(self, path: str) -> bool:
        """Return whether anything is wrong at `path` or below it."""
        return any(f"{field}.".startswith(f"{path}.") for field in self._by_field)

    def add(self, found: Iterable[FieldViolation]) -> None:
        """Take up what is wrong with fields that nothing was said of yet; stop at the bound."""
        for violation in found:
            if len(self._by_field) >= MOST_VIOLATIONS:
                return
            self._by_field.setdefault(violation.field, violation)

    def refuse(self) -> None:
        """Raise if anything is wrong.

        Raises:
            InvalidQuestionError: something is.
        """
        if self._by_field:
            raise InvalidQuestionError(tuple(self._by_field.values()))
