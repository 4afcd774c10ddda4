"""Journals on a disk that does as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from comity.journal import Journal, Notice
from unit.journal.disks import ObedientDisk, options_in


@pytest.fixture
def disk() -> ObedientDisk:
    """A disk that works until a test says otherwise."""
    return ObedientDisk()


@pytest.fixture
def notices() -> list[Notice]:
    """What the journal of a test reports."""
    return []


@pytest.fixture
def opened(
    tmp_path: Path, disk: ObedientDisk, notices: list[Notice]
) -> Iterator[Callable[..., Journal]]:
    """A function that opens a journal, closed after the test on a disk that works again."""
    journals: list[Journal] = []

    def open_journal(**changed: object) -> Journal:
        journals.append(Journal(options_in(tmp_path, **changed), notices.append, disk))
        return journals[-1]

    yield open_journal
    disk.create_error = disk.sync_error = disk.write_error = disk.truncate_error = 0
    disk.may_sync.set()
    disk.may_create.set()
    for journal in journals:
        journal.close()
