"""Listens to the control port for new policy revisions."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Final

import grpc

from comity.client.cache import AnswerCache
from comity.client.errors import error_of_call
from comity.v1 import policy_service_pb2, policy_service_pb2_grpc

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
_FAILURES_TOLD: Final = 2
_MOST_DOUBLINGS: Final = 10

_LOG = logging.getLogger("comity.client")

Watching = Callable[
    [policy_service_pb2.WatchRequest], "grpc.CallIterator[policy_service_pb2.WatchResponse]"
]


class RevisionWatch:
    """Tells a cache which revision is in force; tries again for as long as it is open.

    Each connection begins with the revision in force, so nothing is missed between two of them.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        cache: AnswerCache,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
    ) -> None:
        """Watch over `channel`, which is closed with the watch, in a thread of its own."""
        self._channel = channel
        self._cache = cache
        self._first_pause_seconds = first_pause_seconds
        self._stub = policy_service_pb2_grpc.PolicyWatchServiceStub(channel)
        self._live = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="comity-watch", daemon=True)
        self._thread.start()

    @property
    def live(self) -> bool:
        """Whether the stream is open and has told which revision is in force."""
        return self._live.is_set()

    def close(self) -> None:
        """End the watch."""
        self._stopping.set()
        self._channel.close()
        self._thread.join()

    def _run(self) -> None:
        """Watch, again and again, with growing pauses while it fails."""
        failures = 0
        while not self._stopping.is_set():
            why = "ended"
            try:
                self._watch_once()
            except grpc.RpcError as error:
                why = error_of_call(error).code
            except ValueError:  # the channel is closed
                break
            # A server ends streams now and then to spread its clients: once is nothing to tell.
            failures = 1 if self._live.is_set() else failures + 1
            self._live.clear()
            self._cache.lose_sight()
            if failures == _FAILURES_TOLD and not self._stopping.is_set():
                _LOG.warning("no watch (%s): answers are kept for their max_age until it is", why)
            pause_seconds = self._first_pause_seconds * 2 ** min(failures - 1, _MOST_DOUBLINGS)
            pause_seconds = min(pause_seconds, LONGEST_PAUSE_SECONDS)
            self._stopping.wait(pause_seconds * random.uniform(0.5, 1.0))  # noqa: S311

    def _watch_once(self) -> None:
        """Follow one stream to its end.

        Raises:
            grpc.RpcError: the stream broke.
        """
        for told in self._stub.Watch(policy_service_pb2.WatchRequest()):
            self._cache.see(told.policy_revision)
            self._live.set()
