"""`comity journal`, but for `export`, which has processes of its own in its tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from comity.journal import Journal, SpanTemplate, encode_attributes, read_segment, segments_in
from comity.journal.exporting import ExportOptions
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unit.cli.command import Command
from unit.journal.exports import KeepingSender, damage, export, open_journal, otlp_span

ALLOWED: dict[str, Any] = {
    "comity.decision.kind": "eligibility",
    "comity.decision.effect": "allow",
    "comity.degraded": ("presence",),
    "comity.decision.position": 3,
}
DENIED: dict[str, Any] = {
    "comity.decision.kind": "eligibility",
    "comity.decision.effect": "deny",
    "comity.decision.hypothetical": False,
    "comity.rule.ids": ("ua-2024-official-devices", "eu-b"),
    "comity.jurisdictions": ("EU", "UA"),
    "comity.quota.share": 0.5,
    "comity.digest": b"\xab",
}
TEMPLATE = SpanTemplate("comity.decision")
SECOND = 1_000_000_000


def decision_span(number: int, attributes: dict[str, Any]) -> bytes:
    """Return the span of a decision made at second `number`."""
    end = number * SECOND
    return TEMPLATE.assemble(
        number.to_bytes(16),
        number.to_bytes(8),
        b"",
        "",
        0x100,
        end - 5_000_000,
        end,
        encode_attributes(attributes),
    )


def identity(number: int) -> str:
    """Return the identity of a decision."""
    return f"{number:032x}-{number:016x}"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal in the data directory of two workers: decisions 1 to 6, and two other spans."""
    place = tmp_path / "journal"
    with open_journal(place, worker=1) as other:
        other.append_all([decision_span(number, ALLOWED) for number in (2, 4)])
        other.append(b"\xff no span")
    journal = open_journal(place)
    journal.append_all([decision_span(number, DENIED) for number in (1, 3, 5, 6)])
    journal.append(otlp_span(7, length=20))
    return journal


