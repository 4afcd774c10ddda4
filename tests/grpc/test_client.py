"""The Python client against a real server."""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from comity.client import (
    Answer,
    ComityClient,
    DeadlineExceededError,
    Effect,
    InvalidRequestError,
    NoPolicyError,
    NotFoundError,
    Options,
    OverloadedError,
    Question,
    RevisionNotReachedError,
    Tls,
    UnavailableError,
    View,
)
from comity.client.cache import AnswerCache
from comity.client.connecting import open_channel
from comity.client.watching import RevisionWatch
from comity.domain.request import Revision
from comity.v1 import data_request_service_pb2, policy_service_pb2, policy_service_pb2_grpc
from comity.v1.common_pb2 import PolicyRevision
from comity.v1.eligibility_service_pb2 import CheckEligibilityRequest
from unit.grpc_api.small_world import NOW, SmallPolicy, SmallWorld

PATIENCE_SECONDS = 20.0
DENIED_THERE: Question = {
    "action": "message_send",
    "works_for": "UA:military",
    "device": "official",
}


@dataclass
class Troubles(grpc.ServerInterceptor):  # type: ignore[type-arg] # generic in stubs only
    """Fails the first calls, one after another as told, and counts all of them."""

    first: list[tuple[grpc.StatusCode, str | None]] = field(default_factory=list)
    slow_seconds: float = 0.0
    calls: int = 0

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return a handler that fails, or the one of the service."""
        self.calls += 1
        time.sleep(self.slow_seconds)
        handler = continuation(handler_call_details)
        if not self.first or handler is None:
            return handler
        code, pushback = self.first.pop(0)

        def fail(_: object, context: grpc.ServicerContext) -> None:
            if pushback is not None:
                context.set_trailing_metadata((("grpc-retry-pushback-ms", pushback),))
            context.abort(code, "trouble")

        return grpc.unary_unary_rpc_method_handler(
            fail, handler.request_deserializer, handler.response_serializer
        )


class ControlPort(policy_service_pb2_grpc.PolicyWatchServiceServicer):
    """Tells watchers what it is told to; `None` breaks the stream."""

    def __init__(self) -> None:
        """Begin with nothing to tell."""
        self.news: queue.Queue[PolicyRevision | None] = queue.Queue()

    def Watch(  # noqa: N802 - the contract names it
        self, request: policy_service_pb2.WatchRequest, context: grpc.ServicerContext
    ) -> Iterator[policy_service_pb2.WatchResponse]:
        """Send each revision, until told to break."""
        assert request.after_epoch == 0
        while (revision := self.news.get(timeout=PATIENCE_SECONDS)) is not None:
            yield policy_service_pb2.WatchResponse(policy_revision=revision)
        context.abort(grpc.StatusCode.UNAVAILABLE, "the server is shutting down")

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Serve on a free port and yield its address."""
        server = grpc.server(ThreadPoolExecutor(2))
        policy_service_pb2_grpc.add_PolicyWatchServiceServicer_to_server(self, server)
        port = server.add_insecure_port("localhost:0")
        server.start()
        try:
            yield f"localhost:{port}"
        finally:
            self.news.put(None)
            server.stop(grace=None).wait()


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds; fail if it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


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


def test_two_lines_ask_a_question(server: str) -> None:
    """The first lines that a caller writes."""
    with ComityClient(server) as client:
        answer = client.check(action="message_send", works_for="UA:military", device="official")
    assert answer.effect is Effect.DENY
    assert not answer.allowed
    assert answer.decided
    (reason,) = [reason for reason in answer.reasons if reason.effect == Effect.DENY.value]
    assert reason.rule_id == "ua-2024-official-devices"
    assert reason.citation.title == "Decision"
    assert answer.message == "Not on this device."
    assert answer.valid_until == datetime(2030, 1, 1, tzinfo=UTC)
    assert answer.policy_revision.epoch == 7


def test_an_answer_that_missing_facts_could_change_says_so(client: ComityClient) -> None:
    """The device is not known."""
    answer = client.check(action="message_send", works_for="UA:military", presence="PL")
    assert not answer.decided
    assert [fact.dimension for fact in answer.missing_facts] == ["device"]


def test_options_of_the_client_hold_unless_a_call_brings_its_own(server: str) -> None:
    """Such as the user's language."""
    options = Options(language="uk")
    with ComityClient(server, options=options, timeout_seconds=PATIENCE_SECONDS) as client:
        assert client.check(**DENIED_THERE).message == "Не на цьому пристрої."
        plain = client.check(**DENIED_THERE, options=Options())
    assert plain.message == "Not on this device."


def test_many_questions_are_answered_from_one_revision_each_for_itself(
    client: ComityClient,
) -> None:
    """A bad one has its error as its result."""
    denied, bad, allowed = client.check_many(
        [
            {"action": "message_send", "works_for": "UA:military", "device": "official"},
            {"action": "message_sned"},
            {"action": "message_send", "device": "personal"},
        ]
    )
    assert isinstance(denied, Answer)
    assert denied.effect is Effect.DENY
    assert isinstance(allowed, Answer)
    assert allowed.allowed
    assert isinstance(bad, InvalidRequestError)
    assert [violation.field for violation in bad.violations] == ["items[1].facts.action"]
    assert "message_send" in bad.violations[0].description


