"""File `conflicts.yaml`: clashing duties that a person with authority has weighed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from comity.policy.documents.base import Document, InstantValue, Line, Many, RuleId
from comity.policy.scalars import Refused


class ConflictValue(Document):
    """One ruling.

    Attributes:
        between: the rule that forbids and the rule that requires.
        prefer: the one of the two that is preferred.
        by: who ruled.
        weighed: what was weighed.
        expires: first instant at which the ruling no longer holds.
    """

    between: Annotated[tuple[RuleId, ...], Field(min_length=2, max_length=2)]
    prefer: RuleId
    by: Line
    weighed: Line
    expires: InstantValue

    def faults(self) -> Iterable[Refused]:
        """Return that what is preferred is none of the two."""
        if self.prefer not in self.between:
            known = " or ".join(self.between)
            message = f"'prefer' must be {known}, not '{self.prefer}'."
            yield Refused("CP204", message, key="prefer")


class ConflictsFile(Document):
    """All rulings.

    Attributes:
        conflicts: the rulings.
    """

    conflicts: Many[ConflictValue]
