"""Decisions of a real server, as a real receiver of OTLP gets them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from comity.v1 import common_pb2, facts_pb2
from comity.v1.data_request_service_pb2 import RouteDataRequestRequest, Verdict
from comity.v1.data_request_service_pb2_grpc import DataRequestServiceStub
from comity.v1.eligibility_service_pb2 import (
    BatchCheckEligibilityItem,
    BatchCheckEligibilityRequest,
    CheckEligibilityRequest,
)
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from google.protobuf import json_format
from integration.otlp_receivers import Received, attributes_of, grpc_receiver, http_receiver
from integration.server_process import ServerProcess, ask, eventually
from opentelemetry.proto.trace.v1.trace_pb2 import Span

POLICIES = Path(__file__).parents[2] / "policies"
RULE = "ua-2024-official-devices"
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}

Receiver = Callable[[], AbstractContextManager[tuple[str, Received, Callable[[], None]]]]


@dataclass(frozen=True)
class Case:
    """A question about a soldier, and what its span must say.

    Attributes:
        effect: effect in the reply and in the span.
        device: device; empty for unknown.
        action: what the soldier wants to do.
        item: class of the object; empty for none.
        label: label held; empty for none.
        service: state served.
        presence: where the soldier is.
        as_of: the instant asked about; empty for now.
        determination: determination in the span.
        missing: missing facts in the span.
        cited: whether the rule is among the reasons.
    """

    effect: str
    device: str = "official"
    action: str = "message_send"
    item: str = ""
    label: str = ""
    service: str = "UA"
    presence: str = "PL"
    as_of: str = ""
    determination: str = "decided"
    missing: tuple[str, ...] = ()
    cited: bool = False

    def request(self) -> CheckEligibilityRequest:
        """Return the question."""
        options = common_pb2.Options()
        if self.as_of:
            options.as_of.FromJsonString(self.as_of)
        return CheckEligibilityRequest(
            facts=facts_pb2.Facts(
                action=self.action,
                product="telegram",
                device=self.device,
                item_classes=[self.item] if self.item else [],
                labels=[facts_pb2.Label(name=self.label)] if self.label else [],
                connections=[
                    facts_pb2.Connection(
                        factor="works_for", place=self.service, populations=["military"]
                    ),
                    facts_pb2.Connection(factor="presence", place=self.presence),
                    facts_pb2.Connection(factor="phone_country", place="US"),
                ],
            ),
            options=options,
        )


SOLDIER: Mapping[str, Case] = {
    "official device": Case("deny", cited=True),
    "personal device": Case("allow", "personal"),
    "before the decision": Case("allow", as_of="2024-09-19T20:59:59Z"),
    "after the decision": Case("deny", as_of="2024-09-19T21:00:00Z", cited=True),
    "official duty": Case("allow", label="ua_official_duty"),
    "device unknown": Case(
        "allow", device="", determination="indeterminate", missing=("device",), cited=True
    ),
    "Polish officer in Kyiv": Case("allow", service="PL", presence="UA"),
    "official channel": Case("allow", action="channel_read", item="official_channel"),
    "deleting the account": Case("allow", action="account_delete"),
}


@pytest.mark.processes
@pytest.mark.parametrize(
    ("receiver", "variables"),
    [
        (grpc_receiver, {}),
        (http_receiver, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}),
    ],
)
def test_each_decision_arrives(
    tmp_path: Path, receiver: Receiver, variables: dict[str, str]
) -> None:
    """With what was decided and why, what it was asked with, and nothing sensitive."""
    with receiver() as (address, received, _):
        environment = {
            **QUICK,
            **variables,
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=comity",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
        }
        data_dir = tmp_path / "data"
        with ServerProcess(tmp_path, environment, policies=POLICIES, data_dir=data_dir) as server:
            assert address in str(server.status()["traces"])
            with server.channel() as channel:
                stub = EligibilityServiceStub(channel)
                for name, case in SOLDIER.items():
                    reply = stub.CheckEligibility(case.request(), timeout=10)
                    assert common_pb2.Effect.Name(reply.effect) == f"EFFECT_{case.effect.upper()}"
                    span = received.decision(reply.decision_id)
                    assert span.kind == Span.SPAN_KIND_SERVER
                    assert_tells(attributes_of(span.attributes), case, name)
                _assert_batch_arrives(stub, received)
                _assert_route_arrives(DataRequestServiceStub(channel), received)
            assert server.stop() == 0
        names = {span.name for span in received.spans()}
        assert names >= {
            "comity.startup",
            "comity.worker.startup",
            "comity.worker.shutdown",
            "comity.shutdown",
        }
        assert received.headers["x-tenant"] == "comity"
        told = received.resources()
        assert {resource["comity.process.role"] for resource in told} == {"supervisor", "worker"}
        assert {resource["service.name"] for resource in told} == {"comity"}
        assert {resource["deployment.environment"] for resource in told} == {"test"}
        assert not any("military" in str(span) for span in received.spans())


def assert_tells(found: Mapping[str, object], case: Case, name: str) -> None:
    """Hold the attributes of a decision against what must be told of it."""
    rules = found.get("comity.rule.ids", ())
    assert isinstance(rules, tuple)
    assert (RULE in rules) is case.cited, name
    assert found["comity.decision.effect"] == case.effect, name
    assert found["comity.decision.determination"] == case.determination, name
    assert found.get("comity.missing_facts", ()) == case.missing, name
    assert found["comity.decision.hypothetical"] is bool(case.as_of), name
    assert found["rpc.grpc.status_code"] == 0
    assert found["comity.policy.epoch"] == 1
    assert found["comity.facts.populations"] == (f"[sealed]@works_for:{case.service}",)
    connections = found["comity.facts.connections"]
    assert isinstance(connections, tuple)
    assert set(connections) >= {
        f"works_for:{case.service}",
        f"presence:{case.presence}",
        "phone_country:US",
    }
    if case.as_of:
        evaluated_at = datetime.fromisoformat(str(found["comity.decision.evaluated_at"]))
        assert evaluated_at == datetime.fromisoformat(case.as_of)
    if case.cited:
        assert "UA" in str(found["comity.jurisdictions"])


def _assert_batch_arrives(stub: EligibilityServiceStub, received: Received) -> None:
    """Ask all questions at once: each has a span below that of the call."""
    cases = [case for case in SOLDIER.values() if not case.as_of]
    items = [BatchCheckEligibilityItem(facts=case.request().facts) for case in cases]
    reply = stub.BatchCheckEligibility(BatchCheckEligibilityRequest(items=items), timeout=10)
    parents = set()
    for position, result in enumerate(reply.results):
        span = received.decision(result.response.decision_id)
        assert span.kind == Span.SPAN_KIND_INTERNAL
        found = attributes_of(span.attributes)
        assert found["comity.decision.position"] == position
        assert found["comity.decision.effect"] == cases[position].effect
        parents.add(span.parent_span_id)
    (parent,) = parents
    trace_id = reply.results[0].response.decision_id.partition("-")[0]
    call = received.decision(f"{trace_id}-{parent.hex()}")
    assert call.kind == Span.SPAN_KIND_SERVER


def _assert_route_arrives(stub: DataRequestServiceStub, received: Received) -> None:
    """Route a French court order: its span says where it goes."""
    asked = {
        "instrument": "fr_court_order",
        "authority": {"kind": "court", "issuing_state": "FR"},
        "data": [{"category": "phone_number"}],
        "offence": {"categories": ["drug_trafficking"]},
        "received_at": "2024-10-01T09:00:00Z",
    }
    request = json_format.ParseDict(asked, RouteDataRequestRequest())
    reply = stub.RouteDataRequest(request, timeout=10)
    found = attributes_of(received.decision(reply.decision_id).attributes)
    assert found["comity.decision.kind"] == "data_request"
    assert found["comity.request.instrument"] == "fr_court_order"
    (answer,) = reply.answers
    verdict = Verdict.Name(answer.verdict).removeprefix("VERDICT_").lower()
    assert found["comity.route.verdicts"] == (f"phone_number={verdict}",)
    assert found["comity.route.desk"] == reply.desk.name


@pytest.mark.processes
def test_decisions_go_on_without_the_collector_and_arrive_later(tmp_path: Path) -> None:
    """Calls don't notice; the journal keeps what is decided; a later exporter ships it."""
    policies = Path(__file__).parents[1] / "data" / "policies"
    data_dir = tmp_path / "data"
    with grpc_receiver() as (address, received, end):
        environment = {**QUICK, "OTEL_EXPORTER_OTLP_ENDPOINT": address}
        with ServerProcess(tmp_path, environment, policies=policies, data_dir=data_dir) as server:
            with server.channel() as channel:
                received.decision(ask(channel).decision_id)
                end()
                answers = [ask(channel) for _ in range(20)]
                eventually(lambda: metric(server, "comity_journal_export_lag_spans") > 0)
            assert server.stop() == 0
    identities = {answer.decision_id for answer in answers}
    assert len(identities) == 20
    with grpc_receiver() as (address, received, _):
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "COMITY_DATA_DIR": str(data_dir)}
        subprocess.run(
            [sys.executable, "-m", "comity", "journal", "export", "--once"],
            env={**os.environ, **variables},
            check=True,
            timeout=30,
            capture_output=True,
        )
        for identity in identities:
            assert received.decision(identity).kind == Span.SPAN_KIND_SERVER


def metric(server: ServerProcess, name: str) -> float:
    """Return the value of a metric."""
    for line in server.get("/metrics")[1].splitlines():
        if line.startswith(f"{name} "):
            return float(line.rpartition(" ")[2])
    raise AssertionError(name)
