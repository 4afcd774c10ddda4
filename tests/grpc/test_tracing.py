"""Calls and decisions as spans, seen over a real connection."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import grpc
import pytest
from comity.domain.request import Caller, Options
from comity.grpc_api.tracing import TracingInterceptor
from comity.v1 import facts_pb2
from comity.v1.eligibility_service_pb2 import (
    BatchCheckEligibilityItem,
    BatchCheckEligibilityRequest,
    CheckEligibilityRequest,
    CheckEligibilityResponse,
)
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode
from unit.grpc_api.small_world import (
    BUNDLE,
    LEXICON,
    RULESET,
    SmallPolicies,
    SmallPolicy,
    SmallWorld,
)
from unit.telemetry.in_memory import InMemoryTelemetry

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
UNSAMPLED = f"00-{TRACE}-{SPAN}-00"
# The small world with one population that must not be seen in traces.
DISCREET = replace(LEXICON, sensitive=frozenset({("population", "military")}))
POLICY = SmallPolicy(bundle=replace(BUNDLE, eligibility=replace(RULESET, lexicon=DISCREET)))


@dataclass
class TracedWorld:
    """The small world, traced."""

    telemetry: InMemoryTelemetry = field(default_factory=InMemoryTelemetry)

    def __post_init__(self) -> None:
        """Record decisions as spans."""
        self.world = SmallWorld(SmallPolicies(POLICY), recorder=self.telemetry.recorder)

    def spans(self) -> tuple[ReadableSpan, ...]:
        """Return the spans that have ended."""
        return self.telemetry.spans()

    def span(self) -> ReadableSpan:
        """Return the only span that has ended."""
        (span,) = self.spans()
        return span


@pytest.fixture
def traced() -> TracedWorld:
    """A world whose calls and decisions are traced."""
    return TracedWorld()


@pytest.fixture
def channel(traced: TracedWorld) -> Iterator[grpc.Channel]:
    """A connection to a server of that world."""
    interceptor = TracingInterceptor(traced.telemetry.tracer)
    with traced.world.listening(interceptor) as address, grpc.insecure_channel(address) as channel:
        yield channel


def soldier(device: str = "official") -> facts_pb2.Facts:
    """Return the facts of a soldier in Ukrainian service."""
    service = facts_pb2.Connection(factor="works_for", place="UA", populations=["military"])
    where = facts_pb2.Connection(factor="presence", place="FR")
    return facts_pb2.Facts(
        action="message_send", product="telegram", device=device, connections=[service, where]
    )


def check(
    channel: grpc.Channel,
    *metadata: tuple[str, str | bytes],
    facts: facts_pb2.Facts | None = None,
    account_id: str = "",
) -> CheckEligibilityResponse:
    """Ask one question."""
    subject = facts_pb2.Subject(account_id=account_id)
    asked = CheckEligibilityRequest(subject=subject, facts=facts or soldier())
    stub = EligibilityServiceStub(channel)
    return stub.CheckEligibility(asked, timeout=10, metadata=metadata)


def ids(span: ReadableSpan) -> str:
    """Return the ids of a span as a decision id."""
    assert span.context is not None
    return f"{span.context.trace_id:032x}-{span.context.span_id:016x}"


def test_the_span_of_the_call_is_the_decision(channel: grpc.Channel, traced: TracedWorld) -> None:
    """Its ids are the decision id, and it says what was decided and why."""
    reply = check(channel)
    span = traced.span()
    assert reply.decision_id == ids(span)
    assert (span.name, span.kind) == (
        "comity.v1.EligibilityService/CheckEligibility",
        SpanKind.SERVER,
    )
    assert span.parent is None
    assert span.status.status_code is StatusCode.UNSET
    found = dict(span.attributes or {})
    assert (
        found.items()
        >= {
            "rpc.system": "grpc",
            "rpc.service": "comity.v1.EligibilityService",
            "rpc.method": "CheckEligibility",
            "rpc.grpc.status_code": 0,
            "comity.decision.kind": "eligibility",
            "comity.decision.effect": "deny",
            "comity.decision.determination": "decided",
            "comity.decision.hypothetical": False,
            "comity.decision.valid_until": "2030-01-01T00:00:00+00:00",
            "comity.policy.epoch": 7,
            "comity.policy.digest": "ab" * 32,
            "comity.jurisdictions": ("EU", "UA"),
            "comity.facts.action": "message_send",
            "comity.facts.product": "telegram",
            "comity.facts.device": "official",
            "comity.facts.connections": ("presence:FR", "residence:FR", "works_for:UA"),
            "comity.facts.age_known": False,
        }.items()
    )
    assert "ua-2024-official-devices" in found["comity.rule.ids"]  # type: ignore[operator]
    events = {
        event.attributes["comity.rule.id"]: event for event in span.events if event.attributes
    }
    reason = events["ua-2024-official-devices"]
    assert reason.name == "comity.reason"
    assert reason.attributes is not None
    assert reason.attributes["comity.rule.standing"] == "certain"
    assert reason.attributes["comity.rule.connections"] == ("works_for:UA",)


def test_each_item_of_a_batch_has_a_span_of_its_own(
    channel: grpc.Channel, traced: TracedWorld
) -> None:
    """It is a child of the call's, and its ids are those of its reply."""
    items = [BatchCheckEligibilityItem(facts=soldier(d)) for d in ("official", "personal")]
    bad = BatchCheckEligibilityItem(facts=facts_pb2.Facts(action="message_send", product="nothing"))
    request = BatchCheckEligibilityRequest(items=[items[0], bad, items[1]])
    reply = EligibilityServiceStub(channel).BatchCheckEligibility(request, timeout=10)
    *decisions, call = traced.spans()
    assert (call.kind, call.name) == (
        SpanKind.SERVER,
        "comity.v1.EligibilityService/BatchCheckEligibility",
    )
    assert "comity.decision.kind" not in (call.attributes or {})
    answered = [result.response.decision_id for result in reply.results]
    assert [ids(span) for span in decisions] == [answered[0], answered[2]]
    for span, position, effect in zip(decisions, (0, 2), ("deny", "allow"), strict=True):
        assert span.kind is SpanKind.INTERNAL
        assert span.parent == call.context
        assert (span.attributes or {})["comity.decision.position"] == position
        assert (span.attributes or {})["comity.decision.effect"] == effect