@pytest.fixture(autouse=True)
def _data_dir(
    comity: Command,  # noqa: ARG001 - it removes variables first
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Begin with a data directory of our own."""
    monkeypatch.setenv("COMITY_DATA_DIR", str(tmp_path))


def told(out: str) -> list[str]:
    """Return the identities that JSON lines name."""
    return [json.loads(line)["decision_id"] for line in out.splitlines()]


def test_the_newest_decisions_are_listed(comity: Command, journal: Journal) -> None:
    """Of all workers, newest last; other spans are none."""
    with journal:
        ended = comity("journal", "tail", "-n", "3", "--json")
        assert told(ended.out) == [identity(number) for number in (4, 5, 6)]
        ended = comity("journal", "tail")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert [line.split()[2] for line in lines] == ["DENY", "ALLOW"] * 2 + ["DENY", "DENY"]
    assert lines[1].split()[0:2] == ["1970-01-01", "00:00:02.000Z"]
    assert "ua-2024-official-devices,eu-b" in lines[0]
    assert "batch[3]" in lines[1]


def test_json_tells_everything(comity: Command, journal: Journal) -> None:
    """In the same form as `comity traces`."""
    with journal:
        ended = comity("journal", "grep", "--decision", identity(1), "--json")
    span = json.loads(ended.out)
    assert span["attributes"] == json.loads(json.dumps(DENIED | {"comity.digest": "ab"}))
    assert (span["name"], span["process"], span["failed"]) == ("comity.decision", "worker", False)
    assert (span["trace_id"], span["span_id"]) == (f"{1:032x}", f"{1:016x}")
    assert span["parent_id"] == "0" * 16
    assert span["start"] < span["end"]


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ((), (1, 2, 3, 4, 5, 6)),
        (("--effect", "deny"), (1, 3, 5, 6)),
        (("--effect", "allow"), (2, 4)),
        (("--degraded",), (2, 4)),
        (("--rule", "eu-b"), (1, 3, 5, 6)),
        (("--jurisdiction", "UA", "--effect", "deny"), (1, 3, 5, 6)),
        (("--decision", identity(3)), (3,)),
        (("--decision", f"{5:032X}"), (5,)),
        (("--decision", "0" * 31), (1, 2, 3, 4, 5, 6)),
        (("--decision", f"{4:032x}-{4:015x}"), ()),
        (("--rule", "eu"), ()),
        (("--rule", "eu-b", "--degraded"), ()),
    ],
)
def test_decisions_are_found(
    comity: Command, journal: Journal, flags: tuple[str, ...], found: tuple[int, ...]
) -> None:
    """Oldest first; without any the exit code is 1, as with grep."""
    with journal:
        ended = comity("journal", "grep", *flags, "--json")
    assert told(ended.out) == [identity(number) for number in found]
    assert ended.code == (0 if found else 1)


def test_what_is_no_identity_is_refused(comity: Command) -> None:
    """With the code for wrong use."""
    for text in ("123", "xyzw", "12345-1"):
        assert comity("journal", "grep", "--decision", text).code == 2


def test_new_decisions_are_followed(tmp_path: Path, journal: Journal) -> None:
    """Until whoever reads has seen enough."""
    command = [sys.executable, "-m", "comity", "journal", "tail", "-f", "-n", "1", "--json"]
    service = str(Path(__file__).parents[3] / "service")
    environment = os.environ | {"PYTHONPATH": service, "PYTHONUNBUFFERED": "1"}
    with journal, subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert told(process.stdout.readline().decode()) == [identity(6)]
        for number in (8, 9):
            journal.append(decision_span(number, ALLOWED))
            assert told(process.stdout.readline().decode()) == [identity(number)]
        process.stdout.close()
        journal.append(decision_span(10, ALLOWED))
        assert process.wait(30) == 0
    assert tmp_path.exists()


def test_the_status(comity: Command, tmp_path: Path, journal: Journal) -> None:
    """How much there is, what became of it, and how far the export is behind."""
    with journal:
        before = len(segments_in(tmp_path / "journal"))
        status = json.loads(comity("journal", "status", "--json").out)
        assert status["directory"] == str(tmp_path / "journal")
        assert (status["spans"], status["torn_tails"], status["exporting"]) == (8, 0, False)
        assert status["lag"]["spans"] == 8
        assert status["lag"]["seconds"] > 1e9
        assert status["lag"]["bytes"] > 0
        # The next one may be made ready meanwhile.
        assert before <= status["segments"] <= len(segments_in(tmp_path / "journal"))
        assert status["spans_exported"]["delivered"] == 0
        assert status["cursor_saved_at"] == ""
    export(tmp_path / "journal", KeepingSender(), ExportOptions())
    ended = comity("journal", "status", str(tmp_path / "journal"))
    assert ended.code == 0
    assert "2 (0 open, 2 exported)" in ended.out
    assert "8 delivered, 0 rejected, 0 dead-lettered, 0 missing, last at 20" in ended.out
    assert "0 spans, 0 bytes, 0.0 seconds" in ended.out
    assert "not running" in ended.out


def test_a_journal_that_is_whole_is_said_to_be(comity: Command, journal: Journal) -> None:
    """With exit code 0."""
    with journal:
        ended = comity("journal", "verify")
    assert ended.code == 0
    assert ended.out.endswith(": nothing is wrong\n")
    assert ended.out.startswith("8 spans in ")


def test_what_is_wrong_is_listed(comity: Command, tmp_path: Path, journal: Journal) -> None:
    """Each fault with its place; exit code 1."""
    journal.close()
    segment = segments_in(tmp_path / "journal")[-1]
    frames = list(read_segment(segment))
    damage(segment, 2)
    ended = comity("journal", "verify")
    assert ended.code == 1
    first, last = ended.out.splitlines()
    assert first.startswith(f"{segment.name}:{frames[2].offset}: damaged")
    assert first.endswith("(1 spans)")
    assert last == "7 spans in 2 segments: 1 fault"
    ended = comity("journal", "verify", "--json")
    assert ended.code == 1
    (finding,) = json.loads(ended.out)["findings"]
    assert (finding["fault"], finding["spans"]) == ("damaged", 1)


@pytest.mark.parametrize("command", ["status", "tail"])
def test_a_journal_that_is_not_there_is_empty(comity: Command, command: str) -> None:
    """A server may not have begun yet."""
    assert comity("journal", command).code == 0


def test_what_can_not_be_read_is_said(comity: Command, tmp_path: Path) -> None:
    """Without a traceback."""
    ended = comity("journal", "verify")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "comity: the journal can't be used: No such file or directory\n"
    place = tmp_path / "journal"
    place.mkdir()
    (place / "export.cursor").write_text("?")
    ended = comity("journal", "status")
    assert ended.code == 1
    assert "export.cursor is damaged" in ended.err


def test_a_span_that_is_damaged_is_shown_nowhere(comity: Command, tmp_path: Path) -> None:
    """The others are; a resource that is none has no role."""
    with open_journal(tmp_path / "journal", resource=b"\xff") as journal:
        journal.append(Span(name="?").SerializeToString() + b"\x0a")
        journal.append(decision_span(1, DENIED))
    ended = comity("journal", "tail", "--json")
    assert json.loads(ended.out)["process"] == ""
