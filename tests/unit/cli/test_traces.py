"""`comity traces`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from comity.cli import main
from comity.journal.places import journal_in
from comity.telemetry import open_telemetry
from unit.telemetry.in_memory import TracingSettings

Run = Callable[..., tuple[int, str, str]]
Attributes = dict[str, Any]

DENIED: Attributes = {
    "comity.decision.kind": "eligibility",
    "comity.decision.effect": "deny",
    "comity.decision.determination": "decided",
    "comity.rule.ids": ("ua-2024-official-devices", "eu-b"),
    "comity.jurisdictions": ("EU", "UA"),
    "rpc.method": "CheckEligibility",
}
ALLOWED: Attributes = {
    "comity.decision.kind": "eligibility",
    "comity.decision.effect": "allow",
    "comity.decision.determination": "decided",
    "comity.degraded": ("presence",),
    "comity.decision.position": 3,
}
ROUTED: Attributes = {
    "comity.decision.kind": "data_request",
    "comity.route.verdicts": ("phone_number=disclosable",),
    "comity.jurisdictions": ("FR",),
    "rpc.method": "RouteDataRequest",
}


def keep(data_dir: Path, *decisions: Attributes) -> None:
    """Keep a start, and a decision for each of `decisions`, the newest last."""
    telemetry = open_telemetry(TracingSettings(data_dir), "worker")
    with telemetry.span("comity.startup"):
        pass
    for attributes in decisions:
        with telemetry.span("call", {"rpc.system": "grpc"}), telemetry.span("decision", attributes):
            pass
    telemetry.close()


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin with an empty data directory and without variables of OpenTelemetry."""
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COMITY_DATA_DIR", str(tmp_path))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs `comity traces`: exit code, output, errors."""

    def run_traces(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["traces", *arguments])
        output, errors = capsys.readouterr()
        return int(ended.value.code or 0), output, errors

    return run_traces


def effects(output: str) -> list[str]:
    """Return the column of effects."""
    return [line.split()[2] for line in output.splitlines()]


def test_decisions_are_listed_newest_last(tmp_path: Path, run: Run) -> None:
    """One line each, and nothing of other spans."""
    keep(tmp_path, DENIED, ALLOWED, ROUTED)
    code, output, errors = run()
    assert (code, errors) == (0, "")
    denied, allowed, routed = (line.split() for line in output.splitlines())
    assert denied[2:4] == ["DENY", "decided"]
    assert denied[5:] == ["CheckEligibility", "EU,UA", "ua-2024-official-devices,eu-b"]
    assert len(denied[4]) == 49
    assert allowed[2:4] + allowed[5:] == ["ALLOW", "decided", "batch[3]", "-", "-"]
    assert routed[2] == "ROUTE"
    assert routed[-1] == "phone_number=disclosable"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--limit", "1"), ["ROUTE"]),
        (("--limit", "2"), ["ALLOW", "ROUTE"]),
        (("--effect", "deny"), ["DENY"]),
        (("--jurisdiction", "UA"), ["DENY"]),
        (("--jurisdiction", "FR"), ["ROUTE"]),
        (("--rule", "eu-b"), ["DENY"]),
        (("--degraded",), ["ALLOW"]),
        (("--degraded", "--effect", "allow"), ["ALLOW"]),
    ],
)
def test_filters_pick_decisions(
    tmp_path: Path, run: Run, arguments: tuple[str, ...], expected: list[str]
) -> None:
    """All that are given must agree."""
    keep(tmp_path, DENIED, ALLOWED, ROUTED)
    assert effects(run(*arguments)[1]) == expected


def test_json_has_everything(tmp_path: Path, run: Run) -> None:
    """One object a line."""
    keep(tmp_path, DENIED)
    _, output, _ = run("--json")
    (line,) = output.splitlines()
    found = json.loads(line)
    assert found["decision_id"] == f"{found['trace_id']}-{found['span_id']}"
    assert found["attributes"]["comity.rule.ids"] == ["ua-2024-official-devices", "eu-b"]
    assert (found["process"], found["failed"]) == ("worker", False)


def test_one_decision_is_shown_below_its_call(tmp_path: Path, run: Run) -> None:
    """By its own identity, or by the beginning of its trace's."""
    keep(tmp_path, ALLOWED, DENIED)
    decision_id = json.loads(run("--json", "--limit", "1")[1])["decision_id"]
    code, output, _ = run(decision_id)
    assert code == 0
    lines = output.splitlines()
    assert lines[0] == f"trace {decision_id.partition('-')[0]}"
    assert lines[1].startswith("  call  ")
    assert "      comity.rule.ids" not in lines[1]
    assert any(line.startswith("    decision  ") for line in lines)
    assert any(line.split() == ["comity.decision.effect", "deny"] for line in lines)
    assert run(decision_id[:12])[1] == output
    assert {json.loads(line)["name"] for line in run(decision_id, "--json")[1].splitlines()} == {
        "call",
        "decision",
    }


def test_what_is_not_there_is_told(tmp_path: Path, run: Run) -> None:
    """With an exit code for scripts."""
    keep(tmp_path, DENIED)
    code, output, errors = run("f" * 31)
    assert (code, output) == (1, "")
    assert "there is no trace fff" in errors
    assert run("ff")[0] == 2


def test_an_empty_store_says_what_to_do(tmp_path: Path, run: Run) -> None:
    """A newcomer looks before asking anything."""
    code, output, errors = run()
    assert (code, output) == (0, "")
    assert str(journal_in(tmp_path)) in errors
    assert "comity serve" in errors


def test_filters_that_nothing_meets_say_so(tmp_path: Path, run: Run) -> None:
    """It is not the store that is empty."""
    keep(tmp_path, DENIED)
    assert "is like that" in run("--effect", "allow")[2]


def test_traces_that_go_nowhere_are_said_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs to wonder why the journal is empty."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert "OTEL_SDK_DISABLED" in run()[2]
    monkeypatch.delenv("OTEL_SDK_DISABLED")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    code, _, errors = run()
    assert code == 10
    assert "OTEL_TRACES_EXPORTER" in errors


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let processes started here hear SIGINT: in the background of a shell it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.processes
@pytest.mark.usefixtures("interruptible")
def test_following_goes_on_with_new_decisions(tmp_path: Path) -> None:
    """Until it is interrupted."""
    keep(tmp_path, ALLOWED)
    with subprocess.Popen(
        [sys.executable, "-m", "comity", "traces", "--follow", "--limit", "5"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert effects(process.stdout.readline()) == ["ALLOW"]
            keep(tmp_path, DENIED)
            assert effects(process.stdout.readline()) == ["DENY"]
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()


@pytest.mark.processes
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """`comity traces | head -1` ends quietly."""
    keep(tmp_path, *[DENIED] * 2000)
    command = f"'{sys.executable}' -m comity traces --limit 2000 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
