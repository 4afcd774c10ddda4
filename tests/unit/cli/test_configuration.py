"""`comity config`, and the flags that it shares with `comity serve`."""

from __future__ import annotations

import json
import re

import pytest
from comity.app.startup import ExitCode
from comity.settings.table import TABLE
from unit.cli.command import Command

SECRET = "0123456789abcdef0123456789abcdef"


def test_each_setting_is_shown_with_its_origin(
    comity: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line a setting: value in force, and whether default, environment or flag gave it."""
    monkeypatch.setenv("COMITY_GRACE_SECONDS", "7")
    ended = comity("config", "--threads", "4", "--insecure", "--no-banner")
    rows = {row[0]: row[1:] for row in (re.split("  +", line) for line in ended.out.splitlines())}
    assert (ended.code, ended.err) == (0, "")
    assert list(rows) == [setting.name for setting in TABLE]
    assert rows["threads"] == ["4", "flag --threads"]
    assert rows["insecure"] == ["true", "flag --insecure"]
    assert rows["banner"] == ["false", "flag --banner"]
    assert rows["grace_seconds"] == ["7", "environment COMITY_GRACE_SECONDS"]
    assert rows["listen"] == ["localhost:50051", "default"]
    assert rows["callers"] == ["(not set)", "default"]


def test_json_holds_the_same(comity: Command) -> None:
    """For programs: a list in the order of the table."""
    told = json.loads(comity("config", "--json", "--log-level", "debug").out)
    assert [row["name"] for row in told] == [setting.name for setting in TABLE]
    assert {"name": "log_level", "value": "debug", "origin": "flag --log-level"}.items() <= next(
        row for row in told if row["name"] == "log_level"
    ).items()


def test_a_secret_is_not_shown(comity: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows that one is set, and not which."""
    monkeypatch.setenv("COMITY_PSEUDONYM_KEY", SECRET)
    for ended in (comity("config"), comity("config", "--json")):
        assert SECRET not in ended.out
        assert "********" in ended.out


@pytest.mark.parametrize("command", ["config", "serve"])
def test_all_mistakes_are_told(comity: Command, command: str) -> None:
    """Both commands name every mistake and end with the code of invalid settings."""
    ended = comity(command, "--threads=0", "--listen=nowhere")
    assert ended.code == ExitCode.SETTINGS_INVALID
    assert ended.err.splitlines() == [
        "comity: the settings can't be used:",
        (
            "  listen = 'nowhere' (flag --listen): "
            "must be host:port, [IPv6 address]:port or unix:/path"
        ),
        "  threads = '0' (flag --threads): must be a whole number from 1 to 256",
    ]


@pytest.mark.parametrize("command", ["config", "serve"])
def test_there_is_a_flag_for_every_setting(comity: Command, command: str) -> None:
    """The help of both commands has them all, with their purpose."""
    words = " ".join(comity(command, "--help").out.replace("│", " ").split())
    for setting in TABLE:
        assert f"{setting.flag} " in words
        assert setting.help[1:] in words


def test_the_command_of_workers_is_for_the_supervisor_only(comity: Command) -> None:
    """Help does not show it."""
    assert " worker " not in comity("--help").out
