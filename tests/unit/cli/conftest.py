"""What tests of commands share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from unit.cli.command import Command
from unit.grpc_api.small_world import SmallWorld


@pytest.fixture
def comity(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line."""
    for name in [name for name in os.environ if name.startswith("COMITY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return Command(capsys)


@pytest.fixture
def world() -> SmallWorld:
    """A world of a few rules."""
    return SmallWorld()


@pytest.fixture
def server(world: SmallWorld) -> Iterator[str]:
    """Address of a server that answers from the world."""
    with world.listening() as address:
        yield address
