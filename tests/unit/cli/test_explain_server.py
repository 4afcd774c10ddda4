"""`comity explain --server`: what a server tells of a recorded decision."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from comity.cli.local import serving_here
from unit.cli.command import Command
from unit.grpc_api.small_world import SmallWorld

POLICIES = Path(__file__).parents[2] / "data" / "policies"
ANONYMOUS = Path(__file__).parents[2] / "data" / "geoip" / "GeoIP2-Anonymous-IP-Test.mmdb"
SHIPPED = Path(__file__).parents[3] / "policies"
OFFICIAL = ("--works-for", "UA", "--device", "official", "--action", "message_send")
NEVER = f"{1:032x}-{1:016x}"


@pytest.fixture
def data_dir(comity: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where server and commands keep decisions, with a legal key."""
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    assert comity("keys", "new", str(tmp_path / "legal")).code == 0
    monkeypatch.setenv("COMITY_SEAL_PUBLIC_KEY", str(tmp_path / "legal.pub"))
    monkeypatch.setenv("COMITY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COMITY_POLICIES", str(POLICIES))
    monkeypatch.setenv("COMITY_GEOIP_ANONYMOUS", str(ANONYMOUS))
    return tmp_path / "data"


@pytest.fixture
def whole_server(data_dir: Path) -> Iterator[str]:
    """Address of a server that reads what was recorded there."""
    del data_dir
    with serving_here(POLICIES) as address:
        yield address


def asked(comity: Command, server: str, *facts: str) -> str:
    """Return the identity of a decision of the server."""
    ended = comity("check", "--server", server, "--json", *facts)
    assert (ended.code, ended.err) == (0, "")
    return str(json.loads(ended.out)["decision_id"])


@pytest.mark.parametrize(
    "facts",
    [
        OFFICIAL,
        (*OFFICIAL, "--label", "official_duty"),
        ("--works-for", "UA", "--action", "message_send", "--ip", "81.2.69.142"),
    ],
)
def test_a_server_tells_what_the_journal_tells(
    comity: Command, whole_server: str, facts: tuple[str, ...]
) -> None:
    """Line by line: what was recorded, whether it agrees, rules, alternatives."""
    identity = asked(comity, whole_server, *facts)
    here = comity("explain", identity)
    there = comity("explain", identity, "--server", whole_server)
    assert (there.code, there.err, there.out) == (0, "", here.out)
    assert "Recomputed: the same answer" in there.out
    assert ("and by" in there.out) is ("--ip" in facts)


def test_a_route_is_told_as_the_journal_tells_it(
    comity: Command, data_dir: Path, tmp_path: Path
) -> None:
    """Where a request would go by the law of its revision."""
    del data_dir
    policies = shutil.copytree(SHIPPED, tmp_path / "policies")
    request = tmp_path / "request.yaml"
    request.write_text("instrument: fr_court_order\nauthority: {kind: court, issuing_state: FR}\n")
    asked_for = ("--set", "data.category=phone_number")
    with serving_here(policies) as server:
        ended = comity("route", str(request), "--server", server, "--json", *asked_for)
        identity = json.loads(ended.out)["decision_id"]
        there = comity("explain", identity, "--server", server)
    here = comity("explain", identity, "--policies", str(policies))
    assert (there.code, there.err, there.out) == (0, "", here.out)
    assert "Rules that matched" in there.out


def test_what_is_sealed_stays_sealed(comity: Command, whole_server: str) -> None:
    """With the name of the key that would open it."""
    identity = asked(comity, whole_server, *OFFICIAL, "--age", "15")
    ended = comity("explain", identity, "--server", whole_server)
    assert ended.code == 0
    assert "Not recomputed: what was asked is sealed to key" in " ".join(ended.out.split())
    assert "DENY, decided" in ended.out


def test_the_reply_is_printed_as_json(comity: Command, whole_server: str) -> None:
    """With the field names of the contract, and as many rules that came close as are wanted."""
    identity = asked(comity, whole_server, *OFFICIAL)
    for close in (0, 1):
        ended = comity(
            "explain", identity, "--server", whole_server, "--json", "--close", str(close)
        )
        found = json.loads(ended.out)
        assert found["recomputation"] == "RECOMPUTATION_SAME"
        assert found["recorded"]["decision_id"] == identity
        assert len(found.get("close", [])) == close


def test_an_altered_record_ends_with_failure(
    comity: Command, server: str, world: SmallWorld
) -> None:
    """And shows in what the answers differ; so does a record whose law is gone."""
    identity = asked(comity, server, "--works-for", "UA:military", *OFFICIAL[2:])
    world.records.tampering = {"comity.decision.effect": "allow"}
    ended = comity("explain", identity, "--server", server)
    assert ended.code == 1
    assert "ANOTHER ANSWER" in ended.out
    assert "recorded    allow" in ended.out
    assert "recomputed  deny" in ended.out
    world.records.tampering = {}
    world.policies.current = None
    ended = comity("explain", identity, "--server", server)
    assert ended.code == 1
    assert "policy revision 7 (abababababab) is not kept here" in ended.out


def test_what_a_server_does_not_tell(comity: Command, server: str, tmp_path: Path) -> None:
    """No such decision, no server, flags that go with the journal only."""
    ended = comity("explain", NEVER, "--server", server)
    assert (ended.code, ended.out) == (4, "")
    assert "no record of this decision" in ended.err
    ended = comity("explain", NEVER, "--server", "localhost:1", "--timeout", "2")
    assert (ended.code, ended.out) == (3, "")
    assert "--local" not in ended.err
    ended = comity("explain", NEVER, "--server", server, "--data-dir", str(tmp_path))
    assert (ended.code, ended.out) == (2, "")
    assert "--data-dir: not with --server" in ended.err
    ended = comity("explain", NEVER, "--close", "-1")
    assert ended.code == 2
