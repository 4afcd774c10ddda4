"""The recipe of the container image fits the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from comity.settings import SettingsError, load_settings

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", "")


def copied() -> list[str]:
    """Return the paths that are copied from the repository."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", RECIPE, re.MULTILINE)
    return [path for line in lines for path in line.split()]


def environment() -> dict[str, str]:
    """Return the variables that the image sets."""
    text = " ".join(re.findall(r"^ENV (.+)$", RECIPE, re.MULTILINE))
    return dict(pair.split("=", 1) for pair in text.split())


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    """Each path is there, and .dockerignore, which leaves out the rest, lets it through."""
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    assert copied()
    assert sorted(allowed) == sorted(copied())
    assert [path for path in copied() if not (ROOT / path).exists()] == []


def test_the_image_wants_to_be_told_how_callers_are_let_in() -> None:
    """It listens beyond loopback: without TLS files or the wish to do without it doesn't start."""
    given = {name: text for name, text in environment().items() if name.startswith("COMITY_")}
    with pytest.raises(SettingsError) as error:
        load_settings(given, {})
    assert [mistake.name for mistake in error.value.mistakes] == ["listen", "control_listen"]
    assert not load_settings(given | {"COMITY_INSECURE": "true"}, {}).listen.loopback


def test_it_does_not_run_as_root_and_ends_by_the_signal_that_drains() -> None:
    """The last user is not root, and stopping the container drains the server."""
    assert re.findall(r"^USER (\S+)$", RECIPE, re.MULTILINE)[-1] not in ("root", "0", "0:0")
    assert "STOPSIGNAL SIGTERM" in RECIPE
    assert 'ENTRYPOINT ["comity"]' in RECIPE
