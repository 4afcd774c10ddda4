"""What is said of repeated measurements."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Repetitions in short.

    Attributes:
        median: their median.
        least: the smallest.
        most: the largest.
    """

    median: float
    least: float
    most: float


def spread_of(values: Sequence[float]) -> Spread:
    """Return median and extremes of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` (0 to 1) of at least one value don't exceed."""
    ordered = sorted(values)
    rank = -(-share * len(ordered) // 1)  # rounded up
    return ordered[max(0, int(rank) - 1)]


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Return the ratio of each repetition; both have as many.

    Raises:
        ValueError: they have not.
    """
    return [above / below for above, below in zip(over, under, strict=True)]
