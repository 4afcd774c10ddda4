"""Compares spans made from templates with the SDK's, on generated ones, new ones in every run.

Run with `python tests/fuzz/span_templates.py`, with `COMITY_EXAMPLES` of them (100,000 by default).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hypothesis import HealthCheck, given, settings
from property.spans import check_equal, span_cases

DEFAULT_EXAMPLES = 100_000


def main() -> int:
    """Try all examples; a failing one is printed as small as it can be made."""
    examples = int(os.environ.get("COMITY_EXAMPLES", DEFAULT_EXAMPLES))
    configured = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    configured(given(case=span_cases())(check_equal))()
    print(f"{examples} spans are equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
