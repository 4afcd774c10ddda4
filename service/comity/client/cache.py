"""Answers kept for as long as they may be, and no longer."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from comity.v1 import common_pb2, eligibility_service_pb2

Clock = Callable[[], float]
"""Gives seconds that never go back; only their differences mean anything."""

_REQUEST = eligibility_service_pb2.CheckEligibilityRequest
_RESPONSE = eligibility_service_pb2.CheckEligibilityResponse

# Where there is one, a clock that goes on while the machine is suspended: law does too.
_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def read_steady_clock() -> float:
    """Return seconds since an arbitrary instant."""
    return time.clock_gettime(_STEADY)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A kept answer.

    Attributes:
        reply: its bytes, so that nobody who was given it can change it.
        epoch: epoch of the policy revision that answered.
        digest: digest of that revision.
        expires_at: first instant, by the cache's clock, at which it may no longer be used.
    """

    reply: bytes = field(repr=False)
    epoch: int
    digest: str
    expires_at: float


class AnswerCache:
    """A bounded cache of answers; the least recently used go first. Safe to share by threads.

    An answer is kept for its `max_age`, and not past its `valid_until`; both are counted from the
    moment at which the question was sent, so that clocks that differ do no harm. Indeterminate
    answers are kept like others: the same facts give the same answer. Never kept are hypothetical
    answers (their max_age is 0), degraded ones (the source may be back any moment), explained ones,
    and those of the user's view, which hides until when they are valid.

    As long as a watch tells which revision is in force, answers of others are dropped at once.
    """

    def __init__(self, most_entries: int, clock: Clock = read_steady_clock) -> None:
        """Keep at most `most_entries` answers; 0 keeps none."""
        self._most_entries = most_entries
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._in_force: common_pb2.PolicyRevision | None = None

    def __len__(self) -> int:
        """Return how many answers are kept."""
        with self._lock:
            return len(self._entries)

    def now(self) -> float:
        """Return the present instant by the cache's clock."""
        return self._clock()

    def key_of(self, request: _REQUEST) -> bytes:
        """Return what stands for `request`: a keyed digest, since requests hold personal data."""
        content = request.SerializeToString(deterministic=True)
        return blake2b(content, key=self._secret, digest_size=16).digest()

    def get(self, key: bytes) -> _RESPONSE | None:
        """Return the answer kept under `key`, if it may still be used."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.expires_at <= self._clock():
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
        return _RESPONSE.FromString(entry.reply)

    def put(self, key: bytes, request: _REQUEST, reply: _RESPONSE, asked_at: float) -> None:
        """Keep `reply` to `request`, sent at `asked_at` by the cache's clock, if it may be kept."""
        seconds = _lifetime_seconds(request, reply)
        if seconds <= 0 or not self._most_entries:
            return
        revision = reply.policy_revision
        entry = _Entry(
            reply.SerializeToString(), revision.epoch, revision.digest, asked_at + seconds
        )
        with self._lock:
            # An older revision's answer may still be under way when the watch tells of the new one.
            if self._in_force is not None and revision.epoch < self._in_force.epoch:
                return
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._most_entries:
                self._entries.popitem(last=False)

    def see(self, revision: common_pb2.PolicyRevision) -> None:
        """Drop the answers of all revisions but `revision`, which has come into force."""
        with self._lock:
            self._in_force = revision
            told = (revision.epoch, revision.digest)
            stale = [
                key for key, entry in self._entries.items() if (entry.epoch, entry.digest) != told
            ]
            for key in stale:
                del self._entries[key]

    def lose_sight(self) -> None:
        """Go by `max_age` alone, since nobody tells any more which revision is in force."""
        with self._lock:
            self._in_force = None


def _lifetime_seconds(request: _REQUEST, reply: _RESPONSE) -> float:
    """Return how long `reply` may be kept; 0 if not at all."""
    hidden = request.options.view == common_pb2.VIEW_USER
    if hidden or request.options.explain_missing or reply.degraded:
        return 0.0
    seconds = reply.max_age.ToTimedelta().total_seconds()
    if reply.HasField("valid_until"):
        left = reply.valid_until.ToDatetime() - reply.evaluated_at.ToDatetime()
        seconds = min(seconds, left.total_seconds())
    return seconds
