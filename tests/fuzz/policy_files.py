"""Compile policy files with random changes; the short version runs with the tests."""

from __future__ import annotations

import argparse
import secrets
import sys
import time

from unit.policy.documents.policy_noise import compile_changed


def main() -> int:
    """Compile the files of many seeds; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=50_000)
    parser.add_argument("--first-seed", type=int, default=secrets.randbelow(2**40))
    arguments = parser.parse_args()
    started = time.perf_counter()
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.examples):
        try:
            compile_changed(seed)
        except Exception as error:  # noqa: BLE001 - any error is the finding
            print(f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ()), sep="\n")
            return 1
    seconds = time.perf_counter() - started
    print(f"{arguments.examples} changed sets of policy files in {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
