"""Write docs/problems.md: every code that policy files can meet, with an example from the tests.

`--check` writes nothing and fails if the document is not what would be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from code_tables import CodeDocument, table_of
from comity.policy.problems import CODES, MOST_PROBLEMS

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


def describe(examples: Mapping[str, str]) -> str:
    """Return the document."""
    return "\n".join([INTRODUCTION, *_tables(examples)])


def _tables(examples: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of the tables, one table a part."""
    for start, title in PARTS.items():
        yield f"## {title}\n"
        yield from table_of((code for code in CODES if code.startswith(start)), CODES, examples)
        yield ""


if __name__ == "__main__":
    CodeDocument(
        script="scripts/describe_problems.py",
        path="docs/problems.md",
        cases="tests/unit/policy/problems/cases",
        line=re.compile(r".+:\d+:\d+ (CP\d{3}) "),
        describe=describe,
    ).main(__doc__)
