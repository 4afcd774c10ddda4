"""The command line as a whole."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from comity.cli import build_app, check, main
from comity.cli.failure import CommandError, Exit
from unit.cli.command import Command

COMMANDS = (
    "check",
    "route",
    "policy",
    "traces",
    "explain",
    "journal",
    "keys",
    "serve",
    "config",
    "version",
)


def test_the_help_lists_every_command_and_exit_code(comity: Command) -> None:
    """And not the hidden one that workers are started by."""
    ended = comity("--help")
    assert ended.code == 0
    for command in COMMANDS:
        assert f" {command} " in ended.out
    assert " worker " not in ended.out
    assert "34 deny" in ended.out
    assert "--install-completion" in ended.out


@pytest.mark.parametrize("command", [*COMMANDS, "worker"])
def test_every_command_has_help(comity: Command, command: str) -> None:
    """A newcomer can ask each of them."""
    ended = comity(command, "--help")
    assert ended.code == 0
    assert f"Usage: comity {command}" in ended.out


def test_an_unknown_command_or_flag_gives_a_suggestion(comity: Command) -> None:
    """On standard error, with the code for wrong use."""
    ended = comity("chekc")
    assert (ended.code, ended.out) == (2, "")
    assert "Did you mean 'check'?" in ended.err
    ended = comity("check", "--actoin", "call")
    assert (ended.code, ended.out) == (2, "")
    assert "--action" in ended.err


def test_the_version_is_one_line(comity: Command) -> None:
    """For scripts."""
    ended = comity("--version")
    assert (ended.code, ended.out) == (0, f"comity {version('comity')}\n")


def test_python_runs_the_package() -> None:
    """`python -m comity` is the same command, and quick to help."""
    command = [sys.executable, "-X", "importtime", "-m", "comity", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "Usage: comity" in ended.stdout
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & {"grpc", "pydantic", "opentelemetry.sdk", "maxminddb", "phonenumbers"}


def test_an_error_is_told_on_standard_error_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line and its details; a defect ends with 1."""

    def refused() -> None:
        raise CommandError(4, "it is refused:", ["because", "of this"])

    def broken() -> None:
        message = "secret"
        raise RuntimeError(message)

    for command, code, told in (
        (refused, 4, "comity: it is refused:\n  because\n  of this\n"),
        (broken, 1, f"comity: internal error: RuntimeError at {__file__}:"),
    ):

        def register(app: typer.Typer) -> None:
            app.command("check")(command)  # noqa: B023 - called at once

        monkeypatch.setattr(check, "register", register)
        with pytest.raises(SystemExit) as caught:
            main(["check"])
        assert caught.value.code == code
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith(told)
        assert "Traceback" not in printed.err
        assert "secret" not in printed.err


def test_each_application_is_new() -> None:
    """Nothing is kept between two of them."""
    assert build_app() is not build_app()


def test_the_documentation_lists_every_exit_code() -> None:
    """Of `comity` as a whole, and those of `check --exit-code`."""
    text = (Path(__file__).parents[3] / "docs" / "commands.md").read_text(encoding="utf-8")
    table = text.partition("## Exit codes")[2]
    cells = " ".join(row.split("|")[1] for row in table.splitlines() if row.startswith("|"))
    listed = {int(code) for code in re.findall(r"\d+", cells)}
    assert {int(code) for code in Exit} <= listed
