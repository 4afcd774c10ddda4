"""The control port: tells watchers of new revisions, and the health of the whole server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from comity.app.active_policy import KnownRevision
from comity.grpc_api.health import NOT_SERVING, OVERALL, SERVING
from comity.grpc_api.parts import revision_of, timestamp_of
from comity.v1 import policy_service_pb2, policy_service_pb2_grpc

MOST_WATCHERS: Final = 1000
FRESHNESS: Final = "comity.policy"
"""Health service that is NOT_SERVING while the latest edit of the policies is not in force."""

WATCH_SERVICE: Final = policy_service_pb2.DESCRIPTOR.services_by_name[
    "PolicyWatchService"
].full_name


class RevisionFeed:
    """The revision in force, as watchers learn of it. For one event loop."""

    def __init__(self) -> None:
        """Begin without a revision."""
        self._latest: KnownRevision | None = None
        self._changed = asyncio.Event()
        self.closed = False

    def announce(self, known: KnownRevision) -> None:
        """Tell watchers that `known` is in force."""
        self._latest = known
        self._wake()

    def close(self) -> None:
        """End all watches."""
        self.closed = True
        self._wake()

    async def later_than(self, epoch: int) -> KnownRevision | None:
        """Return the latest revision once its epoch is later than `epoch`; None at the end."""
        while not self.closed:
            if self._latest is not None and self._latest.revision.epoch > epoch:
                return self._latest
            await self._changed.wait()
        return None

    def _wake(self) -> None:
        """Let everybody look again."""
        self._changed.set()
        self._changed = asyncio.Event()


class WatchServicer(policy_service_pb2_grpc.PolicyWatchServiceServicer):
    """Sends the revision in force, then each later one."""

    def __init__(
        self, feed: RevisionFeed, count: Callable[[int], None], most: int = MOST_WATCHERS
    ) -> None:
        """Tell what `feed` does, to at most `most` watchers; `count` hears how many there are."""
        self._feed = feed
        self._count = count
        self._most = most
        self._open = 0

    async def Watch(  # noqa: N802 - the contract names it
        self,
        request: policy_service_pb2.WatchRequest,
        context: grpc.aio.ServicerContext[
            policy_service_pb2.WatchRequest, policy_service_pb2.WatchResponse
        ],
    ) -> AsyncIterator[policy_service_pb2.WatchResponse]:
        """Send each revision that is later than the last one sent; those between may be missed."""
        if self._open >= self._most:
            text = f"{self._most} watchers are connected already; try again later"
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        self._open += 1
        self._count(self._open)
        try:
            epoch = request.after_epoch
            while (known := await self._feed.later_than(epoch)) is not None:
                epoch = known.revision.epoch
                yield policy_service_pb2.WatchResponse(
                    policy_revision=revision_of(known.revision),
                    in_force_since=timestamp_of(known.in_force_since),
                )
        finally:
            self._open -= 1
            self._count(self._open)
        await context.abort(grpc.StatusCode.UNAVAILABLE, "the server is shutting down")


class ControlHealth:
    """Health as the supervisor sees it: of the worker, of each service, of the policies."""

    def __init__(self) -> None:
        """Begin as NOT_SERVING."""
        self.servicer = health.aio.HealthServicer()  # type: ignore[attr-defined] # set at run time
        self._services: tuple[str, ...] = ()

    async def begin(self) -> None:
        """Say NOT_SERVING of everything."""
        await self.show(serving=False)
        await self.show_freshness(fresh=False)

    def know(self, services: tuple[str, ...]) -> None:
        """Tell of `services` from now on."""
        self._services = services

    async def show(self, *, serving: bool) -> None:
        """Tell whether decisions are served."""
        status = SERVING if serving else NOT_SERVING
        for name in (OVERALL, *self._services):
            await self.servicer.set(name, status)

    async def show_freshness(self, *, fresh: bool) -> None:
        """Tell whether the latest edit of the policies is in force."""
        await self.servicer.set(FRESHNESS, SERVING if fresh else NOT_SERVING)

    async def drain(self) -> None:
        """Say NOT_SERVING from now on, for good."""
        await self.servicer.enter_graceful_shutdown()


def add_control_services(
    server: grpc.aio.Server, watch: WatchServicer, control_health: ControlHealth
) -> None:
    """Serve Watch, health and reflection from `server`."""
    policy_service_pb2_grpc.add_PolicyWatchServiceServicer_to_server(watch, server)
    health_pb2_grpc.add_HealthServicer_to_server(control_health.servicer, server)
    names = (WATCH_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
