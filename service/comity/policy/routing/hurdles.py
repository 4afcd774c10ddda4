"""What stands in the way of a disclosure, and how strongly."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from comity.domain.data_route import Escalation, Ground

NO_FIELDS: frozenset[str] = frozenset()


class Level(IntEnum):
    """How strong a hurdle is; of several the strongest decides.

    Source: the order of the platform's procedure: refuse the whole request, escalate, ask for
    what the whole request lacks, refuse a category, ask for what a category lacks.
    """

    CATEGORY_LACKS = 1
    REFUSE_CATEGORY = 2
    REQUEST_LACKS = 3
    ESCALATE = 4
    REFUSE_REQUEST = 5


@dataclass(frozen=True, slots=True)
class Hurdle:
    """One thing that stands in the way.

    Attributes:
        level: how strong it is.
        ground: what the answer says of it.
        escalation: who must look; None if nobody need.
        missing: fields of the request that could remove it.
    """

    level: Level
    ground: Ground
    escalation: Escalation | None = None
    missing: frozenset[str] = NO_FIELDS


def hurdle(
    level: Level,
    code: str,
    text: str,
    *,
    cure: str = "",
    rule_id: str = "",
    missing: frozenset[str] = NO_FIELDS,
) -> Hurdle:
    """Return a hurdle that nobody need look at."""
    return Hurdle(level, Ground(code, text, cure, rule_id), missing=missing)


def spoken(names: frozenset[str] | tuple[str, ...]) -> str:
    """Return names of the vocabulary as a person says them, sorted."""
    return ", ".join(sorted(name.replace("_", " ") for name in names))
