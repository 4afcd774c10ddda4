"""Algebra of half-open spans of time, and the assembly of timelines from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from comity.domain.effect import Outcome
from comity.policy.atlas import Span
from comity.policy.schedule import Schedule
from comity.policy.timeline import Timeline

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


def unite(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same time as disjoint spans that do not touch, in order; empty ones dropped."""
    united: list[tuple[datetime, datetime]] = []
    for start, end in sorted(_bounds(span) for span in spans):
        if start >= end:
            continue
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return tuple(_span(start, end) for start, end in united)


def intersect(left: Iterable[Span], right: Iterable[Span]) -> tuple[Span, ...]:
    """Return the time that lies in both, as disjoint spans in order."""
    others = [_bounds(span) for span in right]
    return unite(
        _span(max(start, other_start), min(end, other_end))
        for start, end in map(_bounds, left)
        for other_start, other_end in others
        if max(start, other_start) < min(end, other_end)
    )


def subtract(spans: Iterable[Span], removed: Iterable[Span]) -> tuple[Span, ...]:
    """Return the time in `spans` that lies in none of `removed`, as disjoint spans in order."""
    return intersect(spans, complement(removed))


def complement(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return all time that lies in none of `spans`, as disjoint spans in order."""
    gaps = []
    reached = FIRST
    for start, end in map(_bounds, unite(spans)):
        if reached < start:
            gaps.append(_span(reached, start))
        reached = end
    if reached < LAST:
        gaps.append(_span(reached, LAST))
    return tuple(gaps)


def build_timeline(
    pieces: Sequence[tuple[Span, Outcome]], schedule: Schedule | None = None
) -> Timeline:
    """Return the timeline that has each piece's outcome in its span and none elsewhere.

    Where pieces overlap the first one counts.
    """
    edges = sorted({edge for span, _ in pieces for edge in _bounds(span)} - {FIRST, LAST})
    states = [_state_from(edge, pieces) for edge in (FIRST, *edges)]
    kept = [i for i, edge in enumerate(edges) if states[i] != states[i + 1]]
    return Timeline(
        instants=tuple(edges[i] for i in kept),
        states=(states[0], *(states[i + 1] for i in kept)),
        schedule=schedule,
    )


def _state_from(edge: datetime, pieces: Sequence[tuple[Span, Outcome]]) -> Outcome | None:
    """Return the outcome at `edge`, or None if no piece holds it."""
    return next((outcome for span, outcome in pieces if span.holds(edge)), None)


def _bounds(span: Span) -> tuple[datetime, datetime]:
    """Return the span's ends, an open one as the first or last instant that there is."""
    return (span.start or FIRST, span.end or LAST)


def _span(start: datetime, end: datetime) -> Span:
    """Return a span from bounds as `_bounds` gives them."""
    return Span(None if start == FIRST else start, None if end == LAST else end)
