"""Prints what Comity does, beside a server that does nothing and other policy engines.

Run with `make bench`, or `python -m bench.throughput [--quick] [--json FILE] [--require]` with
`service` and `tests` in PYTHONPATH, after `sh scripts/setup.sh bench`. docs/performance.md says how
it is measured. A full run takes about ten minutes, `--quick` one. With `--require` a target that is
missed makes it fail.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench.throughput.run import FULL, QUICK, Run
from bench.throughput.table import lines
from bench.throughput.targets import judge

MISSED = 1


def main(arguments: list[str]) -> int:
    """Measure and print; return 1 if a target is missed and all are required."""
    parser = argparse.ArgumentParser(prog="throughput", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short turn of everything")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where raw figures go")
    parser.add_argument("--require", action="store_true", help="fail if a target is missed")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        results = Run(QUICK if asked.quick else FULL, Path(folder)).measure()
    sys.stdout.write("".join(f"{line}\n" for line in lines(results)))
    if asked.json:
        text = json.dumps(results.as_json(), indent=1, ensure_ascii=False)
        asked.json.write_text(f"{text}\n", encoding="utf-8")
    missed = [verdict for verdict in judge(results) if verdict.holds is False]
    return MISSED if asked.require and missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
