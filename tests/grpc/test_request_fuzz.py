"""Random and mutated requests leave the server serving."""

from __future__ import annotations

import os
import random
from collections import Counter

import grpc
import psutil
import pytest
from comity.app.ports.decision_recorder import DecisionRecord
from comity.v1 import (
    data_request_service_pb2,
    eligibility_service_pb2,
    facts_pb2,
    policy_service_pb2,
)
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from unit.grpc_api.request_noise import noise
from unit.grpc_api.small_world import SmallWorld

REQUESTS = int(os.environ.get("COMITY_FUZZ_REQUESTS", "20000"))
WARM_UP = 0.4
MOST_GROWTH_BYTES = 48 << 20
EXPECTED = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
}
METHODS: list[MethodDescriptor] = [
    method
    for module in (eligibility_service_pb2, policy_service_pb2, data_request_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    if service.name != "PolicyWatchService"  # on the control port, not on this server
    for method in service.methods
]


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


def send(channel: grpc.Channel, method: MethodDescriptor, seed: int, count: int) -> Counter[str]:
    """Send noise to a method and return how often it ended how."""
    chance = random.Random(seed)
    call = channel.unary_unary(f"/{method.containing_service.full_name}/{method.name}")
    make = message_factory.GetMessageClass(method.input_type)
    ends: Counter[str] = Counter()
    waiting: list[grpc.Future] = []
    for request in noise(make, chance, count):
        waiting.append(call.future(request, timeout=30))
        if len(waiting) >= 16:
            ends.update(done.code().name for done in waiting)
            waiting.clear()
    ends.update(done.code().name for done in waiting)
    return ends


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
    assert {"OK", "INVALID_ARGUMENT"} <= set(ends) <= {code.name for code in EXPECTED}
    assert recorder.count > share / 50
    assert growth < MOST_GROWTH_BYTES, f"{growth >> 20} MB"
