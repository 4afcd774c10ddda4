"""Nothing of a person comes to light, wherever a caller puts it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from comity.cli.journal_spans import JournalReader
from comity.cli.traces import AnySpan
from comity.journal.places import journal_in
from comity.telemetry.identifiers import identity_octets
from comity.telemetry.pseudonyms import epochs_in
from comity.telemetry.sealed_facts import DATA, new_keys, open_seal
from comity.v1 import (
    data_request_service_pb2,
    decision_service_pb2,
    eligibility_service_pb2,
    policy_service_pb2,
    policy_service_pb2_grpc,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from integration.canaries import CANARIES, Canary, requests_with
from integration.server_process import PATIENCE_SECONDS, ServerProcess
from integration.views import (
    by_explain,
    by_journal,
    by_traces,
    named,
    of_archive,
    of_dead_letters,
    over_grpc,
)

POLICIES = Path(__file__).parents[2] / "policies"
TRACE = "0af7651916cd43dd8448eb211c80319c"
FACTS: Mapping[str, Any] = {
    "action": "message_send",
    "product": "telegram",
    "device": "official",
    "purposes": ["work"],
    "item_classes": ["message_text"],
    "connections": [{"factor": "works_for", "place": "UA", "populations": ["military"]}],
    "open_factors": ["nationality"],
    "open_sets": ["label"],
    "labels": [{"name": "verified_age"}],
    "labels_absent": ["guardian_consent"],
    "unknown": [{"dimension": "residence", "reason": "UNKNOWN_REASON_WITHHELD"}],
}
VALID: Mapping[str, Mapping[str, Any]] = {
    "CheckEligibility": {"facts": FACTS},
    "BatchCheckEligibility": {"items": [{"facts": FACTS}]},
    "ListRestrictions": {"jurisdiction": "UA", "factors": ["works_for"], "product": "telegram"},
    "RouteDataRequest": {
        "instrument": "fr_court_order",
        "authority": {"kind": "court", "issuing_state": "FR"},
        "data": [{"category": "phone_number"}],
        "received_at": "2024-10-01T09:00:00Z",
    },
    "GetRevision": {},
    "GetJurisdiction": {"code": "UA"},
    "ListJurisdictions": {},
    "GetRule": {"rule_id": "ua-2024-official-devices"},
    "GetDecision": {"decision_id": f"{1:032x}-{1:016x}"},
}
# A decision is found by its identity alone, and that is no place for a canary.
NEVER_ANSWERED = frozenset({"GetDecision"})
MOST_EXPLAINED = 150
DEAD_AMONG = 25
METHODS: Sequence[MethodDescriptor] = [
    method
    for module in (
        eligibility_service_pb2,
        policy_service_pb2,
        data_request_service_pb2,
        decision_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if not method.server_streaming
]


def valid(method: MethodDescriptor) -> Message:
    """Return a request that `method` answers."""
    request = message_factory.GetMessageClass(method.input_type)()
    return json_format.ParseDict(VALID[method.name], request)


class Told:
    """What callers were told of what went wrong, and how calls ended.

    Attributes:
        codes: method and status code -> number of calls.
        texts: everything that came instead of an answer.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self.codes: Counter[tuple[str, str]] = Counter()
        self.texts: list[str] = []

    def hear(self, name: str, ask: Callable[[], Any]) -> None:
        """Make a call and keep what it says besides an answer."""
        try:
            reply = ask()
        except grpc.RpcError as error:
            code, texts = error.code().name, [*_texts_of(error)]  # type: ignore[attr-defined]
        else:
            code, texts = "OK", [str(result.error) for result in getattr(reply, "results", ())]
        with self._lock:
            self.codes[name, code] += 1
            self.texts += texts


def _texts_of(error: Any) -> Iterator[str]:
    """Yield all that the end of a call says."""
    yield error.details() or ""
    for key, value in error.trailing_metadata() or ():
        text = value if isinstance(value, str) else value.decode("utf-8", "replace")
        yield f"{key}: {text}"


def plant_everywhere(told: Told, server: ServerProcess) -> None:
    """Plant every canary wherever a caller can, in many calls at once, since some wait."""
    with ThreadPoolExecutor(16) as pool:
        tasks = [
            pool.submit(plant_in_method, told, server, method, canary)
            for method in METHODS
            for canary in CANARIES
        ]
        tasks.append(pool.submit(plant_elsewhere, told, server))
        for task in tasks:
            task.result()


