"""Breaks the engine on purpose and shows that the property tests notice.

`PYTHONPATH=service:tests python -m property.sabotage` prints after how many examples each
sabotage is caught, and fails if one is not.
"""

from __future__ import annotations

from property.choices import RandomChoices
from property.engine_copies import sabotaged
from property.properties import check_agreement
from property.sabotages import SABOTAGES, Sabotage


def examples_until_caught(sabotage: Sabotage, most: int) -> int | None:
    """Return how many examples it takes to notice a sabotage; None if more than `most`."""
    with sabotaged(sabotage.edits) as compile_rules:
        for seed in range(most):
            try:
                check_agreement(RandomChoices(seed), compile_rules)
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