@pytest.mark.parametrize("parent", [PARENT, UNSAMPLED])
def test_the_callers_span_is_the_parent_sampled_or_not(
    channel: grpc.Channel, traced: TracedWorld, parent: str
) -> None:
    """A decision is recorded whatever the caller's tracing wants recorded."""
    reply = check(channel, ("traceparent", parent), ("tracestate", "vendor=opaque"))
    span = traced.span()
    assert reply.decision_id.startswith(f"{TRACE}-")
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == SPAN
    assert span.parent.is_remote
    assert span.context is not None
    assert span.context.trace_flags.sampled
    assert span.context.trace_state.get("vendor") == "opaque"


@pytest.mark.parametrize(
    "metadata",
    [
        [("traceparent", "")],
        [("traceparent", "garbage")],
        [("traceparent", f"ff-{TRACE}-{SPAN}-01")],
        [("traceparent", f"00-{'0' * 32}-{SPAN}-01")],
        [("traceparent", f"00-{TRACE}-{SPAN}-01-more")],
        [("traceparent", "0" * 4000)],
        [("traceparent-bin", b"\xff\x00")],
        [("tracestate", "vendor=opaque")],
    ],
)
def test_an_unreadable_parent_is_none(
    channel: grpc.Channel, traced: TracedWorld, metadata: list[tuple[str, str | bytes]]
) -> None:
    """The decision is then the root of a trace of its own."""
    reply = check(channel, *metadata)
    assert traced.span().parent is None
    assert reply.decision_id == ids(traced.span())


@pytest.mark.parametrize("state", ["garbage", "a=b,a=c", "=,=", "k=" + "v" * 300, "9" * 3000])
def test_an_unreadable_state_is_left_out(
    channel: grpc.Channel, traced: TracedWorld, state: str
) -> None:
    """The parent still counts."""
    reply = check(channel, ("traceparent", PARENT), ("tracestate", state))
    assert reply.decision_id.startswith(TRACE)
    context = traced.span().context
    assert context is not None
    assert not context.trace_state


def test_a_callers_mistake_is_told_and_no_failure(
    channel: grpc.Channel, traced: TracedWorld
) -> None:
    """The span has the code; the server has done its part."""
    with pytest.raises(grpc.RpcError):
        check(channel, facts=facts_pb2.Facts(action="nothing"))
    span = traced.span()
    found = span.attributes or {}
    assert found["rpc.grpc.status_code"] == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert found["error.type"] == "INVALID_ARGUMENT"
    assert "comity.decision.kind" not in found
    assert span.status.status_code is StatusCode.UNSET


