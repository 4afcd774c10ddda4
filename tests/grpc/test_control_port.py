"""The control port: who watches hears of each revision, and too many are refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import grpc
import pytest
from comity.app.active_policy import KnownRevision
from comity.domain.request import Revision
from comity.grpc_api.control import ControlHealth, RevisionFeed, WatchServicer, add_control_services
from comity.v1 import policy_service_pb2, policy_service_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass
class Port:
    """A control port.

    Attributes:
        feed: tells watchers.
        health: answers health checks.
        counts: how many watchers there were, each time that it changed.
        empty: set once the last watcher has left.
    """

    feed: RevisionFeed = field(default_factory=RevisionFeed)
    health: ControlHealth = field(default_factory=ControlHealth)
    counts: list[int] = field(default_factory=list)
    empty: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self, watchers: int) -> None:
        """Note how many watchers there are."""
        self.counts.append(watchers)
        if not watchers:
            self.empty.set()

    @asynccontextmanager
    async def serving(self, most: int) -> AsyncIterator[grpc.aio.Channel]:
        """Serve at most so many watchers and yield a channel."""
        server = grpc.aio.server()
        add_control_services(server, WatchServicer(self.feed, self.count, most), self.health)
        await self.health.begin()
        port = server.add_insecure_port("localhost:0")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
                yield channel
        finally:
            self.feed.close()
            await server.stop(1)


def with_port(check: Callable[[Port, grpc.aio.Channel], Awaitable[None]], most: int = 10) -> None:
    """Run `check` with a control port."""

    async def run() -> None:
        port = Port()
        async with asyncio.timeout(20), port.serving(most) as channel:
            await check(port, channel)

    asyncio.run(run())


def known(epoch: int) -> KnownRevision:
    """Return a revision."""
    return KnownRevision(Revision(epoch, f"{epoch:064x}"), datetime(2026, 11, epoch, tzinfo=UTC))


Watch = grpc.aio.UnaryStreamCall[policy_service_pb2.WatchRequest, policy_service_pb2.WatchResponse]


def watch(channel: grpc.aio.Channel, after_epoch: int = 0) -> Watch:
    """Begin to watch."""
    stub = policy_service_pb2_grpc.PolicyWatchServiceStub(channel)
    return stub.Watch(policy_service_pb2.WatchRequest(after_epoch=after_epoch))


async def epoch_of(watching: Watch) -> int:
    """Return the epoch that a watcher hears of next."""
    told = await watching.read()
    assert isinstance(told, policy_service_pb2.WatchResponse)
    return int(told.policy_revision.epoch)


def test_a_watcher_hears_of_what_is_later_than_it_knows() -> None:
    """At once of the revision in force, unless it knows that, and then of each later one."""

    async def check(port: Port, channel: grpc.aio.Channel) -> None:
        early = watch(channel)
        port.feed.announce(known(1))
        assert await epoch_of(early) == 1
        late, knowing = watch(channel), watch(channel, after_epoch=1)
        assert await epoch_of(late) == 1
        port.feed.announce(known(2))
        assert [await epoch_of(one) for one in (early, late, knowing)] == [2, 2, 2]

    with_port(check)


def test_one_watcher_too_many_is_refused() -> None:
    """Until another one has left."""

    async def check(port: Port, channel: grpc.aio.Channel) -> None:
        port.feed.announce(known(1))
        first = watch(channel)
        assert await epoch_of(first) == 1
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await epoch_of(watch(channel))
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        first.cancel()
        await port.empty.wait()
        assert await epoch_of(watch(channel)) == 1
        assert port.counts == [1, 0, 1]

    with_port(check, most=1)


def test_watches_end_when_the_server_does() -> None:
    """The status says that it is the server, so that watchers come back."""

    async def check(port: Port, channel: grpc.aio.Channel) -> None:
        watching = watch(channel)
        port.feed.announce(known(1))
        assert await epoch_of(watching) == 1
        port.feed.close()
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await epoch_of(watching)
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE

    with_port(check)


def test_health_of_policies_is_apart_from_health_of_decisions() -> None:
    """A stale policy takes nothing away from serving, and draining takes away everything."""

    async def check(port: Port, channel: grpc.aio.Channel) -> None:
        stub = health_pb2_grpc.HealthStub(channel)

        async def told() -> list[int]:
            names = ("", "comity.v1.PolicyService", "comity.policy")
            requests = [health_pb2.HealthCheckRequest(service=name) for name in names]
            return [(await stub.Check(request)).status for request in requests]

        port.health.know(("comity.v1.PolicyService",))
        await port.health.show(serving=True)
        assert await told() == [SERVING, SERVING, NOT_SERVING]
        await port.health.show_freshness(fresh=True)
        assert await told() == [SERVING, SERVING, SERVING]
        await port.health.drain()
        await port.health.show(serving=True)
        assert await told() == [NOT_SERVING, NOT_SERVING, NOT_SERVING]

    with_port(check)
