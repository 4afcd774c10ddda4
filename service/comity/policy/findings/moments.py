"""Instants that stand for all time: one in each stretch in which nothing that matters changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from comity.policy.atlas import Atlas
from comity.policy.lexicon import Lexicon
from comity.policy.rules import Clause, Rule
from comity.policy.schedule import Schedule

# An instant of a rule that has always been in force and always will be.
_ANY_TIME: Final = datetime(2020, 1, 1, tzinfo=UTC)
# Weekdays recur within a week; a year before a rule's end shows every window that recurs at all.
_A_YEAR: Final = timedelta(days=400)
_A_WEEK: Final = timedelta(days=8)


def clauses_of(rule: Rule) -> tuple[Clause, ...]:
    """Return every clause of a rule."""
    return (
        *rule.body,
        *rule.exceptions,
        *rule.person_exceptions,
        *rule.person_conditions,
    )


def edges_of(rules: Iterable[Rule], lexicon: Lexicon, atlas: Atlas) -> list[datetime]:
    """Return the instants at which anything changes that bears on `rules`, but for schedules."""
    edges: set[datetime] = set()
    for rule in rules:
        edges.update(rule.timeline.instants)
        clauses = clauses_of(rule)
        groups = {place for clause in clauses for place in clause.places or ()}
        spans = [
            span
            for group in groups
            for member in atlas.groups.get(group, {}).values()
            for span in member
        ]
        if any(clause.products or clause.not_products for clause in clauses):
            spans += [
                dated.span
                for kinds in lexicon.product_kinds.values()
                for dated in kinds
                if dated.jurisdiction in ("", rule.jurisdiction)
            ]
        edges.update(e for span in spans for e in (span.start, span.end) if e is not None)
    return sorted(edges)


def moments_of(rule: Rule, edges: Iterable[datetime]) -> Iterator[datetime]:
    """Yield an instant in each stretch between `edges` in which `rule` is in force at some time.

    Exhaustive: where it yields nothing the rule is never in force.
    """
    for start, end in pairwise((None, *edges, None)):
        first = _first_of(start, end, rule.timeline.schedule)
        if rule.timeline.state_at(first) is not None:
            yield first
            continue
        schedule = rule.timeline.schedule
        opening = schedule.next_flip(first) if schedule is not None else None
        if opening is None or (end is not None and opening >= end):
            continue
        if rule.timeline.state_at(opening) is not None:
            yield opening


def _first_of(start: datetime | None, end: datetime | None, schedule: Schedule | None) -> datetime:
    """Return the first instant of a stretch, of one without a beginning one early enough."""
    if start is not None:
        return start
    early = _ANY_TIME if end is None else end - timedelta(seconds=1)
    if schedule is not None:
        listed = (*schedule.dates, *schedule.except_dates)
        days = [datetime.combine(day, time(0), UTC) - _A_WEEK for day, _ in listed]
        early = min([early - _A_YEAR, *days])
    return early
