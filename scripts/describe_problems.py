"""Write docs/problems.md: every code that policy files can meet, with an example from the tests.

`--check` writes nothing and fails if the document is not what would be written.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from comity.policy.problems import CODES, MOST_PROBLEMS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "problems.md"
CASES = ROOT / "tests" / "unit" / "policy" / "problems" / "cases"
LINE = re.compile(r".+:\d+:\d+ (CP\d{3}) ")
PARTS = {
    "CP1": "How a file is written, and which files there are",
    "CP2": "The shape of a document",
    "CP3": "Single values",
    "CP4": "What names stand for, and what rules say of each other",
    "CP5": "Requests of authorities for data",
}
INTRODUCTION = f"""# What can be wrong with policy files

`comity policy lint` tells every problem of all files at once, in file order, a line each:

```
file:line:column CODE message. Did you mean '...'?
```

Files with an error are not taken into force: the server goes on with the last good ones.
A warning stops nothing. Codes never change their meaning. Of one file at most {MOST_PROBLEMS}
problems of its writing and {MOST_PROBLEMS} of its shape are told, and what it says is checked only
once its shape is right.

Written by `scripts/describe_problems.py` from the table of codes and the cases of the tests.
"""


def find_examples() -> dict[str, str]:
    """Return code -> the shortest line of the cases that shows it."""
    cases = [
        case
        for path in sorted(CASES.glob("*.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]
    found = [LINE.match(line) for case in cases for line in case["expect"]]
    examples: dict[str, str] = {}
    for match in sorted(filter(None, found), key=lambda match: len(match.string)):
        examples.setdefault(match[1], match.string)
    return examples


def describe() -> str:
    """Return the document."""
    return "\n".join([INTRODUCTION, *_tables(find_examples())])


def _tables(examples: dict[str, str]) -> Iterator[str]:
    """Yield the lines of the tables, one table a part."""
    for start, title in PARTS.items():
        yield f"## {title}\n"
        yield "| code | level | meaning | for example |"
        yield "|---|---|---|---|"
        for code in sorted(code for code in CODES if code.startswith(start)):
            entry = CODES[code]
            example = examples[code].replace("|", "\\|")
            yield f"| {code} | {entry.level} | {entry.meaning} | ``{example}`` |"
        yield ""


def main() -> None:
    """Write the document, or check it.

    Raises:
        SystemExit: the document is not what would be written.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="the document")
    arguments = parser.parse_args()
    text = describe()
    if not arguments.check:
        arguments.document.write_text(text, encoding="utf-8")
    elif arguments.document.read_text(encoding="utf-8") != text:
        message = "docs/problems.md is out of date; run scripts/describe_problems.py"
        raise SystemExit(message)


if __name__ == "__main__":
    main()
