"""Write docs/findings.md: every code of `comity policy findings`, with an example from the tests.

`--check` writes nothing and fails if the document is not what would be written.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from comity.policy.findings.codes import FINDINGS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "findings.md"
CASES = ROOT / "tests" / "unit" / "policy" / "findings" / "cases"
LINE = re.compile(r"\S+:\d+ (CF\d{3}) ")
INTRODUCTION = """# What can be odd about rules taken together

`comity policy findings` reads the rules of all policy files together. Each finding is a line, and
under it, where there can be one, a question that shows it:

```
file:line CODE rule: message
  comity check --as-of ...          (of data requests: comity route --instrument ...)
```

A finding is told only if it is certain: that a rule can never be met, or that another one always
covers it, follows from trying every value of the vocabulary, every place and every stretch of time;
a question has been answered by the reference evaluator before it is shown. A request for data has
been routed. What is not certain is not told.

Errors and warnings fail the command, and `make test`; notes do not. What is right as it is gets a
waiver in `waivers.yaml`, which [policy files](policy-files.md#findings) explains. Codes never
change their meaning.

Written by `scripts/describe_findings.py` from the table of codes and the cases of the tests.
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
    return "\n".join([INTRODUCTION, *_table(find_examples()), ""])


def _table(examples: dict[str, str]) -> Iterator[str]:
    """Yield the lines of the table of codes."""
    yield "| code | level | meaning | for example |"
    yield "|---|---|---|---|"
    for code, entry in sorted(FINDINGS.items()):
        example = examples[code].replace("|", "\\|")
        yield f"| {code} | {entry.level} | {entry.meaning} | ``{example}`` |"


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
        message = "docs/findings.md is out of date; run scripts/describe_findings.py"
        raise SystemExit(message)


if __name__ == "__main__":
    main()
