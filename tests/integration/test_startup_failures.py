"""What keeps a server from starting: one clear message and an exit code of its own for each."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from comity.app.startup import ExitCode
from integration.server_process import (
    PATIENCE_SECONDS,
    PLACES,
    POLICIES,
    ServerProcess,
    copy_policies,
    environment_of,
    serve_command,
)

pytestmark = pytest.mark.processes


@dataclass
class Attempt:
    """A start that fails.

    Attributes:
        message: what the message must say, `{0}` being the prepared path or address.
        code: the exit code.
        prepare: makes what the start fails on, in a folder; returns the path or address.
        settings: settings by name, `{0}` as in the message.
    """

    message: str
    code: ExitCode
    prepare: Callable[[Path], str] = str
    settings: dict[str, str] = field(default_factory=dict)


def write(name: str, content: bytes) -> Callable[[Path], str]:
    """Return what writes a file and returns its path."""

    def prepare(folder: Path) -> str:
        (folder / name).write_bytes(content)
        return str(folder / name)

    return prepare


def empty_directory(folder: Path) -> str:
    """Make a directory without policy files."""
    (folder / "policies").mkdir()
    (folder / "policies" / "README.md").write_text("nothing here", "utf-8")
    return str(folder / "policies")


def unreadable_file(folder: Path) -> str:
    """Make a directory with a file that not even root can read: a link to nowhere."""
    policies = copy_policies(folder / "policies")
    (policies / "jurisdictions" / "fr.yaml").symlink_to("nowhere")
    return str(policies)


def faulty_files(folder: Path) -> str:
    """Make a directory whose files have two mistakes."""
    policies = copy_policies(folder / "policies")
    (policies / "groups.yaml").write_text("groups: {}\nbodys: {}\n", "utf-8")
    (policies / "conflicts.yaml").unlink()
    return str(policies)


GOOD = {"policies": str(POLICIES)}
ATTEMPTS = {
    "no policy directory": Attempt(
        "the policy directory {0}/none does not exist or is no directory",
        ExitCode.POLICIES_MISSING,
        settings={"policies": "{0}/none"},
    ),
    "an empty one": Attempt(
        "the policy directory {0} holds no .yaml file",
        ExitCode.POLICIES_EMPTY,
        empty_directory,
        {"policies": "{0}"},
    ),
    "an unreadable file": Attempt(
        "jurisdictions/fr.yaml:1:1 CP115 It can't be read: it is a link that leads nowhere.",
        ExitCode.POLICIES_UNREADABLE,
        unreadable_file,
        {"policies": "{0}"},
    ),
    "files with mistakes": Attempt(
        "conflicts.yaml:1:1 CP121 ", ExitCode.POLICIES_REFUSED, faulty_files, {"policies": "{0}"}
    ),
    "a data directory that can't be made": Attempt(
        "the data directory {0}/state can't be used: Not a directory; "
        "name another with --data-dir or COMITY_DATA_DIR",
        ExitCode.DATA_DIR_UNUSABLE,
        write("file", b""),
        GOOD | {"data_dir": "{0}/state"},
    ),
    "a certificate that is none": Attempt(
        "TLS can't be set up:",
        ExitCode.TLS_UNUSABLE,
        write("tls.pem", b"no certificate"),
        GOOD | {"tls_certificate": "{0}", "tls_key": "{0}"},
    ),
    "a GeoIP database that is none": Attempt(
        "{0} is not a MaxMind DB file, or a damaged or unfinished one",
        ExitCode.GEOIP_UNUSABLE,
        write("places.mmdb", b"nothing"),
        GOOD | {"geoip_database": "{0}"},
    ),
}


def start(home: Path, **settings: object) -> subprocess.Popen[str]:
    """Start a server that is to fail."""
    return subprocess.Popen(
        serve_command(**settings),
        env=environment_of(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return how a start ended: exit code and what it said last, without the log."""
    try:
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    assert output == ""
    said = [line for line in errors.splitlines() if not line.startswith("{")]
    assert "Traceback" not in errors
    return process.returncode, "\n".join(said)


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_start_that_fails_says_why(tmp_path: Path, attempt: Attempt) -> None:
    """The message names what is wrong, and the exit code tells the reason to programs."""
    prepared = attempt.prepare(tmp_path)
    settings = {name: text.format(prepared) for name, text in attempt.settings.items()}
    code, said = outcome_of(start(tmp_path, **settings))
    assert attempt.message.format(prepared) in said
    assert code == attempt.code


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """The message says which address, and by which setting to choose another."""
    names = ("listen", "control_listen", "metrics_listen")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        started = [
            start(tmp_path, policies=POLICIES, data_dir=tmp_path / name, **{name: address})
            for name in names
        ]
        for name, process in zip(names, started, strict=True):
            code, said = outcome_of(process)
            assert f"can't listen on {address}: " in said
            assert f"--{name.replace('_', '-')} or COMITY_{name.upper()}" in said
            assert code == ExitCode.ADDRESS_UNUSABLE


def test_all_mistakes_of_the_settings_are_told_at_once(tmp_path: Path) -> None:
    """Mistakes in flags and environment come together, each with its place."""
    environment = environment_of(tmp_path) | {"COMITY_THREADS": "many", "COMITY_LISTEM": "x"}
    process = subprocess.run(
        serve_command(policies=POLICIES, listen="0.0.0.0:0", log_level="loud"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert process.returncode == ExitCode.SETTINGS_INVALID
    assert process.stderr.splitlines() == [
        "comity: the settings can't be used:",
        "  COMITY_LISTEM (environment): is no setting. Did you mean COMITY_LISTEN?",
        "  threads = 'many' (environment COMITY_THREADS): must be a whole number from 1 to 256",
        (
            "  log_level = 'loud' (flag --log-level): "
            "must be one of debug, info, warning, error, critical"
        ),
        (
            "  listen = '0.0.0.0:0' (flag --listen): "
            "is beyond loopback: set tls_certificate and tls_key, or insecure"
        ),
    ]


def test_a_data_directory_is_of_one_server_and_one_policy_directory(tmp_path: Path) -> None:
    """A second server is refused it; a misspelt directory is no return to what was in force."""
    policies = copy_policies(tmp_path / "policies")
    with ServerProcess(tmp_path, policies=policies, geoip_database=PLACES) as server:
        code, said = outcome_of(start(tmp_path, policies=POLICIES))
        assert code == ExitCode.DATA_DIR_UNUSABLE
        assert "is in use by another server" in said
        assert server.get("/status")[0] == 200
    code, said = outcome_of(start(tmp_path, policies=tmp_path / "polices"))
    assert code == ExitCode.POLICIES_MISSING
    assert "polices does not exist" in said


def test_workers_that_keep_dying_end_the_server(tmp_path: Path) -> None:
    """A worker that can't even begin is tried a few times, then the server gives up."""
    broken = tmp_path / "site"
    broken.mkdir()
    # Imported at the start of each Python; only workers are to end in it.
    (broken / "sitecustomize.py").write_text(
        "import sys\nif 'worker' in sys.orig_argv: sys.exit(7)\n", "utf-8"
    )
    process = subprocess.run(
        serve_command(policies=POLICIES),
        env=environment_of(tmp_path) | {"PYTHONPATH": os.fspath(broken)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert process.returncode == ExitCode.WORKER_KEEPS_DYING
    assert "5 workers died before they could serve" in process.stderr.splitlines()[-1]
