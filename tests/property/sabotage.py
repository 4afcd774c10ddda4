"""Breaks the engine on purpose and shows that the property tests notice.

`PYTHONPATH=service:tests python -m property.sabotage` prints after how many examples each
sabotage is caught, and fails if one is not.
"""

from __future__ import annotations

from functools import lru_cache

from property.choices import RandomChoices
from property.engine_copies import sabotaged
from property.properties import Expectation, assert_agreements, expectations
from property.sabotages import SABOTAGES, Sabotage

KEPT = 1_000


@lru_cache(KEPT)
def expectations_of(seed: int) -> tuple[Expectation, ...]:
    """Return what is expected of an example, which no sabotage of the engine changes."""
    return tuple(expectations(RandomChoices(seed)))


def examples_until_caught(sabotage: Sabotage, most: int) -> int | None:
    """Return how many examples it takes to notice a sabotage; None if more than `most`."""
    with sabotaged(sabotage.edits) as compile_rules:
        for seed in range(most):
            try:
                assert_agreements(compile_rules, expectations_of(seed))
            except AssertionError:
                return seed + 1
    return None


def main() -> int:
    """Print after how many examples each sabotage is caught; fail if one is not."""
    missed = 0
    for sabotage in SABOTAGES:
        caught = examples_until_caught(sabotage, 20_000)
        missed += caught is None
        print(f"{caught or 'NOT CAUGHT':>10}  {sabotage.mistake}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
