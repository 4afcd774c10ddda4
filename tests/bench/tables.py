"""How benchmarks print what they measured: a table for people, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One measurement.

    Attributes:
        name: what was measured.
        value: how much it is.
        unit: unit of the value; empty for a ratio.
        least: what it must at least be; None if there is no such bound.
        most: what it may at most be; None if there is no such bound.
    """

    name: str
    value: float
    unit: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the value keeps its bounds."""
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )

    @property
    def bound(self) -> str:
        """The bounds in words."""
        words = [f"at least {self.least:g}"] if self.least is not None else []
        words += [f"at most {self.most:g}"] if self.most is not None else []
        return ", ".join(words) + ("" if self.holds else "   NOT KEPT")


def report(title: str, figures: Sequence[Figure], arguments: Sequence[str]) -> int:
    """Print `figures`, as JSON if the arguments are `--json`; return 1 if a bound isn't kept."""
    if list(arguments) == ["--json"]:
        listed = [{**asdict(figure), "holds": figure.holds} for figure in figures]
        sys.stdout.write(json.dumps({"benchmark": title, "figures": listed}, indent=2) + "\n")
    else:
        sys.stdout.write(f"{title}\n")
        for figure in figures:
            measured = f"{figure.value:>12,.2f} {figure.unit:<9}"
            sys.stdout.write(f"    {figure.name:<52}{measured}{figure.bound}".rstrip() + "\n")
    return 0 if all(figure.holds for figure in figures) else 1
