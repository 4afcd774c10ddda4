"""Compares answers from octets with those of a server without memory, in new sessions every run.

The policies are generated and shipped ones in turns.

Run with `python tests/fuzz/octet_paths.py [SESSIONS] [SEED]`; `COMITY_EXAMPLES` of them by default,
or else 10,000, which takes half an hour. The seed of a session that fails repeats it.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from property.choices import RandomChoices
from property.octet_sessions import check_session
from property.octet_sources import GENERATED, SHIPPED

DEFAULT_SESSIONS = 10_000


def main(arguments: list[str]) -> int:
    """Run the sessions; return 1 at the first one in which the two servers differ."""
    given = arguments[0] if arguments else os.environ.get("COMITY_EXAMPLES", "")
    sessions = int(given or DEFAULT_SESSIONS)
    first = int(arguments[1]) if len(arguments) > 1 else secrets.randbelow(2**40)
    seen: Counter[str] = Counter()
    for seed in range(first, first + sessions):
        try:
            source = SHIPPED if seed % 2 else GENERATED
            seen += check_session(RandomChoices(seed), source, forgetful=True)
        except AssertionError as error:
            print(f"FAILED: session {seed}: {error}")
            return 1
    print(f"{sessions} sessions from seed {first}, alike in all: {dict(seen)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
