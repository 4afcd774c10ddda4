"""Write docs/findings.md: every code of `comity policy findings`, with an example from the tests.

`--check` writes nothing and fails if the document is not what would be written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from code_tables import CodeDocument, table_of
from comity.policy.findings.codes import FINDINGS

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


def describe(examples: Mapping[str, str]) -> str:
    """Return the document."""
    return "\n".join([INTRODUCTION, *table_of(FINDINGS, FINDINGS, examples), ""])


if __name__ == "__main__":
    CodeDocument(
        script="scripts/describe_findings.py",
        path="docs/findings.md",
        cases="tests/unit/policy/findings/cases",
        line=re.compile(r"\S+:\d+ (CF\d{3}) "),
        describe=describe,
    ).main(__doc__)
