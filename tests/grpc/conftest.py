"""A client and its server; test modules may have a world of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from comity.client import ComityClient
from unit.client.servers import PATIENCE_SECONDS, Troubles
from unit.grpc_api.small_world import SmallWorld


@pytest.fixture
def world() -> SmallWorld:
    """A world of a few rules."""
    return SmallWorld()


@pytest.fixture
def troubles() -> Troubles:
    """What stands before the server; nothing at first."""
    return Troubles()


@pytest.fixture
def server(world: SmallWorld, troubles: Troubles) -> Iterator[str]:
    """Address of a server that answers from the world."""
    with world.listening(troubles) as address:
        yield address


@pytest.fixture
def client(server: str) -> Iterator[ComityClient]:
    """A client of the server, patient enough for a busy machine."""
    with ComityClient(server, timeout_seconds=PATIENCE_SECONDS) as client:
        yield client
