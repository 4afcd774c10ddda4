"""What a server recorded, for tests of how it is shipped."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from comity.journal.places import journal_in
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from integration.deliveries import Recorded, ask_batch, ask_one, serving


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """What a worker recorded: single questions and batches."""
    folder, answered = tmp_path_factory.mktemp("recorded"), set()
    with serving(folder, None) as server:
        with server.channel() as channel:
            stub = EligibilityServiceStub(channel)
            for _ in range(8):
                answered.update(ask_batch(stub, items=30))
                answered.update(ask_one(stub) for _ in range(5))
        assert server.stop() == 0
    assert len(answered) == 8 * 35
    return Recorded(journal_in(folder / "data"), frozenset(answered))


@pytest.fixture
def recorded(recording: Recorded, tmp_path: Path) -> Recorded:
    """The same, to be exported by one test alone."""
    return replace(recording, journal=shutil.copytree(recording.journal, tmp_path / "journal"))
