"""What every call goes through first: its options, its caller, and the policy that answers it."""

from __future__ import annotations

from collections.abc import Callable

import grpc

from comity.app.ports.policy_source import PolicyInForce
from comity.domain.errors import ComityError
from comity.domain.request import Options
from comity.grpc_api.callers import Entitlements, caller_of
from comity.grpc_api.refusal import Faults
from comity.grpc_api.requests import options_of
from comity.v1 import common_pb2


def admit(
    asked: common_pb2.Options,
    faults: Faults,
    context: grpc.ServicerContext,
    entitlements: Entitlements,
    policy_for: Callable[[Options], PolicyInForce],
) -> tuple[Options, PolicyInForce]:
    """Return the options of a call and the policy that answers it.

    With faulty options it is the policy that would answer without any, for the sake of finding
    everything that is wrong; the call is to be refused afterwards.

    Raises:
        InvalidQuestionError: something is too long to be looked at, or there are faults and no
            policy to look for more with.
        NotEntitledError: the caller may not use the options.
        NoPolicyError, NoHistoryError, RevisionNotReachedError: there is no policy to answer.
    """
    if faults.hopeless:
        faults.refuse()
    options = Options() if faults.among("options") else options_of(asked)
    try:
        if not entitlements.open_to_all(options):
            entitlements.require(caller_of(context), options)
        return options, policy_for(options)
    except ComityError:
        faults.refuse()
        raise
