"""What callers are told when there is no answer."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from comity.domain.errors import NotEntitledError
from comity.domain.request import Caller, Options
from comity.v1 import common_pb2, facts_pb2
from comity.v1.eligibility_service_pb2 import (
    BatchCheckEligibilityRequest,
    CheckEligibilityRequest,
)
from comity.v1.eligibility_service_pb2_grpc import EligibilityServiceStub
from comity.v1.policy_service_pb2 import GetRevisionRequest
from comity.v1.policy_service_pb2_grpc import PolicyServiceStub
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from unit.grpc_api.small_world import SmallWorld

SECRETS = ("203.0.114.77", "+380501234567", "canary_account_1", "1990-02-17")


@pytest.fixture
def world() -> SmallWorld:
    """A world of a few rules."""
    return SmallWorld()


@pytest.fixture
def channel(world: SmallWorld) -> Iterator[grpc.Channel]:
    """A connection to a server that answers from it."""
    with world.serving() as channel:
        yield channel


def question(**options: object) -> CheckEligibilityRequest:
    """Return a good question."""
    return CheckEligibilityRequest(
        facts=facts_pb2.Facts(action="call", product="telegram"),
        options=common_pb2.Options(**options),  # type: ignore[arg-type]
    )


def status_of(call: grpc.RpcError) -> tuple[grpc.StatusCode, status_pb2.Status, str]:
    """Return code, status and the reason of its one ErrorInfo."""
    status = rpc_status.from_call(call)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    infos = [detail for detail in status.details if detail.Is(info.DESCRIPTOR)]
    assert len(infos) == 1
    infos[0].Unpack(info)
    assert info.domain == "comity"
    return call.code(), status, info.reason


def failure(channel: grpc.Channel, request: CheckEligibilityRequest) -> tuple[str, str]:
    """Return code and reason of the failure of a question."""
    with pytest.raises(grpc.RpcError) as caught:
        EligibilityServiceStub(channel).CheckEligibility(request, timeout=10)
    code, _, reason = status_of(caught.value)
    return code.name, reason


def test_without_a_policy_the_service_is_unavailable(
    channel: grpc.Channel, world: SmallWorld
) -> None:
    """Callers may retry; a bad request is still told what is wrong with it."""
    world.policies.current = None
    assert failure(channel, question()) == ("UNAVAILABLE", "NO_POLICY_IN_FORCE")
    with pytest.raises(grpc.RpcError) as caught:
        PolicyServiceStub(channel).GetRevision(GetRevisionRequest())
    assert status_of(caught.value)[2] == "NO_POLICY_IN_FORCE"
    assert failure(channel, question(language="?")) == ("INVALID_ARGUMENT", "INVALID_REQUEST")


def test_a_revision_to_come_is_a_failed_precondition(channel: grpc.Channel) -> None:
    """The revision wanted is not reached in time."""
    assert failure(channel, question(min_revision=8)) == (
        "FAILED_PRECONDITION",
        "REVISION_NOT_REACHED",
    )


def test_the_time_before_the_first_revision_is_a_failed_precondition(
    channel: grpc.Channel,
) -> None:
    """Nothing was known then."""
    asked = question()
    asked.options.as_known.seconds = 0
    assert failure(channel, asked) == ("FAILED_PRECONDITION", "NO_HISTORY")


class NobodyMay:
    """Entitlements of nobody."""

    def open_to_all(self, options: Options) -> bool:
        """Return False: who calls matters."""
        del options
        return False

    def require(self, caller: Caller, options: Options) -> None:
        """Refuse whatever is asked."""
        assert caller == Caller(identity=None, loopback=True)
        message = f"view {options.view.value} is only for entitled callers"
        raise NotEntitledError(message)


def test_what_a_caller_may_not_use_is_denied() -> None:
    """Entitlements are asked before anything is answered."""
    world = SmallWorld(entitlements=NobodyMay())
    with world.serving() as channel:
        assert failure(channel, question()) == ("PERMISSION_DENIED", "NOT_ENTITLED")
    assert world.recorded() == {}


def test_bytes_that_are_no_message_are_a_bad_request(
    channel: grpc.Channel, world: SmallWorld
) -> None:
    """They are the caller's fault, not a defect."""
    call = channel.unary_unary("/comity.v1.EligibilityService/CheckEligibility")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"\xff\xff\xff", timeout=10)
    code, _, reason = status_of(caught.value)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST")
    assert world.defects == []


