"""Kills 50 workers while calls are answered, and now and then the exporter and the supervisor.

Run with `python tests/soak/kills.py [KILLS]`, or set `COMITY_TEST_KILLS`. Fails if a decision that
a caller was told of did not arrive, or if more arrived twice than was counted.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from comity.journal.exporting import Counts
from integration.killing import Victim, kill_under_load

DEFAULT_KILLS = 50
EXPORTER_EVERY = 5
# Before the pauses between deaths of a worker grow long.
SUPERVISOR_EVERY = 10
MOST_SHOWN = 5


def victims_among(kills: int) -> list[Victim]:
    """Return who is killed, one after the other: so many workers, and others in between."""
    victims: list[Victim] = []
    for number in range(1, kills + 1):
        victims.append("worker")
        if number % EXPORTER_EVERY == 0:
            victims.append("exporter")
        if number % SUPERVISOR_EVERY == 0:
            victims.append("supervisor")
    return victims


def main(arguments: list[str]) -> int:
    """Print what came of the kills; return 1 if something is wrong."""
    kills = int(arguments[0] if arguments else os.environ.get("COMITY_TEST_KILLS", DEFAULT_KILLS))
    victims = victims_among(kills)
    print(", ".join(f"{victims.count(kind)} times {kind}" for kind in sorted(set(victims))))
    with tempfile.TemporaryDirectory() as folder:
        outcome = kill_under_load(Path(folder), victims)
    counts = outcome.counts
    lost = outcome.answered - set(outcome.received)
    print(f"answered         {len(outcome.answered)} decisions in {outcome.seconds:.0f} s")
    print(f"calls that failed {dict(outcome.failures)}")
    print(f"lost             {len(lost)}", *sorted(lost)[:MOST_SHOWN], sep="\n    ")
    print(f"arrived twice    {outcome.duplicates}, counted {counts.repeated}")
    print(f"exporter says    {counts}")
    whole = counts == Counts(delivered=counts.delivered, repeated=counts.repeated)
    return 0 if whole and not lost and outcome.duplicates <= counts.repeated else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
