"""Appends spans and says which are safe until it is killed: `appending.py DIRECTORY INTERVAL`."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from comity.journal import Journal
from unit.journal.disks import options_in, span_of


def work(journal: Journal) -> None:
    """Append and acknowledge for ever."""
    while True:
        sequence = journal.append(span_of(0))
        os.write(1, b"%d\n" % sequence)


def main() -> None:
    """Work with a few threads."""
    options = options_in(Path(sys.argv[1]), flush_interval_seconds=float(sys.argv[2]))
    journal = Journal(options)
    for _ in range(2):
        threading.Thread(target=work, args=(journal,)).start()
    work(journal)


if __name__ == "__main__":
    main()
