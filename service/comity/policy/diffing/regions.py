"""Regions: who and what is answered differently, and from when until when."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from comity.domain.facts import Members
from comity.domain.question import Question
from comity.policy.diffing.answers import Shift
from comity.policy.diffing.companies import Company
from comity.policy.diffing.instants import Stretch
from comity.policy.diffing.paths import Example, Path, Values
from comity.policy.diffing.scopes import Scope
from comity.policy.diffing.search import Node
from comity.policy.diffing.sights import LEVELS

LISTED: Final = ("place", "product", "action", "device")
MOST_LISTED: Final = 8


class Direction(StrEnum):
    """Which way an answer goes."""

    STRICTER = "stricter"
    LOOSER = "looser"
    OTHER = "other"
    UNKNOWN = "unknown"


def direction_of(shift: Shift) -> Direction:
    """Return which way `shift` goes; unknown if only what is settled, or missing, differs."""
    before, after = shift.before.outcome, shift.after.outcome
    if before == after:
        return Direction.UNKNOWN
    if after.includes(before):
        return Direction.STRICTER
    return Direction.LOOSER if before.includes(after) else Direction.OTHER


@dataclass(frozen=True, slots=True)
class Box:
    """Questions that are any combination of some values.

    Attributes:
        values: for each of `LEVELS`, the values.
        company: the person's other connections.
    """

    values: tuple[Values, ...]
    company: Company

    def of(self, dimension: str) -> Values:
        """Return the values of one dimension."""
        return self.values[LEVELS.index(dimension)]

    @property
    def plainest(self) -> Path:
        """The plainest of its questions, other connections aside."""
        return tuple(map(representative, self.values))

    def holds(self, other: Box) -> bool:
        """Return whether all questions of `other` are among these, other connections aside."""
        return all(a >= b for a, b in zip(self.values, other.values, strict=True))


@dataclass(frozen=True, slots=True)
class Period:
    """From when until when.

    Attributes:
        start: first instant; None if there is none.
        end: first instant after; None if there is none.
        recurring: whether only at hours that recur in it.
    """

    start: datetime | None
    end: datetime | None
    recurring: bool = False


@dataclass(frozen=True, slots=True)
class Witness:
    """A question that shows a difference.

    Attributes:
        question: the question.
        at: the instant.
    """

    question: Question
    at: datetime


@dataclass(frozen=True, slots=True)
class Region:
    """Questions that are answered differently in the same way.

    Attributes:
        rule_ids: rules through which.
        box: the questions.
        shift: how the answers differ.
        known: whether all facts that matter are known.
        periods: when.
        witness: one of the questions.
        scopes: each dimension as the rule sees it.
        stand_ins: place that stands for others -> the place of which it is the rest; empty for
            everywhere else.
        excepting: whether other connections of a person are excepted.
    """

    rule_ids: tuple[str, ...]
    box: Box
    shift: Shift
    known: bool
    periods: tuple[Period, ...]
    witness: Witness
    scopes: Mapping[str, Scope] = field(compare=False, hash=False)
    stand_ins: Mapping[str, str] = field(compare=False, hash=False)
    excepting: bool = field(default=False, compare=False, hash=False)

    @property
    def direction(self) -> Direction:
        """Which way the answers go."""
        return direction_of(self.shift)

    def widened(self, dimension: str) -> tuple[Values, bool]:
        """Return the values of a dimension with what they lack for other rules alone.

        The second is whether they lacked any. Single values of a dimension that the rule names
        are left as they are, if they can be listed.
        """
        scope, chosen = self.scopes[dimension], self.box.of(dimension)
        if dimension in LISTED and scope.names:
            fewest = min(len(chosen), len(scope.everything - chosen))
            if fewest <= MOST_LISTED:
                return chosen, False
        return scope.widen(chosen)

    def also_by(self, rule_ids: Iterable[str]) -> Region:
        """Return the region with more rules."""
        return replace(self, rule_ids=tuple(dict.fromkeys((*self.rule_ids, *rule_ids))))


def boxes_of(node: Node, company: Company) -> Iterator[tuple[Box, Shift]]:
    """Yield the boxes of a search, each with how its answers differ."""
    for values, shift in _paths(node, ()):
        yield Box(values, company), shift


def _paths(node: Any, above: tuple[Values, ...]) -> Iterator[tuple[tuple[Values, ...], Shift]]:  # noqa: ANN401
    if isinstance(node, Shift):
        yield above, node
        return
    for values, child in node or ():
        yield from _paths(child, (*above, values))


MOST_BOXES: Final = 6


def plainest_boxes(node: Node, company: Company) -> dict[Shift, list[Box]]:
    """Return for each way in which answers differ the boxes that say least, up to a bound."""
    found = _plainest(node, {})
    return {
        shift: [Box(values, company) for _, values in ranked] for shift, ranked in found.items()
    }


Ranked = dict[Shift, list[tuple[int, tuple[Values, ...]]]]


def _plainest(node: Any, known: dict[int, Ranked]) -> Ranked:  # noqa: ANN401
    """Return the same below a node, each box with the number of its single values."""
    if isinstance(node, Shift):
        return {node: [(0, ())]}
    if id(node) in known:
        return known[id(node)]
    found: Ranked = {}
    for values, child in node or ():
        single = int(len(values) == 1)
        for shift, ranked in _plainest(child, known).items():
            found.setdefault(shift, []).extend((n + single, (values, *rest)) for n, rest in ranked)
    known[id(node)] = {
        shift: sorted(ranked, key=lambda r: r[0])[:MOST_BOXES] for shift, ranked in found.items()
    }
    return known[id(node)]


@dataclass(slots=True)
class Sightings:
    """Where and when one kind of difference was seen.

    Attributes:
        stretches: number of a stretch -> instants in it.
        first: the first instant.
        example: what shows it then.
    """

    first: datetime
    example: Example
    stretches: dict[int, set[datetime]] = field(default_factory=dict)

    def add(self, number: int, now: datetime) -> None:
        """Note that it was seen."""
        self.stretches.setdefault(number, set()).add(now)


def periods_of(sightings: Sightings, stretches: list[Stretch]) -> tuple[Period, ...]:
    """Return the periods in which something was seen; what touches is joined."""
    found: list[Period] = []
    for number in sorted(sightings.stretches):
        stretch = stretches[number]
        recurring = len(sightings.stretches[number]) < len(stretch.instants)
        last = found[-1] if found else None
        touching = last is not None and last.end == stretch.start and last.end is not None
        if last is not None and touching and last.recurring == recurring:
            found[-1] = Period(last.start, stretch.end, recurring)
        else:
            found.append(Period(stretch.start, stretch.end, recurring))
    return tuple(found)


def representative(values: Iterable[Hashable]) -> Hashable:
    """Return the plainest of some values."""
    return min(values, key=plainness)


PLAIN = ("message_send", "telegram", "account_use", "channel_read")


def plainness(value: Any) -> tuple[bool, int, str]:  # noqa: ANN401
    """Return a sort key by which the plainest of some values goes first."""
    is_set = isinstance(value, Members)
    size = len(value.yes) + len(value.no) if is_set else len(str(value))
    return value not in PLAIN, size, repr(value)
