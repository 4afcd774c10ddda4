"""Policy files that change while calls are answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.reloading import reload_under_load

EDITS = 100
MOST_GROWTH_BYTES = 8 << 20


@pytest.mark.processes
def test_no_call_notices_a_reload(tmp_path: Path) -> None:
    """No call fails, no batch is answered by two revisions, and memory stays as it is."""
    outcome = reload_under_load(tmp_path, EDITS)
    assert outcome.failures == []
    assert outcome.mixtures == []
    assert outcome.batches > EDITS
    assert (outcome.applied, outcome.refused) == (EDITS // 2, EDITS // 2)
    assert max(outcome.growth_bytes.values()) < MOST_GROWTH_BYTES, outcome.growth_bytes