class BrokenEntitlements:
    """Entitlements with a defect."""

    def open_to_all(self, options: Options) -> bool:
        """Return False: who calls matters."""
        del options
        return False

    def require(self, caller: Caller, options: Options) -> None:
        """Fail as defects do."""
        message = f"secret of {caller} and {options}"
        raise RuntimeError(message)


def test_a_defect_is_opaque() -> None:
    """The caller learns nothing of it, the operator everything."""
    world = SmallWorld(entitlements=BrokenEntitlements())
    with world.serving() as channel, pytest.raises(grpc.RpcError) as caught:
        EligibilityServiceStub(channel).CheckEligibility(question(), timeout=10)
    code, status, reason = status_of(caught.value)
    assert (code, reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert b"secret" not in status.SerializeToString()
    assert [type(defect) for defect in world.defects] == [RuntimeError]


def planted(secret: str) -> CheckEligibilityRequest:
    """Return a question with a personal value in every text field."""
    connection = facts_pb2.Connection(
        factor=secret,
        place=secret,
        populations=[secret],
        populations_absent=[secret],
        source=secret,
        trust=secret,
    )
    return CheckEligibilityRequest(
        subject=facts_pb2.Subject(
            account_id=secret + " ", ip_address=secret, phone_number=secret, birth_date=secret
        ),
        facts=facts_pb2.Facts(
            action=secret,
            product=secret,
            device=secret,
            purposes=[secret],
            item_classes=[secret],
            connections=[connection],
            open_factors=[secret],
            open_sets=[secret],
            labels=[facts_pb2.Label(name=secret)],
            labels_absent=[secret],
            unknown=[facts_pb2.UnknownFact(dimension=secret)],
            indicators=[secret],
        ),
        options=common_pb2.Options(language=secret),
    )


@pytest.mark.parametrize("secret", SECRETS)
def test_no_error_repeats_a_personal_value(channel: grpc.Channel, secret: str) -> None:
    """Wherever an address, number, account or birth date stands, the error doesn't hold it."""
    with pytest.raises(grpc.RpcError) as caught:
        EligibilityServiceStub(channel).CheckEligibility(planted(secret), timeout=10)
    _, status, _ = status_of(caught.value)
    assert secret.encode() not in status.SerializeToString()
    assert secret not in str(caught.value)


def test_hundreds_of_violations_fit_into_the_trailers(channel: grpc.Channel) -> None:
    """What can't be told is counted, and the call fails with its own code."""
    asked = question()
    for number in range(32):
        asked.facts.connections.add(factor="x" * 40, place=f"y{number}", populations=["z"] * 32)
    with pytest.raises(grpc.RpcError) as caught:
        EligibilityServiceStub(channel).CheckEligibility(asked, timeout=10)
    code, status, _ = status_of(caught.value)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    found, info = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
    status.details[0].Unpack(found)
    status.details[1].Unpack(info)
    assert 0 < len(found.field_violations) == int(info.metadata["violations_told"])
    assert int(info.metadata["violations"]) == 100
    assert len(status.SerializeToString()) < 6000


def test_an_empty_batch_gets_an_empty_reply(channel: grpc.Channel) -> None:
    """It names the revision that would have answered."""
    reply = EligibilityServiceStub(channel).BatchCheckEligibility(BatchCheckEligibilityRequest())
    assert (len(reply.results), reply.policy_revision.epoch) == (0, 7)