def test_bytes_that_are_no_message_are_traced_too(
    channel: grpc.Channel, traced: TracedWorld
) -> None:
    """A call that never reached a servicer has its span."""
    call = channel.unary_unary("/comity.v1.EligibilityService/CheckEligibility")
    with pytest.raises(grpc.RpcError):
        call(b"\xff\xff\xff", timeout=10)
    assert (traced.span().attributes or {})["error.type"] == "INVALID_ARGUMENT"


def test_no_policy_is_a_failure(channel: grpc.Channel, traced: TracedWorld) -> None:
    """UNAVAILABLE is the server's fault."""
    traced.world.policies.current = None
    with pytest.raises(grpc.RpcError):
        check(channel)
    span = traced.span()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["rpc.grpc.status_code"] == 14


class BrokenEntitlements:
    """Entitlements with a defect."""

    def require(self, caller: Caller, options: Options) -> None:
        """Fail as defects do."""
        message = f"secret of {caller} and {options}"
        raise RuntimeError(message)


class SpanOfDefects(list[Exception]):
    """Keeps the ids of the span in which each defect was reported."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.trace_ids: list[int] = []

    def append(self, defect: Exception) -> None:
        """Keep the span of `defect`."""
        super().append(defect)
        self.trace_ids.append(trace.get_current_span().get_span_context().trace_id)


def test_a_defect_fails_the_span_and_is_reported_within_it(traced: TracedWorld) -> None:
    """The log has its trace id; the span has nothing of its text."""
    defects = SpanOfDefects()
    world = replace(traced.world, entitlements=BrokenEntitlements(), defects=defects)
    interceptor = TracingInterceptor(traced.telemetry.tracer)
    with (
        world.listening(interceptor) as address,
        grpc.insecure_channel(address) as channel,
        pytest.raises(grpc.RpcError),
    ):
        check(channel, ("traceparent", PARENT))
    span = traced.span()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "INTERNAL"
    assert defects.trace_ids == [int(TRACE, 16)]
    assert "secret" not in span.to_json()


def test_sensitive_values_are_sealed(channel: grpc.Channel, traced: TracedWorld) -> None:
    """Neither the population nor a missing fact that names it stands in the span."""
    facts = soldier()
    facts.connections[0].populations[:] = []
    facts.open_sets[:] = ["population"]
    check(channel)
    check(channel, facts=facts)
    known, open_set = traced.spans()
    assert (known.attributes or {})["comity.facts.populations"] == ("[sealed]@works_for:UA",)
    missing = (open_set.attributes or {})["comity.missing_facts"]
    assert "population:[sealed]@works_for:UA" in missing  # type: ignore[operator]
    assert "population:government_official@works_for:UA" in missing  # type: ignore[operator]
    assert "military" not in known.to_json() + open_set.to_json()


def test_an_account_is_a_pseudonym_under_a_key_that_is_named(
    channel: grpc.Channel, traced: TracedWorld
) -> None:
    """The same account has the same one; the account itself stands nowhere."""
    for account_id in ("canary-1", "canary-1", "canary-2", ""):
        check(channel, account_id=account_id)
    found = [dict(span.attributes or {}) for span in traced.spans()]
    first, again, other, none = (f.get("comity.subject.pseudonym") for f in found)
    assert first == again != other
    assert none is None
    assert len(str(first)) == 64
    assert len({f["comity.subject.pseudonym_key"] for f in found[:3]}) == 1
    assert all("canary" not in span.to_json() for span in traced.spans())


def test_health_has_no_spans(traced: TracedWorld) -> None:
    """It is asked all the time and decides nothing."""
    interceptor = TracingInterceptor(traced.telemetry.tracer)
    server = grpc.server(ThreadPoolExecutor(1), interceptors=[interceptor])
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        with grpc.insecure_channel(f"localhost:{port}") as channel:
            asked = health_pb2.HealthCheckRequest()
            health_pb2_grpc.HealthStub(channel).Check(asked, timeout=10)
    finally:
        server.stop(None).wait()
    assert traced.spans() == ()


def test_a_method_that_does_not_exist_has_no_span(
    channel: grpc.Channel, traced: TracedWorld
) -> None:
    """A stranger can't fill the store with names of their own."""
    with pytest.raises(grpc.RpcError):
        channel.unary_unary("/comity.v1.EligibilityService/Nothing")(b"", timeout=10)
    assert traced.spans() == ()
