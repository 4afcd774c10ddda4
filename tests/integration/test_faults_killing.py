"""Every decision that a caller was told of arrives, whoever is killed on the way."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from comity.journal.exporting import Counts
from integration.deliveries import ITEMS
from integration.killing import kill_under_load

pytestmark = pytest.mark.processes


def test_who_is_killed_under_load_loses_no_decision(tmp_path: Path) -> None:
    """Five workers, the exporter, the supervisor; what arrives twice was counted."""
    victims = ("worker", "exporter", "worker", "worker", "supervisor", "worker", "worker")
    outcome = kill_under_load(tmp_path, victims)
    assert len(set(outcome.killed)) == len(victims)
    assert len(outcome.answered) > 7 * 30
    assert outcome.answered - set(outcome.received) == set()
    counts = outcome.counts
    assert counts == Counts(delivered=counts.delivered, repeated=counts.repeated)
    assert outcome.duplicates <= outcome.repeated == counts.repeated
    # What nobody was told of was being asked by a call that a kill ended.
    untold = set(outcome.received) - outcome.answered
    assert len(untold) <= ITEMS * outcome.failures.total()
    assert set(outcome.failures) <= {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }
