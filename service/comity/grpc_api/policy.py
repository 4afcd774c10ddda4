"""Servicer of the policies themselves: converts, calls the use case, converts back."""

from __future__ import annotations

import grpc

from comity.app.ports.policy_source import PolicyInForce
from comity.app.ports.policy_status import PolicyStatusSource
from comity.app.restrictions import PolicyTexts, offset_of, token_at
from comity.app.revisions import policy_for
from comity.domain.request import Options
from comity.grpc_api.admission import admit
from comity.grpc_api.callers import Entitlements
from comity.grpc_api.contradictions import find_misused_options
from comity.grpc_api.parts import revision_of
from comity.grpc_api.policy_replies import jurisdiction_of, revision_reply, rule_reply
from comity.grpc_api.refusal import Faults
from comity.v1 import policy_service_pb2, policy_service_pb2_grpc

DEFAULT_JURISDICTIONS_A_PAGE = 100


class PolicyServicer(policy_service_pb2_grpc.PolicyServiceServicer):
    """Reads the policies; errors leave as exceptions that an interceptor converts."""

    def __init__(
        self, texts: PolicyTexts, status: PolicyStatusSource, entitlements: Entitlements
    ) -> None:
        """Answer from `texts` and `status` what `entitlements` allow the caller."""
        self._texts = texts
        self._status = status
        self._entitlements = entitlements

    def GetRevision(  # noqa: N802 - the contract names it
        self, request: policy_service_pb2.GetRevisionRequest, context: grpc.ServicerContext
    ) -> policy_service_pb2.GetRevisionResponse:
        """Tell which revision is in force, and whether a later edit was refused."""
        del request, context
        return revision_reply(self._status.policy_status())

    def GetJurisdiction(  # noqa: N802
        self, request: policy_service_pb2.GetJurisdictionRequest, context: grpc.ServicerContext
    ) -> policy_service_pb2.GetJurisdictionResponse:
        """Tell what there is on one jurisdiction."""
        options = self._options(request, context)
        found, revision = self._texts.get_jurisdiction(request.code, options)
        return policy_service_pb2.GetJurisdictionResponse(
            jurisdiction=jurisdiction_of(found), policy_revision=revision_of(revision)
        )

    def ListJurisdictions(  # noqa: N802
        self, request: policy_service_pb2.ListJurisdictionsRequest, context: grpc.ServicerContext
    ) -> policy_service_pb2.ListJurisdictionsResponse:
        """List every jurisdiction, a page at a time."""
        options = self._options(request, context)
        listed, revision = self._texts.list_jurisdictions(options)
        start = offset_of(request.page_token, revision)
        end = start + (request.page_size or DEFAULT_JURISDICTIONS_A_PAGE)
        return policy_service_pb2.ListJurisdictionsResponse(
            jurisdictions=map(jurisdiction_of, listed[start:end]),
            next_page_token=token_at(end, revision) if end < len(listed) else "",
            policy_revision=revision_of(revision),
        )

    def GetRule(  # noqa: N802
        self, request: policy_service_pb2.GetRuleRequest, context: grpc.ServicerContext
    ) -> policy_service_pb2.GetRuleResponse:
        """Give the text, citation, times and history of one rule."""
        options = self._options(request, context)
        rule, revision = self._texts.get_rule(request.rule_id, options)
        now = options.as_of or self._texts.clock()
        return rule_reply(rule, revision, options.view, now)

    def _options(
        self,
        request: policy_service_pb2.GetJurisdictionRequest
        | policy_service_pb2.ListJurisdictionsRequest
        | policy_service_pb2.GetRuleRequest,
        context: grpc.ServicerContext,
    ) -> Options:
        """Return the options of a call that is in order.

        Raises:
            InvalidQuestionError: something is wrong with the request.
            NotEntitledError, NoPolicyError, NoHistoryError, RevisionNotReachedError: as `admit`.
        """
        faults = Faults(request)
        faults.add(find_misused_options(request.options))
        options, _ = admit(request.options, faults, context, self._entitlements, self._policy_for)
        faults.refuse()
        return options

    def _policy_for(self, options: Options) -> PolicyInForce:
        """Return the revision that answers a call with `options`."""
        return policy_for(self._texts.policies, options, self._texts.wait_seconds)
