"""`comity journal find --account`, and `comity keys list` and `destroy`."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from comity.journal.places import journal_in
from comity.telemetry import open_telemetry
from comity.telemetry.pseudonyms import KEYS, PseudonymRing, Pseudonyms, epochs_in
from unit.cli.command import Command
from unit.telemetry.in_memory import TracingSettings

TODAY = datetime.now(UTC)
OLD = TODAY - timedelta(days=100)
ACCOUNT = "account-of-somebody"


@pytest.fixture(autouse=True)
def _decisions(comity: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """A decision on the account in each of two periods, and one on another account."""
    monkeypatch.setenv("COMITY_DATA_DIR", str(tmp_path))
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    telemetry = open_telemetry(TracingSettings(tmp_path), "worker")
    for effect, then, account in (
        ("deny", OLD, ACCOUNT),
        ("warn", OLD, "another"),
        ("allow", TODAY, ACCOUNT),
    ):
        pseudonyms = PseudonymRing(tmp_path, 90, lambda then=then: then).current()  # type: ignore[misc]
        said = {
            "comity.decision.kind": "eligibility",
            "comity.decision.effect": effect,
            "comity.subject.pseudonym": pseudonyms.of(account),
        }
        with telemetry.span("call", said):
            pass
    telemetry.close()


def effects_found(
    comity: Command, monkeypatch: pytest.MonkeyPatch, account: str = ACCOUNT
) -> list[str]:
    """Return the effects of the decisions found on an account."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{account}\n"))
    ended = comity("journal", "find", "--account", "--json")
    assert ended.code == (0 if ended.out else 1)
    assert account not in ended.out + ended.err
    lines = map(json.loads, ended.out.splitlines())
    return [line["attributes"]["comity.decision.effect"] for line in lines]


def test_an_account_is_found_across_periods(
    comity: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under every key; others are not."""
    assert effects_found(comity, monkeypatch) == ["deny", "allow"]
    assert effects_found(comity, monkeypatch, "another") == ["warn"]
    assert effects_found(comity, monkeypatch, "nobody") == []


def test_a_destroyed_key_unlinks_its_period(
    comity: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was recorded in it is still there, and nobody's."""
    day = OLD.date().isoformat()
    ended = comity("keys", "destroy", day)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"destroyed {day}: key ")
    assert effects_found(comity, monkeypatch) == ["allow"]
    assert len(comity("traces").out.splitlines()) == 3
    assert [epoch.begins for epoch in epochs_in(tmp_path)] == [TODAY.date()]


def test_a_key_in_use_is_not_destroyed(comity: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server would go on with what it holds in memory."""
    ended = comity("keys", "destroy", TODAY.date().isoformat())
    assert (ended.code, ended.out) == (1, "")
    assert "in use until" in ended.err
    assert effects_found(comity, monkeypatch) == ["deny", "allow"]


@pytest.mark.parametrize("day", ["yesterday", "2001-01-01"])
def test_a_period_without_key_is_told(comity: Command, day: str) -> None:
    """With those that there are."""
    ended = comity("keys", "destroy", day)
    assert (ended.code, ended.out) == (2, "")
    assert OLD.date().isoformat() in ended.err


def test_periods_are_listed(comity: Command, tmp_path: Path) -> None:
    """With the name of each key, as spans have it."""
    first, second = epochs_in(tmp_path)
    lines = comity("keys", "list").out.splitlines()
    end = (TODAY.date() + timedelta(days=90)).isoformat()
    assert lines[1] == f"{second.begins}  used until {end}  key {second.pseudonyms.key_id}"
    told = json.loads(comity("keys", "list", "--json").out.splitlines()[0])
    assert date.fromisoformat(told["epoch"]) == first.begins == OLD.date()
    assert told["key"] == first.pseudonyms.key_id


def test_a_configured_key_counts_too(
    comity: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Besides those that were kept before it was set."""
    key = "k" * 32
    monkeypatch.setenv("COMITY_PSEUDONYM_KEY", key)
    telemetry = open_telemetry(TracingSettings(tmp_path), "worker")
    said = {
        "comity.decision.kind": "eligibility",
        "comity.decision.effect": "verify",
        "comity.subject.pseudonym": Pseudonyms(key).of(ACCOUNT),
    }
    with telemetry.span("call", said):
        pass
    telemetry.close()
    assert effects_found(comity, monkeypatch) == ["deny", "allow", "verify"]


def test_an_account_id_is_no_argument(
    comity: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Arguments are seen by everybody on the machine; and without one nothing is looked for."""
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    for arguments, text in (
        (("--account", ACCOUNT), "from standard input only"),
        ((str(journal_in(tmp_path)),), "say what to find"),
        (("--account",), "no account id on standard input"),
    ):
        ended = comity("journal", "find", *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert text in ended.err


def test_a_damaged_key_is_told(comity: Command, tmp_path: Path) -> None:
    """Without what is left of it."""
    (tmp_path / KEYS / f"{OLD.date()}.key").write_text("abcdef")
    ended = comity("keys", "list")
    assert ended.code == 16
    assert "cut short" in ended.err
    assert "abcdef" not in ended.err
