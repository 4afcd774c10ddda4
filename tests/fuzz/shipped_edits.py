"""Compares the shipped policies with themselves after each of some 2,000 systematic edits.

Takes about ten minutes. Fails if a comparison takes more than `MOST_SECONDS` of processor time, if
a question that is to show a difference doesn't, or if more than `MOST_INCOMPLETE` of a hundred
comparisons are not complete. Run with `python tests/fuzz/shipped_edits.py [EVERY]` to try one
edit in so many.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from comity.policy.diffing.comparison import compare_rulesets
from comity.policy.rules import Ruleset
from property.revisions import told
from property.shipped_edits import Edit, edits_of, shipped_rules

MOST_SECONDS = 10.0
MOST_INCOMPLETE = 2.0


def faults_of(old: Ruleset, edit: Edit) -> tuple[list[str], tuple[str, ...], float]:
    """Return what is wrong with a comparison, what it left untried, and the seconds it took."""
    started = time.process_time()
    found = compare_rulesets(old, edit.new)
    took = time.process_time() - started
    faults = [f"took {took:.1f} s"] if took > MOST_SECONDS else []
    for region in found.regions:
        asked = region.witness.question, region.witness.at
        if told(old, *asked) == told(edit.new, *asked):
            faults.append(f"a question shows nothing: {asked}")
    return faults, found.untried, took


def main(arguments: list[str]) -> int:
    """Try the edits; return 1 if something is wrong."""
    old = shipped_rules()
    edits = list(edits_of(old))[:: int(arguments[0]) if arguments else 1]
    incomplete = failed = 0
    times = []
    for edit in edits:
        faults, untried, took = faults_of(old, edit)
        times.append(took)
        incomplete += bool(untried)
        failed += bool(faults)
        for what in (*faults, *untried):
            print(f"{edit.name}: {what}", flush=True)
    share = 100 * incomplete / len(edits)
    print(
        f"{len(edits)} edits, {failed} with faults, {incomplete} not complete ({share:.1f} %), "
        f"{sum(times):.0f} s, longest {max(times):.1f} s"
    )
    return int(failed > 0 or share > MOST_INCOMPLETE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
