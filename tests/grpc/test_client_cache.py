"""The cache of the Python client against a real server."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from comity.client import (
    ComityClient,
    Effect,
    Options,
    Question,
)
from comity.client.cache import AnswerCache
from comity.client.connecting import open_channel
from comity.client.watching import RevisionWatch
from comity.domain.request import Revision
from comity.v1.common_pb2 import PolicyRevision
from comity.v1.eligibility_service_pb2 import CheckEligibilityRequest
from unit.client.servers import PATIENCE_SECONDS, ControlPort, Troubles, eventually
from unit.grpc_api.small_world import NOW, SmallPolicy, SmallWorld

DENIED_THERE: Question = {
    "action": "message_send",
    "works_for": "UA:military",
    "device": "official",
}


def test_the_same_question_is_answered_from_the_cache_until_it_expires(
    server: str, troubles: Troubles
) -> None:
    """Under the decision id of the call that was made."""
    seconds = count(0, 25)  # each look at the clock takes 25 seconds
    with ComityClient(server, clock=lambda: float(next(seconds))) as client:
        first = client.check(**DENIED_THERE)
        again = client.check(**DENIED_THERE)
        assert (first.cached, again.cached) == (False, True)
        assert again.reply == first.reply
        other = client.check(action="message_read")
        assert not other.cached
        assert troubles.calls == 2
        later = client.check(**DENIED_THERE)
        assert not later.cached
        assert troubles.calls == 3


def test_hypothetical_questions_are_never_answered_from_the_cache(
    client: ComityClient, troubles: Troubles
) -> None:
    """Their max_age is 0."""
    for _ in range(2):
        client.check(**DENIED_THERE, options=Options(as_of=NOW))
    assert troubles.calls == 2


def test_a_watch_drops_answers_of_an_older_revision_at_once(
    world: SmallWorld, server: str, troubles: Troubles
) -> None:
    """And the next call is answered by the new one."""
    control = ControlPort()
    with (
        control.listening() as address,
        ComityClient(server, control=address, timeout_seconds=PATIENCE_SECONDS) as client,
    ):
        control.news.put(PolicyRevision(epoch=7, digest=world.policies.current.revision.digest))  # type: ignore[union-attr]
        eventually(lambda: client.watching)
        client.check(**DENIED_THERE)
        assert client.check(**DENIED_THERE).cached
        world.policies.current = replace(SmallPolicy(), revision=Revision(8, "cd" * 32))
        control.news.put(PolicyRevision(epoch=8, digest="cd" * 32))
        eventually(lambda: not client.check(**DENIED_THERE).cached)
        fresh = client.check(**DENIED_THERE)
        assert (fresh.cached, fresh.policy_revision.epoch) == (True, 8)
        assert troubles.calls == 2


def test_a_lost_watch_leaves_max_age_and_comes_back(server: str) -> None:
    """Answers are still kept meanwhile; what changed is told when it is back."""
    control = ControlPort()
    cache = AnswerCache(10)
    with control.listening() as address, ComityClient(server) as client:
        answer = client.check(**DENIED_THERE)
        watch = RevisionWatch(open_channel(address, None), cache, first_pause_seconds=0.01)
        control.news.put(answer.policy_revision)
        eventually(lambda: watch.live)
        control.news.put(None)
        eventually(lambda: not watch.live)
        request = CheckEligibilityRequest(facts={"action": "call"})  # type: ignore[arg-type]
        key = cache.key_of(request)
        cache.put(key, request, answer.reply, cache.now())
        assert cache.get(key) is not None
        control.news.put(PolicyRevision(epoch=8, digest="cd" * 32))
        eventually(lambda: watch.live)
        assert cache.get(key) is None
        watch.close()
        assert not watch.live


def test_a_client_works_and_closes_though_its_control_port_never_answered(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The watch is only a help; the log tells once that it is missing."""
    with ComityClient(server, control="localhost:1", timeout_seconds=PATIENCE_SECONDS) as client:
        assert client.check(**DENIED_THERE).effect is Effect.DENY
        assert not client.watching
        eventually(lambda: "no watch (UNAVAILABLE)" in caplog.text)
    assert len(caplog.records) == 1
