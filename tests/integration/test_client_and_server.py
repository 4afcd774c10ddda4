"""The client and the command line with a whole server, as a newcomer has them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from comity.client import ComityClient, Effect, Question
from integration.server_process import ServerProcess, environment_of, eventually, replace_text

pytestmark = pytest.mark.processes

POLICIES = Path(__file__).parents[2] / "policies"
SOLDIER: Question = {
    "action": "message_send",
    "works_for": "UA:military",
    "presence": "PL",
    "device": "official",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home directory of the server, with a copy of the policies."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(POLICIES, home / "policies")
    return home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[ServerProcess]:
    """A server that answers from that copy."""
    with ServerProcess(home, policies=home / "policies") as running:
        yield running


def test_the_commands_of_the_banner_work_as_they_stand(server: ServerProcess, home: Path) -> None:
    """Pasted into a shell, where the server was started."""
    commands = eventually(
        lambda: [line for line in server.output.splitlines() if " check " in line]
    )
    assert len(commands) == 3
    for command in commands:
        ended = subprocess.run(
            ["sh", "-c", command],
            env=environment_of(home),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, ""), command
        assert ended.stdout


def test_an_edit_changes_what_a_cached_client_answers(server: ServerProcess, home: Path) -> None:
    """At once, since it listens to the control port; the server is not restarted."""
    listen, control = str(server.addresses["listen"]), str(server.addresses["control_listen"])
    with ComityClient(listen, control=control, timeout_seconds=30) as client:
        eventually(lambda: client.watching)
        assert client.check(**SOLDIER).effect is Effect.DENY
        assert client.check(**SOLDIER).cached
        rules = home / "policies" / "jurisdictions" / "ua.yaml"
        replace_text(rules, "      - from: 2024-09-20\n", "      - from: 2034-09-20\n")
        eventually(lambda: client.check(**SOLDIER).effect is Effect.ALLOW)
        assert client.check(**SOLDIER).policy_revision.epoch == 2
