"""GetDecision by whole servers: any worker's decisions, the archive, old law, the legal key."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from comity.adapters.data_directory import bundles_in
from comity.app.startup import ExitCode
from comity.cli.failure import CommandError
from comity.cli.journal_spans import JournalReader
from comity.cli.local import serving_here
from comity.cli.traces import AnySpan
from comity.journal import read_segment, segments_in
from comity.journal.archiving import ArchiveOptions, ArchivePlace, Archiver
from comity.journal.index import identity_of
from comity.journal.places import journal_in
from comity.telemetry.identifiers import identity_octets
from comity.telemetry.reading import StoredSpan
from comity.telemetry.sealed_facts import new_keys
from comity.v1 import decision_service_pb2 as pb
from comity.v1 import eligibility_service_pb2, facts_pb2
from comity.v1.decision_service_pb2_grpc import DecisionServiceStub
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from integration.server_process import (
    PATIENCE_SECONDS,
    PLACES,
    POLICIES,
    ServerProcess,
    ask,
    copy_policies,
    eventually,
    question,
    replace_text,
    revision_of,
)

CHANNELS = 8
SAME = "RECOMPUTATION_SAME"
TRACING = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER")


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where servers of a test keep what outlives them."""
    for name in TRACING:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COMITY_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@contextmanager
def serving(policies: Path = POLICIES) -> Iterator[grpc.Channel]:
    """Serve in this process; yield a channel."""
    with serving_here(policies) as address, grpc.insecure_channel(address) as channel:
        yield channel


def explain(channel: grpc.Channel, identity: str) -> pb.GetDecisionResponse:
    """Return what GetDecision tells."""
    request = pb.GetDecisionRequest(decision_id=identity)
    return DecisionServiceStub(channel).GetDecision(request, timeout=PATIENCE_SECONDS)


def outcome(channel: grpc.Channel, identity: str) -> str:
    """Return what came of making a decision once more."""
    return pb.Recomputation.Name(explain(channel, identity).recomputation)


def child(channel: grpc.Channel) -> str:
    """Return the identity of a decision on somebody whose age is told."""
    request = eligibility_service_pb2.CheckEligibilityRequest(
        facts=question(), subject=facts_pb2.Subject(birth_year=2012)
    )
    return EligibilityServiceStub(channel).CheckEligibility(request, timeout=10).decision_id


def spans_of(data_dir: Path) -> Sequence[StoredSpan]:
    """Return all spans of the journal."""
    return list(JournalReader(journal_in(data_dir)).new_spans(AnySpan()))


def channels(server: ServerProcess) -> Iterator[grpc.Channel]:
    """Yield channels of connections of their own."""
    apart = [("grpc.use_local_subchannel_pool", 1)]
    for _ in range(CHANNELS):
        with grpc.insecure_channel(server.addresses["listen"], apart) as channel:
            yield channel


def writers_of(data_dir: Path, identities: Sequence[str]) -> set[str]:
    """Return the numbers of the workers that recorded these decisions."""
    span_ids = {identity_octets(identity)[16:] for identity in identities}
    return {
        segment.name.split("-")[1]
        for segment in segments_in(journal_in(data_dir))
        if any(identity_of(frame.span)[1] in span_ids for frame in read_segment(segment))
    }


@pytest.mark.processes
def test_a_decision_is_found_and_explained_whoever_recorded_it(
    tmp_path: Path, data_dir: Path
) -> None:
    """By each of two workers those of both, when the law has changed, and by later processes."""
    policies = copy_policies(tmp_path / "policies")
    identities: list[str] = []
    with ServerProcess(
        tmp_path, policies=policies, geoip_database=PLACES, data_dir=data_dir, workers=2
    ) as server:
        server.workers(2)

        def both_answered() -> bool:
            identities.extend(ask(channel).decision_id for channel in channels(server))
            return len(writers_of(data_dir, identities)) > 1

        eventually(both_answered)
        for channel in channels(server):
            assert {outcome(channel, identity) for identity in identities[:CHANNELS]} == {SAME}
        replace_text(policies / "jurisdictions/ua.yaml", "device: official", "device: personal")
        with server.channel() as channel:
            eventually(lambda: revision_of(channel).policy_revision.epoch == 2)
            found = explain(channel, identities[0])
        assert found.recomputation == pb.RECOMPUTATION_SAME
        assert found.recorded.policy_revision.epoch == 1
        assert [rule.rule_id for rule in found.matched] == ["ua-messages"]
    with serving(policies) as channel:
        assert {outcome(channel, identity) for identity in identities} == {SAME}
        (earlier,) = bundles_in(data_dir).glob("0000000001_*.zip")
        earlier.unlink()
    with serving(policies) as channel:
        assert outcome(channel, identities[0]) == "RECOMPUTATION_REVISION_GONE"
    read = [span for span in spans_of(data_dir) if span.name.endswith("/GetDecision")]
    assert {span.text("comity.explain.decision_id") for span in read} == set(identities)


def test_a_decision_is_found_in_the_archive(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its segment is gone from the journal; without the archive it is not found."""
    with serving() as channel:
        identity = ask(channel).decision_id
    target = tmp_path / "archive"
    options = ArchiveOptions(exported_only=False)
    assert Archiver(journal_in(data_dir), ArchivePlace(str(target)), options).run().removed
    with serving() as channel, pytest.raises(grpc.RpcError) as refused:
        explain(channel, identity)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    monkeypatch.setenv("COMITY_ARCHIVE", str(target))
    with serving() as channel:
        assert outcome(channel, identity) == SAME
    for file in target.rglob("*.parquet"):
        file.write_bytes(b"spoilt")
    with serving() as channel, pytest.raises(grpc.RpcError) as refused:
        explain(channel, identity)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "a file of the archive is damaged" in str(refused.value.details())


def test_sealed_facts_are_opened_with_the_private_key_only(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That they are is recorded: which decision, for whom, with which key."""
    private, public, name = new_keys()
    (tmp_path / "legal").write_bytes(private)
    (tmp_path / "legal.pub").write_bytes(public)
    (tmp_path / "other").write_bytes(new_keys()[0])
    monkeypatch.setenv("COMITY_SEAL_PUBLIC_KEY", str(tmp_path / "legal.pub"))
    with serving() as channel:
        identity = child(channel)
        assert outcome(channel, identity) == "RECOMPUTATION_SEALED"
    for key, expected in (("other", "RECOMPUTATION_SEALED"), ("legal", SAME)):
        monkeypatch.setenv("COMITY_SEAL_PRIVATE_KEY", str(tmp_path / key))
        with serving() as channel:
            assert outcome(channel, identity) == expected
    opened = [span for span in spans_of(data_dir) if span.name == "comity.explain"]
    said = {
        "comity.explain.decision_id": identity,
        "comity.explain.reader": "loopback",
        "comity.sealed.key": name,
    }
    assert [span.attributes for span in opened] == [said, said]


def test_a_private_key_that_is_none_keeps_the_server_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than leaving sealed what was meant to be opened."""
    (tmp_path / "key").write_text("no key")
    monkeypatch.setenv("COMITY_SEAL_PRIVATE_KEY", str(tmp_path / "key"))
    with pytest.raises(CommandError, match="seal_private_key can't be used") as refused, serving():
        pass
    assert refused.value.exit_code == ExitCode.SETTINGS_INVALID


def test_an_archive_that_nothing_here_can_read_keeps_the_server_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than failing when it is asked."""
    monkeypatch.setenv("COMITY_ARCHIVE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CommandError, match="archive is set") as refused, serving():
        pass
    assert refused.value.exit_code == ExitCode.SETTINGS_INVALID
