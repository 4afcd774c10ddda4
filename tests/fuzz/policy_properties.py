"""Tries every property of answers on 100,000 generated examples, new ones in every run.

Takes about an hour on two cores. Run with
`python tests/fuzz/policy_properties.py [EXAMPLES] [FIRST_SEED]`, or set `COMITY_EXAMPLES`. An
example that fails is printed with its seed, which repeats it.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from property.choices import RandomChoices
from property.properties import PROPERTIES

DEFAULT_EXAMPLES = 100_000
BATCH = 250
MOST_SHOWN = 5


def try_batch(name: str, first: int, count: int) -> tuple[str, list[tuple[int, str]]]:
    """Try a property on `count` examples; return the seeds that fail, with what fails."""
    failed = []
    for seed in range(first, first + count):
        try:
            PROPERTIES[name](RandomChoices(seed))
        except Exception as error:  # noqa: BLE001 - whatever is raised, the seed must be shown
            failed.append((seed, f"{type(error).__name__}: {error}"))
    return name, failed


def batches(examples: int, first: int) -> Iterator[tuple[str, int, int]]:
    """Yield what to try: for each property, all examples in batches."""
    for name in PROPERTIES:
        for start in range(0, examples, BATCH):
            yield name, first + start, min(BATCH, examples - start)


def main(arguments: list[str]) -> int:
    """Try all properties; return 1 if one failed."""
    examples = int(
        arguments[0] if arguments else os.environ.get("COMITY_EXAMPLES", DEFAULT_EXAMPLES)
    )
    first = int(arguments[1]) if len(arguments) > 1 else secrets.randbelow(2**40)
    print(f"{examples} examples a property, from seed {first}", flush=True)
    started = time.monotonic()
    failures: dict[str, list[tuple[int, str]]] = {name: [] for name in PROPERTIES}
    with ProcessPoolExecutor() as pool:
        for name, failed in pool.map(try_batch, *zip(*batches(examples, first), strict=True)):
            for seed, what in failed[: max(0, MOST_SHOWN - len(failures[name]))]:
                print(f"FAILED {name}, example {seed}: {what}", flush=True)
            failures[name] += failed
    for name, failed in failures.items():
        print(f"{name:<28} {examples:>8} examples  {len(failed):>5} failed")
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if any(failures.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
