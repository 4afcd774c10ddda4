"""Answers without a server."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from comity.adapters.bundle_cache import BundleCache
from comity.adapters.data_directory import bundles_in
from comity.cli.failure import CommandError
from comity.cli.local import serving_here
from comity.client import ComityClient, NoHistoryError, Options

POLICIES = Path(__file__).parents[2] / "data" / "policies"
PATIENCE_SECONDS = 30.0


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Directory for what outlives the process, in an environment that says nothing else."""
    for name in ("COMITY_LISTEN", "COMITY_POLICIES", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    directory = tmp_path / "data"
    monkeypatch.setenv("COMITY_DATA_DIR", str(directory))
    return directory


def test_policy_files_answer_like_a_server(data_dir: Path) -> None:
    """As the first revision, with the law of any instant."""
    with serving_here(POLICIES) as address, ComityClient(address, timeout_seconds=20) as client:
        revision = client.get_revision()
        assert revision.policy_revision.epoch == 1
        assert revision.rule_count > 0
        past = Options(as_of=datetime(2020, 1, 1, tzinfo=UTC))
        assert client.check(action="message_send", presence="UA", options=past).decision_id
    assert data_dir.is_dir()


def test_what_a_server_kept_answers_for_an_earlier_time(data_dir: Path) -> None:
    """Before the first revision that was kept here there is nothing to answer from."""
    files = {
        str(path.relative_to(POLICIES)): path.read_bytes() for path in POLICIES.rglob("*.yaml")
    }
    then = datetime(2025, 1, 1, tzinfo=UTC)
    BundleCache(bundles_in(data_dir)).admit("ab" * 32, files, POLICIES, then)
    with serving_here(POLICIES) as address, ComityClient(address, timeout_seconds=20) as client:

        def known_at(instant: datetime) -> str:
            options = Options(as_known=instant)
            answer = client.check(action="message_send", presence="UA", options=options)
            return answer.policy_revision.digest

        assert known_at(then + timedelta(days=1)) == "ab" * 32
        with pytest.raises(NoHistoryError):
            known_at(then - timedelta(days=1))


def test_policies_that_are_missing_or_wrong_are_told(data_dir: Path, tmp_path: Path) -> None:
    """Every problem with its place and code."""
    assert not data_dir.exists()
    with (
        pytest.raises(CommandError, match="does not exist") as caught,
        serving_here(tmp_path / "x"),
    ):
        pass
    assert caught.value.exit_code == 1
    broken = tmp_path / "policies"
    shutil.copytree(POLICIES, broken)
    (broken / "jurisdictions" / "zz.yaml").write_text("jurisdiction: ZZ\nrules: 1\n")
    expected = pytest.raises(CommandError, match="the policies have errors")
    with expected as caught, serving_here(broken):
        pass
    assert any(line.startswith("jurisdictions/zz.yaml:") for line in caught.value.details)
