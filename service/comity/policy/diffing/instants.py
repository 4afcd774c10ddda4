"""Instants: stretches of time in which nothing near a changed rule changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from comity.policy.diffing.geography import Ground, all_clauses
from comity.policy.diffing.neighbours import Neighbour
from comity.policy.rules import Ruleset
from comity.policy.schedule import Schedule

UNDATED: Final = datetime(2026, 1, 15, 12, tzinfo=UTC)
BEFORE: Final = timedelta(days=1)
EDGES_TRIED: Final = 120
ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time.

    Attributes:
        start: first instant in it; None if unbounded.
        end: first instant after it; None if unbounded.
        instants: instants in it, one for each state that recurs in it.
    """

    start: datetime | None
    end: datetime | None
    instants: tuple[datetime, ...]


def stretches(
    neighbours: Sequence[Neighbour],
    zones: Sequence[str],
    rulesets: tuple[Ruleset, Ruleset],
    ground: Ground,
) -> list[Stretch]:
    """Return the stretches in which neither rules nor what they name change, but for what recurs.

    What recurs, such as the local days of `zones`, is tried at its first edges in a stretch, and
    around the days that it names.
    """
    edges = sorted({e for e in _edges(neighbours, rulesets, ground) if _is_sane(e)})
    if not edges:
        bounds: list[tuple[datetime | None, datetime | None]] = [(None, None)]
    else:
        bounds = [(None, edges[0]), *pairwise(edges), (edges[-1], None)]
    schedules = {n.rule.timeline.schedule for n in neighbours} - {None}
    found = []
    for start, end in bounds:
        first = start if start is not None else (end - BEFORE if end is not None else UNDATED)
        instants = [first]
        if schedules or len(zones) > 1:
            instants = _recurring(first, end, neighbours, zones)
        found.append(Stretch(start, end, tuple(instants)))
    return found


def _is_sane(instant: datetime) -> bool:
    return date.min.year + 200 < instant.year < date.max.year - 1


def _edges(
    neighbours: Sequence[Neighbour], rulesets: tuple[Ruleset, Ruleset], ground: Ground
) -> Iterator[datetime]:
    """Yield the instants at which rules, groups, kinds of products and rulings change."""
    for neighbour in neighbours:
        yield from neighbour.rule.timeline.instants
    clauses = [c for n in neighbours for c in all_clauses(n.rule)]
    names = {name for clause in clauses for name in clause.places or ()}
    for atlas in ground.atlases:
        for name in names:
            for spans in atlas.groups.get(name, {}).values():
                yield from (e for s in spans for e in (s.start, s.end) if e is not None)
    if any(c.products is not None or c.not_products is not None for c in clauses):
        laws = {"", *(n.rule.jurisdiction for n in neighbours)}
        for lexicon in ground.lexicons:
            for kinds in lexicon.product_kinds.values():
                for dated in kinds:
                    if dated.jurisdiction in laws:
                        edges = (dated.span.start, dated.span.end)
                        yield from (edge for edge in edges if edge is not None)
    ids = {n.rule.id for n in neighbours}
    for ruleset in rulesets:
        yield from (r.expires for r in ruleset.rulings if r.forbid_rule_id in ids)


def zones_of(neighbours: Iterable[Neighbour]) -> frozenset[str]:
    """Return the zones in which birthdays fall."""
    clauses = (c for n in neighbours for c in all_clauses(n.rule))
    return frozenset(c.age.zone for c in clauses if c.age is not None)


def _recurring(
    first: datetime, end: datetime | None, neighbours: Sequence[Neighbour], zones: Sequence[str]
) -> list[datetime]:
    """Return an instant for each combination of open windows and local days from `first` on."""
    timelines = list(dict.fromkeys(n.rule.timeline for n in neighbours if n.rule.timeline.schedule))
    candidates = {first}
    for timeline in timelines:
        if timeline.schedule is not None:
            candidates.update(_window_edges(timeline.schedule, first))
    for zone in zones if len(zones) > 1 else ():
        for day in (first.date() + ONE_DAY, first.date() + 180 * ONE_DAY):
            midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
            candidates.add(midnight.astimezone(UTC))
    found: dict[object, datetime] = {}
    for now in sorted(candidates):
        if first <= now and (end is None or now < end):
            local = [now.astimezone(ZoneInfo(zone)).date() for zone in zones]
            days = tuple(day - min(local) for day in local)
            found.setdefault((days, *(t.state_at(now) for t in timelines)), now)
    return list(found.values())


def _window_edges(schedule: Schedule, first: datetime) -> Iterator[datetime]:
    """Yield edges of windows after `first`, and after each day that a schedule names."""
    days = {d for span in (*schedule.dates, *schedule.except_dates) for d in span}
    starts = [datetime(d.year, d.month, d.day, tzinfo=UTC) - 2 * ONE_DAY for d in sorted(days)]
    for begin, most in ((first, EDGES_TRIED), *((start, 24) for start in starts)):
        at = begin
        for _ in range(most):
            edge = schedule.next_flip(at)
            if edge is None:
                break
            yield edge
            at = edge
