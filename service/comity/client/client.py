"""The client that other services import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar, Unpack

import grpc

from comity.client.answers import Answer, result_of
from comity.client.cache import AnswerCache, Clock, read_steady_clock
from comity.client.connecting import Tls, open_channel
from comity.client.errors import ClientError, InvalidRequestError, error_of_call
from comity.client.options import Options
from comity.client.questions import Question, build_asked, build_request
from comity.client.watching import RevisionWatch
from comity.v1 import (
    data_request_service_pb2,
    data_request_service_pb2_grpc,
    decision_service_pb2,
    decision_service_pb2_grpc,
    eligibility_service_pb2,
    eligibility_service_pb2_grpc,
    policy_service_pb2,
    policy_service_pb2_grpc,
)

DEFAULT_SERVER: Final = "localhost:50051"
DEFAULT_TIMEOUT_SECONDS: Final = 5.0
DEFAULT_PRODUCT: Final = "telegram"
_MOST_LISTINGS: Final = 3

Request = TypeVar("Request")
Reply = TypeVar("Reply")


class ComityClient:
    """A connection to Comity. One serves a whole process: it is safe to share by threads.

    Every method may raise `ClientError`, whose subclasses tell what happened.
    """

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        control: str | None = None,
        tls: Tls | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        wait_for_ready: bool = False,
        product: str = DEFAULT_PRODUCT,
        options: Options | None = None,
        cache_entries: int = 10_000,
        clock: Clock = read_steady_clock,
    ) -> None:
        """Connect to `server` with the first call.

        Args:
            server: where decisions are served, a target of gRPC.
            control: the control port, by which the cache learns of new revisions at once.
            tls: how connections are encrypted; None for not at all.
            timeout_seconds: how long a call may take, retries included.
            wait_for_ready: whether calls wait, up to their timeout, for an unreachable server.
            product: the app asked about by questions that name none.
            options: how calls are answered that bring no options of their own.
            cache_entries: how many answers are kept at most; 0 for no cache.
            clock: the clock of the cache, in seconds.

        Raises:
            OSError: a file of `tls` can't be read.
        """
        self._timeout_seconds = timeout_seconds
        self._wait_for_ready = wait_for_ready
        self._product = product
        self._options = options or Options()
        self._channel = open_channel(server, tls)
        self._eligibility = eligibility_service_pb2_grpc.EligibilityServiceStub(self._channel)
        self._data_requests = data_request_service_pb2_grpc.DataRequestServiceStub(self._channel)
        self._decisions = decision_service_pb2_grpc.DecisionServiceStub(self._channel)
        self._policies = policy_service_pb2_grpc.PolicyServiceStub(self._channel)
        self._cache = AnswerCache(cache_entries, clock)
        self._watch = RevisionWatch(open_channel(control, tls), self._cache) if control else None

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Close the connections and end the watch."""
        if self._watch:
            self._watch.close()
        self._channel.close()

    @property
    def watching(self) -> bool:
        """Whether the control port tells the cache of new revisions just now."""
        return self._watch is not None and self._watch.live

    def check(
        self,
        *,
        options: Options | None = None,
        timeout_seconds: float | None = None,
        **question: Unpack[Question],
    ) -> Answer:
        """Ask one question, or answer it from the cache.

        Raises:
            TypeError, ValueError: a keyword or value that the contract has no place for.
            ClientError: there is no answer.
        """
        request = build_request(question, self._product, options or self._options)
        return self.ask(request, timeout_seconds=timeout_seconds)

    def ask(
        self,
        request: eligibility_service_pb2.CheckEligibilityRequest,
        *,
        timeout_seconds: float | None = None,
    ) -> Answer:
        """Ask the question of a message of the contract, or answer it from the cache.

        Raises:
            ClientError: there is no answer.
        """
        key = self._cache.key_of(request)
        kept = self._cache.get(key)
        if kept is not None:
            return Answer(kept, cached=True)
        asked_at = self._cache.now()
        reply = self._call(self._eligibility.CheckEligibility, request, timeout_seconds)
        self._cache.put(key, request, reply, asked_at)
        return Answer(reply)

    def check_many(
        self,
        questions: Iterable[Question],
        *,
        options: Options | None = None,
        timeout_seconds: float | None = None,
    ) -> Sequence[Answer | ClientError]:
        """Ask up to 500 questions at once; results come in their order, from one policy revision.

        A question that fails alone has its error as its result. The cache has no part in it.

        Raises:
            TypeError, ValueError: a keyword or value that the contract has no place for.
            ClientError: there are no answers at all.
        """
        request = eligibility_service_pb2.BatchCheckEligibilityRequest(
            options=(options or self._options).to_proto()
        )
        for question in questions:
            asked = build_asked(question, self._product)
            request.items.add(subject=asked.subject, facts=asked.facts)
        reply = self._call(self._eligibility.BatchCheckEligibility, request, timeout_seconds)
        if len(reply.results) != len(request.items):
            message = "the reply doesn't have one result a question"
            raise ClientError(message, code="INTERNAL")
        return [result_of(result) for result in reply.results]

    def list_restrictions(
        self,
        jurisdiction: str,
        *,
        factors: Sequence[str] = (),
        product: str = "",
        options: Options | None = None,
        timeout_seconds: float | None = None,
    ) -> eligibility_service_pb2.ListRestrictionsResponse:
        """List all rules in force for people connected to a place: every page, of one revision.

        Raises:
            ClientError: there is no list.
        """
        request = eligibility_service_pb2.ListRestrictionsRequest(
            jurisdiction=jurisdiction,
            factors=factors,
            product=product,
            options=(options or self._options).to_proto(),
        )
        attempts_left = _MOST_LISTINGS
        while True:
            attempts_left -= 1
            try:
                return self._list_all(request, timeout_seconds)
            except InvalidRequestError as error:
                # A page token ends with its revision; then the list begins anew.
                fields = [violation.field for violation in error.violations]
                if fields != ["page_token"] or not attempts_left:
                    raise

    def get_rule(
        self,
        rule_id: str,
        *,
        options: Options | None = None,
        timeout_seconds: float | None = None,
    ) -> policy_service_pb2.GetRuleResponse:
        """Return the text, citation, times and history of a rule.

        Raises:
            NotFoundError: there is no such rule for this view.
            ClientError: there is no answer.
        """
        request = policy_service_pb2.GetRuleRequest(
            rule_id=rule_id, options=(options or self._options).to_proto()
        )
        return self._call(self._policies.GetRule, request, timeout_seconds)

    def get_revision(
        self, *, timeout_seconds: float | None = None
    ) -> policy_service_pb2.GetRevisionResponse:
        """Return which revision is in force, and whether a later edit was refused.

        Raises:
            ClientError: there is no answer.
        """
        request = policy_service_pb2.GetRevisionRequest()
        return self._call(self._policies.GetRevision, request, timeout_seconds)

    def route_data_request(
        self,
        request: data_request_service_pb2.RouteDataRequestRequest,
        *,
        timeout_seconds: float | None = None,
    ) -> data_request_service_pb2.RouteDataRequestResponse:
        """Return the route of an authority's request for user data.

        The client's own options hold unless the request brings some.

        Raises:
            ClientError: there is no route.
        """
        if not request.HasField("options"):
            asked = data_request_service_pb2.RouteDataRequestRequest()
            asked.CopyFrom(request)
            asked.options.CopyFrom(self._options.to_proto())
            request = asked
        return self._call(self._data_requests.RouteDataRequest, request, timeout_seconds)

    def explain(
        self, decision_id: str, *, most_close: int = 0, timeout_seconds: float | None = None
    ) -> decision_service_pb2.GetDecisionResponse:
        """Return a recorded decision made once more, and why it is so; for entitled callers.

        Raises:
            NotFoundError: no record of it is kept.
            ClientError: there is no answer.
        """
        request = decision_service_pb2.GetDecisionRequest(
            decision_id=decision_id, most_close=most_close
        )
        return self._call(self._decisions.GetDecision, request, timeout_seconds)

    def _list_all(
        self,
        request: eligibility_service_pb2.ListRestrictionsRequest,
        timeout_seconds: float | None,
    ) -> eligibility_service_pb2.ListRestrictionsResponse:
        """Return all pages of a list as one."""
        request.page_token = ""
        listed = self._call(self._eligibility.ListRestrictions, request, timeout_seconds)
        while listed.next_page_token:
            request.page_token = listed.next_page_token
            page = self._call(self._eligibility.ListRestrictions, request, timeout_seconds)
            listed.restrictions.extend(page.restrictions)
            listed.next_page_token = page.next_page_token
        return listed

    def _call(
        self,
        method: Callable[..., Reply],
        request: object,
        timeout_seconds: float | None,
    ) -> Reply:
        """Return the reply of one call.

        Raises:
            ClientError: there is none.
        """
        timeout = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        try:
            return method(request, timeout=timeout, wait_for_ready=self._wait_for_ready)
        except grpc.RpcError as error:
            raise error_of_call(error) from error
