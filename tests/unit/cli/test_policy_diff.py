"""`comity policy diff` on directories, git revisions and kept bundles."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from comity.adapters.bundle_cache import BundleCache
from comity.adapters.data_directory import bundles_in
from unit.cli.command import Command
from unit.policy.scenarios.small_policies import DEVICES, policy_files

MILDER = DEVICES.replace("effect: deny", "effect: {verify: employer}")
LATER = DEVICES.replace("from: 2024-09-20", "from: 2024-10-01")
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write policy files."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The revision before."""
    return write(tmp_path / "old", policy_files())


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """The revision after, with a milder rule."""
    return write(tmp_path / "new", policy_files(MILDER))


def test_equal_revisions_end_with_0(comity: Command, old: Path) -> None:
    """No answer differs."""
    ended = comity("policy", "diff", str(old), str(old))
    assert (ended.code, ended.out) == (0, "No answer differs.\n")


def test_a_difference_ends_with_1_and_shows_who_what_when_and_a_question(
    comity: Command, old: Path, new: Path
) -> None:
    """The summary goes first, then the sentence with the command that shows it."""
    ended = comity("policy", "diff", str(old), str(new))
    lines = ended.out.splitlines()
    assert ended.code == 1
    assert lines[0].startswith("1 difference by 1 rule: 0 stricter, 1 looser")
    assert lines[2].startswith("- From 2024-09-20 (Europe/Kyiv) on, for whoever works for Ukraine")
    assert lines[2].endswith("goes from deny to verify employer (looser). Rule ua-devices.")
    assert lines[3].strip().startswith("comity check --as-of 2024-09-19T21:00:00Z")


def test_the_question_shown_is_answered_as_told(comity: Command, old: Path, new: Path) -> None:
    """The command can be run, and each revision gives the answer that the sentence says."""
    shown = json.loads(comity("policy", "diff", str(old), str(new), "--json").out)
    (told,) = shown["differences"]
    arguments = told["witness"]["command"].split()[1:]
    for policies, code in ((old, 34), (new, 32)):
        ended = comity(*arguments, "--local", "--policies", str(policies), "--exit-code")
        assert ended.code == code, ended.err


def test_json_tells_everything(comity: Command, old: Path, new: Path) -> None:
    """Counts, periods, both answers, and the rules."""
    shown = json.loads(comity("policy", "diff", str(old), str(new), "--json").out)
    (told,) = shown["differences"]
    assert shown["different"] is True
    assert shown["counts"] == {"stricter": 0, "looser": 1, "other": 0, "unknown": 0}
    assert told["rules"] == ["ua-devices"]
    assert told["periods"] == [
        {"from": "2024-09-19T21:00:00+00:00", "until": None, "recurring": False}
    ]
    assert (told["before"]["effect"], told["after"]["effect"]) == ("deny", "verify")
    assert shown["texts"] == []


def test_what_differs_in_doubt_is_shown_in_full_only(comity: Command, old: Path) -> None:
    """The summary counts what differs where facts are not known."""
    new = write(old.parent / "later", policy_files(LATER))
    plain, full = (
        comity("policy", "diff", str(old), str(new), *more).out for more in ([], ["--full"])
    )
    assert "--full shows them" in plain
    assert "Where facts are not known, for example:" in full
    assert len(full) > len(plain)


def test_within_proves_or_shows_a_counterexample(comity: Command, old: Path, new: Path) -> None:
    """0 if nothing differs outside the place, 1 with a question otherwise, 2 for no place."""
    proven = comity("policy", "diff", str(old), str(new), "--within", "UA")
    assert proven.code == 0
    assert proven.out.startswith("No answer without a connection to UA changes")
    refuted = comity("policy", "diff", str(old), str(new), "--within", "FR")
    assert refuted.code == 1
    assert "comity check" in refuted.out
    misused = comity("policy", "diff", str(old), str(new), "--within", "Ukraine")
    assert (misused.code, misused.out) == (2, "")
    assert "--within" in misused.err


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody in particular."""
    identity = {
        f"GIT_{who}_{what}": "somebody@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        env={**os.environ, **identity, **alone},
    )


def test_revisions_of_the_repository_are_read_without_a_checkout(
    comity: Command, tmp_path: Path
) -> None:
    """The directory may lie anywhere in the repository; without NEW it is compared itself."""
    policies = write(tmp_path / "law" / "policies", policy_files())
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    write(policies, policy_files(MILDER))
    assert comity("policy", "diff", "HEAD", "--policies", str(policies)).code == 1
    git(tmp_path, "commit", "--quiet", "-a", "-m", "second")
    assert comity("policy", "diff", "HEAD", "--policies", str(policies)).code == 0
    ended = comity("policy", "diff", "HEAD~1", "HEAD", "--policies", str(policies))
    assert ended.code == 1
    assert "Rule ua-devices." in ended.out


def test_kept_bundles_are_found_by_epoch_and_digest(
    comity: Command, old: Path, new: Path, tmp_path: Path
) -> None:
    """A server's data directory keeps what was in force."""
    cache = BundleCache(bundles_in(tmp_path / "data"))
    cache.admit("ab" * 32, policy_files(), old, NOW)
    cache.admit("cd" * 32, policy_files(MILDER), new, NOW)
    data = ("--data-dir", str(tmp_path / "data"))
    assert comity("policy", "diff", "epoch:1", "epoch:2", *data).code == 1
    assert comity("policy", "diff", "abababab", str(old), *data).code == 0
    missing = comity("policy", "diff", "epoch:7", str(old), *data)
    assert missing.code == 2
    assert "epochs kept: 1, 2" in missing.err


@pytest.mark.parametrize("name", ["no-such-revision", "--upload-pack=touch"])
def test_a_name_that_stands_for_nothing_is_refused(comity: Command, old: Path, name: str) -> None:
    """With 2, and with what it could be."""
    ended = comity("policy", "diff", "--policies", str(old), "--", name, str(old))
    assert (ended.code, ended.out) == (2, "")
    assert "is no" in ended.err


def test_a_revision_with_errors_is_refused(comity: Command, old: Path) -> None:
    """With 2, the file and the place in it."""
    broken = write(old.parent / "broken", policy_files(DEVICES.replace("effect", "efect")))
    ended = comity("policy", "diff", str(old), str(broken))
    assert ended.code == 2
    assert "jurisdictions/ua.yaml" in ended.err
