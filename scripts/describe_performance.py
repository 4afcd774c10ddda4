"""Write what a run of the benchmark measured into the documents: tables and a chart.

The raw figures are docs/performance.json, or those of `--from FILE`, which are put there first.
Tables stand between markers in docs/performance.md and README.md; the chart is
docs/performance.svg. `--check` writes nothing and fails if something is not what would be written.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from bench.throughput.chart import draw  # noqa: E402 - after the path to it
from bench.throughput.pages import TABLES, insert  # noqa: E402
from bench.throughput.results import Results  # noqa: E402

FIGURES = ROOT / "docs" / "performance.json"
CHART = ROOT / "docs" / "performance.svg"
DOCUMENTS = (ROOT / "docs" / "performance.md", ROOT / "README.md")
MARKER = re.compile(r"^<!-- measured: (\w+) -->$", re.MULTILINE)


def described(results: Results) -> dict[Path, str]:
    """Return what the chart and each document should hold."""
    found = {CHART: draw(results)}
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for name in MARKER.findall(text):
            text = insert(text, name, TABLES[name](results))
        found[path] = text
    return found


def main() -> None:
    """Write chart and tables, or check them.

    Raises:
        SystemExit: something is not what would be written.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE", help="raw figures")
    arguments = parser.parse_args()
    if arguments.source and not arguments.check:
        FIGURES.write_bytes(arguments.source.read_bytes())
    read = json.loads((arguments.source or FIGURES).read_text(encoding="utf-8"))
    stale = []
    for path, text in described(Results.from_json(read)).items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT).as_posix())
        if not arguments.check:
            path.write_text(text, encoding="utf-8")
    if arguments.check and stale:
        message = f"out of date: {', '.join(stale)}; run scripts/describe_performance.py"
        raise SystemExit(message)


if __name__ == "__main__":
    main()
