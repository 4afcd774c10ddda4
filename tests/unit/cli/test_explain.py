"""`comity explain` and `comity keys`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from comity.adapters.bundle_cache import BundleCache
from comity.adapters.data_directory import bundles_in
from comity.cli.journal_spans import JournalReader
from comity.cli.traces import AnySpan
from comity.journal import Journal, read_segment, segments_in
from comity.journal.places import journal_in
from comity.policy.compiling.compilation import compile_policies
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from unit.cli.command import Command
from unit.journal.disks import options_in

POLICIES = Path(__file__).parents[2] / "data" / "policies"
SHIPPED = Path(__file__).parents[3] / "policies"
OFFICIAL = ("--works-for", "UA", "--device", "official", "--action", "message_send")


@pytest.fixture(autouse=True)
def data_dir(comity: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory, a legal key, and policies of a few rules."""
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    assert comity("keys", "new", str(tmp_path / "legal")).code == 0
    monkeypatch.setenv("COMITY_SEAL_PUBLIC_KEY", str(tmp_path / "legal.pub"))
    monkeypatch.setenv("COMITY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COMITY_POLICIES", str(POLICIES))
    return tmp_path / "data"


def asked(comity: Command, *facts: str) -> str:
    """Return the identity of a decision made here."""
    ended = comity("check", "--local", "--policies", str(POLICIES), "--json", *facts)
    assert ended.err == ""
    return str(json.loads(ended.out)["decision_id"])


def explained(comity: Command, *arguments: str) -> dict[str, Any]:
    """Return what is told as JSON of a decision that is the same when made once more."""
    ended = comity("explain", "--json", *arguments)
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert found["differences"] == []
    return dict(found)


def spans_called(data_dir: Path, name: str) -> list[Any]:
    """Return the spans of the journal that are called so."""
    return [span for span in spans_of(data_dir) if span.name == name]


def spans_of(data_dir: Path) -> list[Any]:
    """Return all spans of the journal."""
    return list(JournalReader(journal_in(data_dir)).new_spans(AnySpan()))


def test_a_decision_is_made_once_more(comity: Command) -> None:
    """With the rules that met, those that came close, and what was asked."""
    found = explained(comity, asked(comity, *OFFICIAL))
    assert found["recomputed"]
    assert found["recorded"]["attributes"]["comity.decision.effect"] == "deny"
    (met,) = found["matched"]
    assert (met["rule_id"], met["why"]) == ("ua-messages", "met for certain on works_for UA")
    assert "device:official" in met["by"]
    assert met["citation"]["title"] == "A decision"
    (near,) = found["close"]
    assert near["rule_id"] == "ua-calls"
    assert "action must be one of call" in near["why"]
    assert found["asked"]["asked"]["device"] == "official"


def test_a_rule_that_an_exception_kept_away_comes_close(comity: Command) -> None:
    """The fact that spared the person is named."""
    ended = comity("explain", asked(comity, *OFFICIAL, "--label", "official_duty"))
    assert ended.code == 0
    assert "ALLOW, decided" in ended.out
    assert "Recomputed: the same answer" in ended.out
    near = ended.out.partition("Rules that came close")[2]
    assert "[ua-messages]" in near
    assert "an exception spares works_for UA" in " ".join(near.split())


def test_what_is_not_known_is_told(comity: Command) -> None:
    """Missing facts, with what each would lead to, and presumptions that carry the answer."""
    found = explained(comity, asked(comity, "--works-for", "UA", "--action", "message_send"))
    attributes = found["recorded"]["attributes"]
    assert attributes["comity.decision.determination"] == "indeterminate"
    assert "device" in attributes["comity.missing_facts"]
    assert {"official"} <= {
        one["value"] for one in found["alternatives"] if one["effect"] == "deny"
    }


def test_sealed_facts_need_the_key(comity: Command, tmp_path: Path, data_dir: Path) -> None:
    """Without it only the record is shown; that it was used is recorded before."""
    identity = asked(comity, *OFFICIAL, "--age", "15")
    closed = comity("explain", identity)
    assert closed.code == 0
    assert "Not recomputed: what was asked is sealed to key" in " ".join(closed.out.split())
    assert "DENY, decided" in closed.out
    assert spans_called(data_dir, "comity.explain") == []
    found = explained(comity, identity, "--key", str(tmp_path / "legal"))
    assert found["asked"]["asked"]["device"] == "official"
    assert found["asked"]["dates"] == {"oldest": 0, "youngest": 0}
    (opening,) = spans_called(data_dir, "comity.explain")
    assert opening.text("comity.explain.decision_id") == identity
    assert opening.text("comity.sealed.key") == found["sealed_to"]


def test_another_key_opens_nothing(comity: Command, tmp_path: Path, data_dir: Path) -> None:
    """The attempt is recorded; a file without a key is told first."""
    identity = asked(comity, *OFFICIAL, "--age", "15")
    assert comity("keys", "new", str(tmp_path / "other")).code == 0
    ended = comity("explain", identity, "--key", str(tmp_path / "other"))
    assert (ended.code, ended.out) == (1, "")
    assert "sealed to key" in ended.err
    assert len(spans_called(data_dir, "comity.explain")) == 1
    ended = comity("explain", identity, "--key", str(tmp_path / "legal.pub"))
    assert ended.code == 1
    assert "holds no X25519 private key" in ended.err
    assert len(spans_called(data_dir, "comity.explain")) == 1


