"""Servicer of recorded decisions: converts, calls the use case, converts back."""

from __future__ import annotations

from typing import Final

import grpc
from opentelemetry.trace import get_current_span

from comity.app.explanation import DecisionExplaining
from comity.domain.request import Caller, Options, View
from comity.grpc_api.callers import Entitlements, caller_of
from comity.grpc_api.decision_replies import explained_reply
from comity.grpc_api.refusal import Faults
from comity.telemetry.descriptions import OPENED
from comity.telemetry.recollection import Recollection
from comity.v1 import decision_service_pb2, decision_service_pb2_grpc

DEFAULT_CLOSE: Final = 10
_FULLY: Final = Options(view=View.LEGAL)
_LOOPBACK: Final = "loopback"


class DecisionServicer(decision_service_pb2_grpc.DecisionServiceServicer):
    """Explains recorded decisions; errors leave as exceptions that an interceptor converts."""

    def __init__(
        self, explaining: DecisionExplaining[Recollection], entitlements: Entitlements
    ) -> None:
        """Answer from `explaining` those whom `entitlements` allow the legal view."""
        self._explaining = explaining
        self._entitlements = entitlements

    def GetDecision(  # noqa: N802 - the contract names it
        self,
        request: decision_service_pb2.GetDecisionRequest,
        context: grpc.ServicerContext,
    ) -> decision_service_pb2.GetDecisionResponse:
        """Explain one decision."""
        Faults(request).refuse()
        caller = caller_of(context)
        self._entitlements.require(caller, _FULLY)
        # Who reads decisions must not go unrecorded: such a span is kept, or the call fails.
        get_current_span().set_attribute(OPENED, request.decision_id)
        explained = self._explaining.explain(
            request.decision_id,
            most_close=request.most_close or DEFAULT_CLOSE,
            reader=reader_name(caller),
        )
        return explained_reply(explained)


def reader_name(caller: Caller) -> str:
    """Return who is recorded to have had something opened."""
    return caller.identity or (_LOOPBACK if caller.loopback else "")
