"""Decisions on a soldier, and calls that ask for them again."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from comity.v1 import decision_service_pb2 as pb
from comity.v1 import eligibility_service_pb2
from comity.v1.decision_service_pb2_grpc import DecisionServiceStub
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from google.protobuf import json_format

SOLDIER = {
    "action": "message_send",
    "product": "telegram",
    "device": "official",
    "connections": [
        {"factor": "works_for", "place": "UA", "populations": ["military"]},
        {"factor": "presence", "place": "DE"},
    ],
}
NEVER = f"{7:032x}-{7:016x}"


def asked(channel: grpc.Channel, **request: Any) -> str:
    """Return the identity of a decision on a soldier, unless told otherwise."""
    message = json_format.ParseDict(
        {"facts": SOLDIER, **request}, eligibility_service_pb2.CheckEligibilityRequest()
    )
    return EligibilityServiceStub(channel).CheckEligibility(message, timeout=10).decision_id


def explained(channel: grpc.Channel, identity: str, most_close: int = 0) -> pb.GetDecisionResponse:
    """Return what GetDecision tells."""
    request = pb.GetDecisionRequest(decision_id=identity, most_close=most_close)
    return DecisionServiceStub(channel).GetDecision(request, timeout=10)


def refused(channel: grpc.Channel, identity: str) -> grpc.StatusCode:
    """Return how a call ends that gets no reply."""
    with pytest.raises(grpc.RpcError) as caught:
        explained(channel, identity)
    return caught.value.code()