def test_an_invalid_question_names_its_fields_and_is_not_asked_again(
    client: ComityClient, troubles: Troubles
) -> None:
    """Every field at once, with what is wrong with it."""
    with pytest.raises(InvalidRequestError) as caught:
        client.check(action="message_sned", presence="Poland", device="official")
    fields = [violation.field for violation in caught.value.violations]
    assert fields == ["facts.connections[0].place", "facts.action"]
    assert "must match" in caught.value.violations[0].description
    assert troubles.calls == 1


def test_restrictions_are_listed_whole_whatever_the_pages(client: ComityClient) -> None:
    """The pages of a list come as one."""
    listed = client.list_restrictions("FR", options=Options(view=View.LEGAL))
    rule_ids = [restriction.rule_id for restriction in listed.restrictions]
    assert rule_ids == sorted(rule_ids)
    assert {"any-watched", "fr-calls"} <= set(rule_ids)
    assert listed.next_page_token == ""
    factors = client.list_restrictions("UA", factors=["works_for"], product="telegram")
    assert "ua-2024-official-devices" in {r.rule_id for r in factors.restrictions}


def test_rules_revisions_and_routes_are_read(client: ComityClient, world: SmallWorld) -> None:
    """What else callers ask for."""
    assert client.get_rule("ua-2024-official-devices").rule.review_by == "2026-12-31"
    assert client.get_revision().policy_revision.epoch == 7
    request = data_request_service_pb2.RouteDataRequestRequest(
        instrument="fr_court_order",
        authority={"kind": "court", "issuing_state": "FR"},  # type: ignore[arg-type]
        data=[{"category": "phone_number"}],  # type: ignore[list-item]
    )
    request.received_at.FromDatetime(NOW)
    route = client.route_data_request(request)
    assert route.desk.name == "li_intake"
    assert not request.HasField("options")
    assert len(world.router.asked) == 1
    with pytest.raises(NotFoundError):
        client.get_rule("no-such-rule")


def test_a_server_that_is_unavailable_at_first_is_asked_again(
    client: ComityClient, troubles: Troubles
) -> None:
    """Twice UNAVAILABLE, then an answer: the caller notices nothing."""
    troubles.first = [(grpc.StatusCode.UNAVAILABLE, None)] * 2
    assert client.check(**DENIED_THERE).effect is Effect.DENY
    assert troubles.calls == 3


def test_an_overloaded_server_says_when_to_ask_again_or_not_to(
    client: ComityClient, troubles: Troubles
) -> None:
    """Its pushback is obeyed both ways."""
    troubles.first = [(grpc.StatusCode.RESOURCE_EXHAUSTED, "20")]
    assert client.check(**DENIED_THERE).effect is Effect.DENY
    assert troubles.calls == 2
    troubles.first = [(grpc.StatusCode.RESOURCE_EXHAUSTED, "-1")] * 2
    with pytest.raises(OverloadedError):
        client.get_revision()
    assert troubles.calls == 3


def test_retries_come_to_an_end(client: ComityClient, world: SmallWorld) -> None:
    """A server without a policy stays unavailable, and that is what the caller hears."""
    world.policies.current = None
    with pytest.raises(NoPolicyError) as caught:
        client.get_revision()
    assert caught.value.reason == "NO_POLICY_IN_FORCE"


def test_a_call_ends_with_its_deadline(client: ComityClient, troubles: Troubles) -> None:
    """A slow server holds nobody up."""
    troubles.slow_seconds = 0.5
    with pytest.raises(DeadlineExceededError):
        client.get_revision(timeout_seconds=0.05)


def test_a_server_that_is_away_is_unavailable() -> None:
    """Without wait_for_ready at once, with it at the deadline."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with ComityClient(address) as hasty, pytest.raises(UnavailableError):
            hasty.get_revision()
        with (
            ComityClient(address, wait_for_ready=True) as patient,
            pytest.raises(DeadlineExceededError),
        ):
            patient.get_revision(timeout_seconds=0.1)


def test_a_revision_to_come_is_told_from_other_failures(client: ComityClient) -> None:
    """Nobody asks again in vain."""
    with pytest.raises(RevisionNotReachedError):
        client.check(**DENIED_THERE, options=Options(min_revision=8))


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


def test_tls_holds_both_sides_to_their_certificates(world: SmallWorld, tmp_path: Path) -> None:
    """A client without a certificate of the authority gets no answer."""
    authority = trustme.CA()
    theirs, ours = authority.issue_cert("comity.test"), authority.issue_cert("search.test")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    ours.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    ours.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    credentials = grpc.ssl_server_credentials(
        [(theirs.private_key_pem.bytes(), theirs.cert_chain_pems[0].bytes())],
        authority.cert_pem.bytes(),
        require_client_auth=True,
    )
    tls = Tls(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem", "comity.test")
    with world.listening(credentials=credentials) as address:
        with ComityClient(address, tls=tls, timeout_seconds=PATIENCE_SECONDS) as client:
            assert client.get_revision().policy_revision.epoch == 7
        half = replace(tls, certificate=None, key=None)
        with ComityClient(address, tls=half) as client, pytest.raises(UnavailableError):
            client.get_revision()
    with pytest.raises(ValueError, match="certificate and key go together"):
        replace(tls, key=None)
