"""Edits policy files 2,000 times, valid and broken edits mixed, while calls are answered.

Run with `python tests/soak/reloads.py [EDITS]`, or set `COMITY_TEST_RELOADS`. Two workers take up
the edits together. Fails if a call failed, if a batch was answered by two revisions, or if a
process took on too much memory.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from integration.reloading import reload_under_load

DEFAULT_EDITS = 2_000
WORKERS = 2
MOST_GROWTH_BYTES = 8 << 20
MOST_SHOWN = 5


def main(arguments: list[str]) -> int:
    """Print what came of the edits; return 1 if something is wrong."""
    edits = int(arguments[0] if arguments else os.environ.get("COMITY_TEST_RELOADS", DEFAULT_EDITS))
    print(f"{edits} edits", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        outcome = reload_under_load(Path(folder), edits, WORKERS)
    print(f"applied {outcome.applied}, refused {outcome.refused} in {outcome.seconds:.0f} s")
    print(f"batches answered {outcome.batches}")
    print(f"failed calls     {len(outcome.failures)}", *outcome.failures[:MOST_SHOWN], sep="\n    ")
    print(f"mixed batches    {len(outcome.mixtures)}", *outcome.mixtures[:MOST_SHOWN], sep="\n    ")
    grown = [name for name, count in outcome.growth_bytes.items() if count > MOST_GROWTH_BYTES]
    for name, count in outcome.growth_bytes.items():
        print(f"{name:<16} {count / 1e6:+.1f} MB (at most +{MOST_GROWTH_BYTES / 1e6:.1f})")
    return 1 if outcome.failures or outcome.mixtures or grown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