def metadata_with(canary: Canary) -> Sequence[tuple[str, str]]:
    """Return metadata that holds `canary` where callers may put text."""
    return (
        ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01"),
        ("tracestate", canary.text),
        ("x-forwarded-for", canary.text),
    )


def plant_in_method(
    told: Told, server: ServerProcess, method: MethodDescriptor, canary: Canary
) -> None:
    """Plant `canary` in every field of a method, and in place of its request."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    reply_type = message_factory.GetMessageClass(method.output_type)
    metadata = metadata_with(canary)
    with server.channel() as channel:
        call = channel.unary_unary(
            path,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=reply_type.FromString,
        )
        for request in requests_with(lambda: valid(method), canary):
            ask = partial(call, request, timeout=PATIENCE_SECONDS, metadata=metadata)
            told.hear(method.name, ask)
        nonsense = channel.unary_unary(path)
        told.hear("bytes", partial(nonsense, canary.text.encode(), timeout=PATIENCE_SECONDS))


def plant_elsewhere(told: Told, server: ServerProcess) -> None:
    """Plant every canary where no message of the contract is: names of methods, addresses."""
    for canary in CANARIES:
        with server.channel() as channel:
            unknown = channel.unary_unary(f"/{canary.text}/{canary.text}")
            told.hear("none", partial(unknown, b"", timeout=PATIENCE_SECONDS))
            plant_in_standard_services(told, channel, canary)
        with server.channel("control_listen") as channel:
            plant_in_standard_services(told, channel, canary)
            told.hear("Watch", partial(watch, channel, canary.number_below(2**63)))
        told.texts.append(server.get(f"/{canary.text.replace('+', '%2B')}?{canary.number}")[1])


def watch(channel: grpc.Channel, after_epoch: int) -> Sequence[policy_service_pb2.WatchResponse]:
    """Watch for a little while."""
    stub = policy_service_pb2_grpc.PolicyWatchServiceStub(channel)
    return list(stub.Watch(policy_service_pb2.WatchRequest(after_epoch=after_epoch), timeout=0.1))


def plant_in_standard_services(told: Told, channel: grpc.Channel, canary: Canary) -> None:
    """Plant `canary` in health and reflection."""
    asked = health_pb2.HealthCheckRequest(service=canary.text)
    told.hear(
        "health", lambda: health_pb2_grpc.HealthStub(channel).Check(asked, timeout=PATIENCE_SECONDS)
    )
    wanted = reflection_pb2.ServerReflectionRequest(file_containing_symbol=canary.text)
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    (reply,) = stub.ServerReflectionInfo(iter([wanted]), timeout=PATIENCE_SECONDS)
    told.texts.append(str(reply.error_response))


def everything(server: ServerProcess, told: Told, home: Path) -> Iterator[tuple[str, str]]:
    """Yield all that is left behind: where, and the text."""
    yield "errors", "\n".join(told.texts)
    yield "output", server.output
    yield "log", "\n".join(json.dumps(entry, ensure_ascii=False) for entry in server.log)
    for path in files_of(home):
        yield str(path), path.read_bytes().decode("utf-8", "replace")


def opened(data_dir: Path, legal_key: X25519PrivateKey) -> Iterator[str]:
    """Yield what records keep for the holder of the legal key."""
    for span in JournalReader(journal_in(data_dir)).new_spans(AnySpan()):
        if DATA in span.attributes:
            yield open_seal(legal_key, span.attributes, identity_octets(span.decision_id))


def some_decisions(data_dir: Path) -> Sequence[str]:
    """Return the identities of decisions of every kind, evenly chosen."""
    spans = [s for s in JournalReader(journal_in(data_dir)).new_spans(AnySpan()) if s.is_decision]
    kinds = {span.text("comity.decision.kind") for span in spans}
    assert kinds == {"eligibility", "data_request"}
    return [span.decision_id for span in spans[:: len(spans) // MOST_EXPLAINED + 1]]


def files_of(home: Path) -> Iterable[Path]:
    """Return all files below `home`."""
    return (path for path in home.rglob("*") if path.is_file())


@pytest.mark.processes
def test_nothing_of_a_person_comes_to_light(tmp_path: Path) -> None:
    """In spans, logs, metrics, errors or files, at the most talkative level of the log.

    Nor in what looks at records of decisions: explanations, traces, the commands of the journal,
    archive, dead letters.
    """
    data_dir = tmp_path / "data"
    told = Told()
    private, public, _ = new_keys()
    (tmp_path / "legal.pub").write_bytes(public)
    with ServerProcess(
        tmp_path,
        policies=POLICIES,
        data_dir=data_dir,
        log_level="debug",
        threads=32,
        seal_public_key=tmp_path / "legal.pub",
    ) as server:
        plant_everywhere(told, server)
        identities = some_decisions(data_dir)
        with server.channel() as channel:
            explained = named("GetDecision", over_grpc(channel, identities))
        pages = [("metrics", server.get("/metrics")[1]), ("status", server.get("/status")[1])]
        assert server.stop() == 0
    legal_key = load_pem_private_key(private, password=None)
    assert isinstance(legal_key, X25519PrivateKey)
    sealed = [("sealed", text) for text in opened(data_dir, legal_key)]
    assert len(sealed) > 10 * len(CANARIES)
    journal = journal_in(data_dir)
    left = [
        *pages,
        *sealed,
        *explained,
        *named("explain", by_explain(data_dir, legal_key, identities)),
        *named("traces", by_traces(data_dir, TRACE)),
        *named("journal", by_journal(journal)),
        *named("archive", of_archive(journal, tmp_path / "archive")),
        *named("dead letters", of_dead_letters(journal, tmp_path / "refused", DEAD_AMONG)),
        *everything(server, told, tmp_path),
    ]
    for canary in CANARIES:
        for where, text in left:
            assert canary.found_in(text) == "", where
    assert_was_at_work(told, data_dir)


def assert_was_at_work(told: Told, data_dir: Path) -> None:
    """Show that the calls were answered, refused and recorded, so that there was much to search."""
    codes = {code for _, code in told.codes}
    assert codes >= {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED"}
    assert not codes & {"INTERNAL", "UNKNOWN", "UNAVAILABLE", "RESOURCE_EXHAUSTED"}
    for name in VALID:
        assert told.codes[name, "OK"] >= len(CANARIES) or name in NEVER_ANSWERED, name
        assert told.codes[name, "UNIMPLEMENTED"] == 0, name
    spans = list(JournalReader(journal_in(data_dir)).new_spans(AnySpan()))
    calls = sum(count for (name, _), count in told.codes.items() if name in VALID)
    assert len([span for span in spans if span.trace_id == TRACE]) >= calls
    accounts = [canary.text for canary in CANARIES if canary.field == "account_id"]
    keys = [epoch.pseudonyms for epoch in epochs_in(data_dir)]
    pseudonyms = {key.of(account) for account in accounts for key in keys}
    assert pseudonyms <= {span.text("comity.subject.pseudonym") for span in spans}
    presences = {place for span in spans for place in span.texts("comity.facts.connections")}
    assert {"presence:GB", "presence:RU", "phone_country:UA"} <= presences
    assert any(span.attributes.get("comity.facts.age_known") is True for span in spans)


@pytest.mark.parametrize("canary", CANARIES)
def test_the_search_finds_what_it_is_for(canary: Canary) -> None:
    """Each form, in any case, among other text; and not within longer numbers."""
    for form in (canary.text.upper(), str(canary.number), f"{canary.number:X}", *canary.others):
        assert canary.found_in(f'{{"text": "{form}"}}'), form
    assert not canary.found_in(f"1{canary.number}1")


def test_each_field_of_each_call_gets_its_canary() -> None:
    """The requests are walked by their descriptors, so that a new field can't be forgotten."""
    (check,) = (method for method in METHODS if method.name == "CheckEligibility")
    requests = [str(request) for request in requests_with(lambda: valid(check), CANARIES[4])]
    for name in ("account_id", "place", "populations_absent", "dimension", "language", "device"):
        assert any(f'{name}: "1987-02-17"' in request for request in requests), name
    for name in ("birth_year", "min_revision", "seconds"):
        assert any(f"{name}: 19870217" in request for request in requests), name
