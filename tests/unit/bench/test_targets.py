"""Which targets a run met."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.throughput.targets import TARGETS, Target, judge
from unit.bench.figures import results_of

RATIO = Target("ratio", "above", "below", bound=0.8, aim=0.9)
COST = Target("cost", "cost", "", bound=6.5, aim=4.5, most=True, unit="µs")


@pytest.mark.parametrize(
    ("above", "holds", "aim"), [(79, False, False), (80, True, False), (90, True, True)]
)
def test_a_ratio_must_be_at_least_its_bound(above: float, *, holds: bool, aim: bool) -> None:
    (verdict,) = judge(results_of(above=[above], below=[100.0]), [RATIO])
    assert (verdict.holds, verdict.reaches_aim) == (holds, aim)


@pytest.mark.parametrize(
    ("cost", "holds", "aim"), [(6.6, False, False), (6.5, True, False), (4.5, True, True)]
)
def test_a_cost_must_be_at_most_its_bound(cost: float, *, holds: bool, aim: bool) -> None:
    (verdict,) = judge(results_of(cost=[cost]), [COST])
    assert (verdict.holds, verdict.reaches_aim) == (holds, aim)


def test_the_ratio_is_the_median_of_the_repetitions_ratios() -> None:
    """Not the ratio of medians, which here is 10."""
    (verdict,) = judge(results_of(above=[1.0, 10.0, 100.0], below=[1.0, 20.0, 1.0]), [RATIO])
    assert verdict.spread is not None
    assert (verdict.spread.median, verdict.spread.least, verdict.spread.most) == (1.0, 0.5, 100.0)


def test_without_a_row_nothing_is_said() -> None:
    (verdict,) = judge(results_of(above=[1.0]), [RATIO])
    assert verdict.spread is verdict.holds is verdict.reaches_aim is None


def test_an_aim_is_never_weaker_than_the_bound() -> None:
    for target in TARGETS:
        assert replace(target).met(target.aim, target.bound), target.label
