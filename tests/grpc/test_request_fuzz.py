"""Random and mutated requests leave the server serving."""

from __future__ import annotations

import os
from collections import Counter

import psutil
import pytest
from comity.app.ports.decision_recorder import DecisionRecord
from comity.v1 import eligibility_service_pb2, facts_pb2
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from unit.grpc_api.noisy_calls import EXPECTED, METHODS, send
from unit.grpc_api.small_world import SmallWorld

REQUESTS = int(os.environ.get("COMITY_FUZZ_REQUESTS", "20000"))
WARM_UP = 0.4
MOST_GROWTH_BYTES = 48 << 20


class CountingRecorder:
    """A `DecisionRecorder` that keeps nothing but their number."""

    def __init__(self) -> None:
        """Start at none."""
        self.count = 0

    def record(self, record: DecisionRecord) -> str:
        """Count `record`."""
        del record
        self.count += 1
        return f"{1:032x}-{self.count:016x}"


@pytest.mark.timeout(60 + REQUESTS // 200)
def test_noise_leaves_the_server_serving() -> None:
    """No defect, no unexpected status, bounded memory, and a good answer afterwards."""
    recorder = CountingRecorder()
    world = SmallWorld(recorder=recorder)
    process = psutil.Process()
    share = -(-REQUESTS // len(METHODS))
    ends: Counter[str] = Counter()
    with world.serving() as channel:
        for method in METHODS:
            ends += send(channel, method, 1, int(share * WARM_UP))
        before = process.memory_info().rss
        for method in METHODS:
            ends += send(channel, method, 2, share - int(share * WARM_UP))
        growth = process.memory_info().rss - before
        good = EligibilityServiceStub(channel).CheckEligibility(
            eligibility_service_pb2.CheckEligibilityRequest(
                facts=facts_pb2.Facts(action="call", product="telegram")
            ),
            timeout=10,
        )
    assert good.decision_id
    assert world.defects == []
    assert {"OK", "INVALID_ARGUMENT"} <= set(ends) <= EXPECTED
    assert recorder.count > share / 50
    assert growth < MOST_GROWTH_BYTES, f"{growth >> 20} MB"