def test_nothing_is_opened_unrecorded(
    comity: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With traces switched off the key is of no use."""
    identity = asked(comity, *OFFICIAL, "--age", "15")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    ended = comity("explain", identity, "--key", str(tmp_path / "legal"))
    assert (ended.code, ended.out) == (1, "")
    assert "traces are off" in ended.err


def test_without_a_legal_key_nothing_sensitive_was_kept(
    comity: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, and the record is shown."""
    monkeypatch.delenv("COMITY_SEAL_PUBLIC_KEY")
    ended = comity("explain", asked(comity, *OFFICIAL, "--age", "15"))
    assert ended.code == 0
    assert "no legal key was set" in " ".join(ended.out.split())


def tamper(data_dir: Path, identity: str, name: str, value: str) -> None:
    """Put a record into the journal that says something else of a decision."""
    place = journal_in(data_dir)
    for path in segments_in(place):
        for frame in list(read_segment(path)):
            span = Span.FromString(frame.span)
            if f"{span.trace_id.hex()}-{span.span_id.hex()}" != identity:
                continue
            for pair in span.attributes:
                if pair.key == name:
                    pair.value.string_value = value
            path.unlink()
            with Journal(options_in(place, worker=7)) as journal:
                journal.append(span.SerializeToString())


def test_a_tampered_record_is_found(comity: Command, data_dir: Path) -> None:
    """The answer that it tells is not the one that the law of its revision gives."""
    identity = asked(comity, *OFFICIAL)
    tamper(data_dir, identity, "comity.decision.effect", "allow")
    ended = comity("explain", identity)
    assert ended.code == 1
    assert "ANOTHER ANSWER" in ended.out
    assert "recorded    allow" in ended.out
    assert "recomputed  deny" in ended.out


def test_facts_of_a_sealed_record_cannot_be_swapped(
    comity: Command, tmp_path: Path, data_dir: Path
) -> None:
    """What was sealed for one decision opens in no other."""
    own, other = (asked(comity, *OFFICIAL, "--age", age) for age in ("15", "40"))
    (there,) = (s for s in spans_of(data_dir) if s.decision_id == other)
    tamper(data_dir, own, "comity.sealed.data", there.text("comity.sealed.data"))
    tamper(data_dir, own, "comity.sealed.enc", there.text("comity.sealed.enc"))
    ended = comity("explain", own, "--key", str(tmp_path / "legal"))
    assert ended.code == 1
    assert "altered, or belong to another record" in ended.err


def test_the_law_of_the_revision_answers(
    comity: Command, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From what a server kept, or from a directory of just that content; else it is told."""
    identity = asked(comity, *OFFICIAL)
    monkeypatch.setenv("COMITY_POLICIES", str(tmp_path / "none"))
    ended = comity("explain", identity)
    assert ended.code == 1
    assert "is not kept here" in ended.err
    files = {str(p.relative_to(POLICIES)): p.read_bytes() for p in POLICIES.rglob("*.yaml")}
    now = datetime.now(UTC)
    bundle = compile_policies(files, now.date()).bundle
    assert bundle is not None
    cache = BundleCache(bundles_in(data_dir))
    cache.admit(bundle.digest, files, POLICIES, now)
    assert explained(comity, identity)["recomputed"]
    cache.admit("cd" * 32, files, POLICIES, now + timedelta(days=1))
    assert explained(comity, identity)["recomputed"]


def test_an_archived_decision_is_explained(comity: Command, tmp_path: Path, data_dir: Path) -> None:
    """From the archive that is named, once the journal has it no more."""
    identity, target = asked(comity, *OFFICIAL), str(tmp_path / "archive")
    assert comity("journal", "archive", str(journal_in(data_dir)), "--to", target).code == 0
    gone = comity("explain", identity)
    assert (gone.code, gone.out) == (1, "")
    assert "an archive or a collector may keep more" in " ".join(gone.err.split())
    assert explained(comity, identity, "--archive", target)["matched"]
    for path in Path(target).rglob("*.parquet"):
        path.write_bytes(b"spoilt")
    ended = comity("explain", identity, "--archive", target)
    assert (ended.code, ended.out) == (1, "")
    assert "the archive can't be used" in ended.err


def test_a_route_is_explained_too(comity: Command, tmp_path: Path, world: object) -> None:
    """Where a request would go by the same law."""
    del world
    request = tmp_path / "request.yaml"
    request.write_text("instrument: fr_court_order\nauthority: {kind: court, issuing_state: FR}\n")
    asked_for = ("--set", "data.category=phone_number")
    ended = comity(
        "route", str(request), "--local", "--policies", str(SHIPPED), "--json", *asked_for
    )
    identity = json.loads(ended.out)["decision_id"]
    found = explained(comity, identity, "--policies", str(SHIPPED))
    assert found["asked"]["asked"]["instrument"] == "fr_court_order"
    assert found["matched"]
    ended = comity("explain", identity, "--policies", str(SHIPPED))
    assert ended.code == 0
    assert "Recomputed: the same answer" in ended.out


@pytest.mark.parametrize(
    ("identity", "code", "text"),
    [
        ("abc", 2, "32 and 16 hexadecimal digits"),
        (f"{1:032x}-{1:016x}", 1, "has no decision"),
    ],
)
def test_what_is_not_there_is_told(comity: Command, identity: str, code: int, text: str) -> None:
    """In words, with an exit code."""
    ended = comity("explain", identity)
    assert (ended.code, ended.out) == (code, "")
    assert text in ended.err


def test_keys_are_kept_from_others_and_never_overwritten(comity: Command, tmp_path: Path) -> None:
    """The private one is for its owner only."""
    private, public = tmp_path / "legal", tmp_path / "legal.pub"
    assert private.stat().st_mode & 0o777 == 0o600
    before = private.read_bytes(), public.read_bytes()
    assert comity("keys", "new", str(private)).code == 1
    public.unlink()
    assert comity("keys", "new", str(private)).code == 1
    assert not public.exists()
    assert private.read_bytes() == before[0]
    assert b"PRIVATE" not in before[1]
