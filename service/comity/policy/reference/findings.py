"""What an evaluation looks at, and what it finds: a value and why it is not settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from comity.domain.facts import FactKey, Facts
from comity.domain.truth import Truth
from comity.policy.atlas import Atlas
from comity.policy.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class Finding:
    """The value of an atom, clause or rule, and why it is not settled.

    Attributes:
        value: Kleene value.
        unknown: the unknown facts that leave it U; empty unless the value is U.
    """

    value: Truth
    unknown: frozenset[FactKey] = frozenset()


MET = Finding(Truth.T)
NOT_MET = Finding(Truth.F)


def unsettled(*keys: FactKey) -> Finding:
    """Return a finding that waits for the facts `keys`."""
    return Finding(Truth.U, frozenset(keys))


def settled(*, met: bool) -> Finding:
    """Return a finding that no further fact changes."""
    return MET if met else NOT_MET


@dataclass(frozen=True, slots=True)
class Sight:
    """What an evaluation looks at.

    Attributes:
        facts: the facts of the question.
        now: the instant asked.
        lexicon: compiled vocabulary.
        atlas: compiled geography.
        relaxed: whether atoms that time can still change after `now` count as U.
    """

    facts: Facts
    now: datetime
    lexicon: Lexicon
    atlas: Atlas
    relaxed: bool = False
