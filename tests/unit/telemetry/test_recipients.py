"""Who is waited for before a segment of a server's journal makes room."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from comity.journal import (
    JournalFullError,
    Recipient,
    is_sealed,
    mark_archived,
    mark_exported,
    segments_in,
)
from comity.telemetry.journalling import open_journal
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from unit.journal.disks import wait_until
from unit.telemetry.in_memory import TracingSettings

COLLECTOR, ARCHIVE = Recipient.COLLECTOR, Recipient.ARCHIVE


@pytest.mark.parametrize(
    ("until", "archive", "exported", "expected"),
    [
        ("auto", "", True, {COLLECTOR}),
        ("auto", "", False, {COLLECTOR}),
        ("auto", "archive", True, {COLLECTOR, ARCHIVE}),
        ("auto", "archive", False, {ARCHIVE}),
        ("exported", "archive", True, {COLLECTOR}),
        ("archived", "", True, {COLLECTOR, ARCHIVE}),
    ],
)
def test_the_setting_says_who_is_waited_for(
    tmp_path: Path, until: str, archive: str, expected: set[Recipient], *, exported: bool
) -> None:
    """A segment goes once they have it; without a mark that is missing it stays."""
    settings = TracingSettings(
        tmp_path, journal_keep_until=until, archive=archive, journal_when_full="refuse"
    )
    scope = InstrumentationScope("comity")
    with open_journal(settings, 1, Resource.get_empty(), scope, exported=exported) as journal:
        for number in range(5 * 5):
            wait_until(lambda: journal.status().ready > 1)
            journal.append(b"%d" % number + bytes(220_000))
        first, *_ = segments_in(tmp_path / "journal")
        wait_until(lambda: is_sealed(first))
        marks = {COLLECTOR: mark_exported, ARCHIVE: mark_archived}
        *some, last = [marks[recipient] for recipient in sorted(expected)]
        for mark in some:
            mark(first)
        number = 0
        while not journal.status().problem:
            number += 1
            assert number < 20
            wait_until(lambda: journal.status().ready > 1 or bool(journal.status().problem))
            with suppress(JournalFullError):
                journal.append(bytes(220_000))
        assert first.exists()
        last(first)
        wait_until(lambda: not first.exists())
