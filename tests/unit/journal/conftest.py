"""Journals on a disk that does as it is told, and what they are exported to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from comity.journal import Journal, Notice
from unit.journal.collectors import COLLECTORS, Collected
from unit.journal.disks import ObedientDisk, options_in
from unit.journal.exports import KeepingSender, open_journal


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

    def open_another(**changed: object) -> Journal:
        journals.append(Journal(options_in(tmp_path, **changed), notices.append, disk))
        return journals[-1]

    yield open_another
    disk.create_error = disk.sync_error = disk.write_error = disk.truncate_error = 0
    disk.may_sync.set()
    disk.may_create.set()
    for journal in journals:
        journal.close()


@pytest.fixture(params=COLLECTORS, ids=["grpc", "http"])
def collected(request: pytest.FixtureRequest) -> Iterator[Collected]:
    """A collector of either protocol."""
    with request.param() as opened:
        yield opened


@pytest.fixture
def sender() -> KeepingSender:
    """A sender that takes everything."""
    return KeepingSender()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal that is being written."""
    with open_journal(tmp_path) as opened:
        yield opened
