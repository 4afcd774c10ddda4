"""The targets, and which of them a run met. A target is a ratio of rows of one run, or a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.throughput.results import Results
from bench.throughput.spreads import Spread, ratios, spread_of


@dataclass(frozen=True)
class Target:
    """What a figure must be.

    Attributes:
        label: what the figure is.
        over: row of the figure, or of its numerator.
        under: row of the denominator; empty if the figure is the row itself.
        bound: what it must be: at least so much, or at most, if `most`.
        aim: what it should be.
        most: whether less is better.
        unit: unit of the figure; empty for a ratio.
    """

    label: str
    over: str
    under: str
    bound: float
    aim: float
    most: bool = False
    unit: str = ""

    def met(self, value: float, bound: float) -> bool:
        """Return whether `value` keeps a bound."""
        return value <= bound if self.most else value >= bound

    @property
    def rows(self) -> Sequence[str]:
        """The rows that it needs."""
        return [name for name in (self.over, self.under) if name]


TARGETS = (
    Target("unary hit ÷ bare no-op", "hit", "bare", 0.80, 0.90),
    Target("unary hit ÷ bare no-op, by h2load", "h2load_hit", "h2load_bare", 0.80, 0.90),
    Target("unary cold ÷ bare no-op", "cold", "bare", 0.60, 0.70),
    Target("unary hit ÷ Cerbos", "hit", "cerbos", 1.05, 1.2),
    Target("unary hit ÷ Cerbos, by h2load", "h2load_hit", "h2load_cerbos", 1.05, 1.2),
    Target("batch of 50 ÷ Cerbos", "batch", "cerbos_batch", 6, 10),
    Target("batch of 50 ÷ Cerbos, by h2load", "h2load_batch", "h2load_cerbos_batch", 6, 10),
    Target("a batched decision, in process", "in_process", "", 6.5, 4.5, most=True, unit="µs"),
    Target("p99 at half load ÷ bare no-op's", "half_p99", "bare_half_p99", 1.5, 1.25, most=True),
    Target(
        "100,000 rules ÷ 100 rules, unary hit",
        "rules_100000_unary_hit",
        "rules_100_unary_hit",
        0.95,
        1,
    ),
    Target("goodput at 3 times the load ÷ its peak", "goodput_3", "goodput_peak", 0.9, 0.9),
)


@dataclass(frozen=True)
class Verdict:
    """How a run did on a target.

    Attributes:
        target: the target.
        spread: the figure; None if it was not measured.
    """

    target: Target
    spread: Spread | None

    @property
    def holds(self) -> bool | None:
        """Whether the median keeps the bound; None if it was not measured."""
        return self._met(self.target.bound)

    @property
    def reaches_aim(self) -> bool | None:
        """Whether the median reaches the aim; None if it was not measured."""
        return self._met(self.target.aim)

    def _met(self, bound: float) -> bool | None:
        """Return whether the median keeps a bound; None if it was not measured."""
        return None if self.spread is None else self.target.met(self.spread.median, bound)


def judge(results: Results, targets: Sequence[Target] = TARGETS) -> list[Verdict]:
    """Return how a run did on all targets. A ratio is taken within each repetition."""
    verdicts = []
    for target in targets:
        if any(name not in results.rows for name in target.rows):
            verdicts.append(Verdict(target, None))
            continue
        values = results.rows[target.over].values
        if target.under:
            values = ratios(values, results.rows[target.under].values)
        verdicts.append(Verdict(target, spread_of(values)))
    return verdicts
