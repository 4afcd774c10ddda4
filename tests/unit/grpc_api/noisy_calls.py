"""Calls with random and mutated requests, and how they may end."""

from __future__ import annotations

import random
import threading
from collections import Counter

import grpc
from comity.v1 import (
    data_request_service_pb2,
    decision_service_pb2,
    eligibility_service_pb2,
    policy_service_pb2,
)
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from unit.grpc_api.request_noise import noise

CALLS_UNDER_WAY = 16
EXPECTED = {
    grpc.StatusCode.OK.name,
    grpc.StatusCode.INVALID_ARGUMENT.name,
    grpc.StatusCode.NOT_FOUND.name,
    grpc.StatusCode.FAILED_PRECONDITION.name,
}
METHODS: list[MethodDescriptor] = [
    method
    for module in (
        eligibility_service_pb2,
        policy_service_pb2,
        data_request_service_pb2,
        decision_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    if service.name != "PolicyWatchService"  # on the control port, not on this server
    for method in service.methods
]


def send(channel: grpc.Channel, method: MethodDescriptor, seed: int, count: int) -> Counter[str]:
    """Send noise to a method and return how often it ended how."""
    chance = random.Random(seed)
    call = channel.unary_unary(f"/{method.containing_service.full_name}/{method.name}")
    make = message_factory.GetMessageClass(method.input_type)
    ends: Counter[str] = Counter()
    free = threading.Semaphore(CALLS_UNDER_WAY)

    def done(future: grpc.Future) -> None:
        ends[future.code().name] += 1
        free.release()

    for request in noise(make, chance, count):
        free.acquire()
        call.future(request, timeout=30).add_done_callback(done)
    for _ in range(CALLS_UNDER_WAY):
        free.acquire()
    return ends
