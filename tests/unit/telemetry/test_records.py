"""Records of decisions are found again, and what can't be read is told from what isn't there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from comity.domain.errors import RecordsUnavailableError, UnreadableRecordError
from comity.journal import Journal, SpanTemplate, segments_in
from comity.telemetry import Telemetry, open_telemetry
from comity.telemetry.records import KeptRecords
from unit.journal.disks import options_in
from unit.telemetry.in_memory import TracingSettings
from unit.telemetry.test_recorder import RECORD, ROUTE_RECORD

NEVER = f"{1:032x}-{1:016x}"


@pytest.fixture
def telemetry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    """Tracing into a journal."""
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    return open_telemetry(TracingSettings(data_dir=tmp_path), "worker")


def test_what_was_recorded_is_found_at_once_and_later(tmp_path: Path, telemetry: Telemetry) -> None:
    """While its segment is written, and when it is sealed."""
    identity = telemetry.recorder.record(RECORD)
    route = telemetry.recorder.record_route(ROUTE_RECORD)
    records = KeptRecords(tmp_path / "journal")

    def both_are_found() -> None:
        found, routed = records.find(identity), records.find(route)
        assert found is not None
        assert routed is not None
        assert (found.decision_id, found.route, found.span.role) == (identity, False, "worker")
        assert found.revision == RECORD.revision
        assert found.evaluated_at == RECORD.evaluated_at
        assert found.provenance == RECORD.provenance
        assert found.differences(RECORD) == ()
        assert (routed.decision_id, routed.route, routed.provenance) == (route, True, None)

    both_are_found()
    telemetry.close()
    both_are_found()
    assert records.find(NEVER) is None


def test_a_span_of_no_decision_is_none(tmp_path: Path, telemetry: Telemetry) -> None:
    """Whatever else the journal holds is not found."""
    with telemetry.span("comity.worker.startup") as span:
        context = span.get_span_context()
    telemetry.close()
    records = KeptRecords(tmp_path / "journal")
    assert records.find(f"{context.trace_id:032x}-{context.span_id:016x}") is None


@pytest.mark.parametrize("instant", ["", "soon", "2024-10-01T12:00:00"])
def test_a_record_without_its_instant_is_unreadable(tmp_path: Path, instant: str) -> None:
    """It is there, so that it is not the same as none."""
    said = {
        "comity.decision.kind": "eligibility",
        "comity.decision.evaluated_at": instant,
        "comity.policy.epoch": 1,
    }
    octets = SpanTemplate("comity.decision", attributes=said).assemble(
        (1).to_bytes(16), (1).to_bytes(8), b"", "", 0x100, 1, 2
    )
    with Journal(options_in(tmp_path)) as journal:
        journal.append(octets)
    with pytest.raises(UnreadableRecordError, match="can't be read"):
        KeptRecords(tmp_path).find(NEVER)


def test_a_journal_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """It may come back."""
    with Journal(options_in(tmp_path)) as journal:
        journal.append(b"any span")
    (segment,) = segments_in(tmp_path)
    segment.unlink()
    segment.mkdir()
    with pytest.raises(RecordsUnavailableError, match="the journal can't be used"):
        KeptRecords(tmp_path).find(NEVER)


def test_an_archive_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A file in the place of the directory, or a kind of storage that nobody knows."""
    (tmp_path / "file").write_text("")
    for archive in (str(tmp_path / "file"), "gopher://archive"):
        with pytest.raises(RecordsUnavailableError, match="the archive can't be used"):
            KeptRecords(tmp_path / "none", archive).find(NEVER)


def test_an_archive_that_nothing_here_can_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With how to have what can."""
    monkeypatch.setitem(sys.modules, "comity.journal.archiving", None)
    with pytest.raises(RecordsUnavailableError, match="needs pyarrow"):
        KeptRecords(tmp_path / "none", str(tmp_path)).find(NEVER)
