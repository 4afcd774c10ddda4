"""Servicer of authorities' requests for user data: converts, calls the use case, converts back."""

from __future__ import annotations

from datetime import datetime

import grpc

from comity.app.routing import DataRequestRouter
from comity.domain.errors import NotEntitledError
from comity.domain.request import Caller, Options
from comity.grpc_api.admission import admit
from comity.grpc_api.callers import Entitlements, caller_of
from comity.grpc_api.data_request_faults import find_data_request_faults
from comity.grpc_api.data_request_questions import data_request_of
from comity.grpc_api.data_request_replies import route_reply
from comity.grpc_api.refusal import Faults
from comity.grpc_api.requests import subject_of
from comity.grpc_api.vocabulary import Vocabulary
from comity.v1 import data_request_service_pb2, data_request_service_pb2_grpc


class DataRequestServicer(data_request_service_pb2_grpc.DataRequestServiceServicer):
    """Routes data requests; errors leave as exceptions that an interceptor converts."""

    def __init__(self, router: DataRequestRouter, entitlements: Entitlements) -> None:
        """Answer from `router` what `entitlements` allow the caller."""
        self._router = router
        self._entitlements = entitlements

    def RouteDataRequest(  # noqa: N802 - the contract names it
        self,
        request: data_request_service_pb2.RouteDataRequestRequest,
        context: grpc.ServicerContext,
    ) -> data_request_service_pb2.RouteDataRequestResponse:
        """Route one request."""
        faults = Faults(request)
        options, policy = admit(
            request.options, faults, context, self._entitlements, self._router.policy_for
        )
        ruleset = policy.bundle.eligibility
        now = self._router.clock()
        vocabulary = Vocabulary(ruleset.lexicon, ruleset.atlas)
        faults.add(find_data_request_faults(request, vocabulary, now))
        faults.refuse()
        if request.profile:
            self._require_profile(caller_of(context), now)
        routed = self._router.route(
            subject_of(request.subject), data_request_of(request), options, policy
        )
        return route_reply(routed, options.view)

    def _require_profile(self, caller: Caller, now: datetime) -> None:
        """Return if `caller` may choose a profile: as another state of the policy.

        Raises:
            NotEntitledError: it may not.
        """
        try:
            self._entitlements.require(caller, Options(as_known=now))
        except NotEntitledError:
            message = "profile is only for callers entitled to options.as_known"
            raise NotEntitledError(message) from None
