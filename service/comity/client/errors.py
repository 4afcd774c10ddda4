"""What a call can fail with: one exception a meaning, with field names where there are any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc import code_pb2, error_details_pb2, status_pb2

_DETAILS_KEY: Final = "grpc-status-details-bin"
_CODE_NAMES: Final = {code.value[0]: code.name for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field that breaks the contract.

    Attributes:
        field: path of the field in the request, such as `facts.connections[0].place`.
        description: what is wrong with it, never its value.
    """

    field: str
    description: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.field}: {self.description}"


class ClientError(Exception):
    """A call got no answer. Decide by your own policy; the advice is to deny what can wait."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        reason: str = "",
        violations: Sequence[FieldViolation] = (),
    ) -> None:
        """Keep what the server said.

        Args:
            message: one line for people.
            code: name of the gRPC status, such as `UNAVAILABLE`.
            reason: stable word of Comity for the cause; empty if the status isn't Comity's own.
            violations: the fields that break the contract.
        """
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.violations = tuple(violations)


class InvalidRequestError(ClientError):
    """The request breaks the contract; `violations` says where. Asking again doesn't help."""


class NotEntitledError(ClientError):
    """The caller may not use a view or option that it asked for."""


class NotFoundError(ClientError):
    """There is no such rule or jurisdiction in the policy revision, or no such record."""


class RevisionNotReachedError(ClientError):
    """The revision of `min_revision` did not come into force in time."""


class NoHistoryError(ClientError):
    """`as_known` lies before the first revision that the server knows."""


class UnavailableError(ClientError):
    """No server could be reached, or it can't answer now; retries did not help."""


class NoPolicyError(UnavailableError):
    """The server is up and has no policies in force yet."""


class OverloadedError(ClientError):
    """The server has too much to do, or the message is too long for it."""


class DeadlineExceededError(ClientError):
    """No answer came in time. The question may have been answered and recorded all the same."""


class InternalError(ClientError):
    """The server met a defect; its log has the story under the trace id of the call."""


_BY_REASON: Final[dict[str, type[ClientError]]] = {
    "INVALID_REQUEST": InvalidRequestError,
    "MALFORMED_REQUEST": InvalidRequestError,
    "NO_POLICY_IN_FORCE": NoPolicyError,
    "REVISION_NOT_REACHED": RevisionNotReachedError,
    "NO_HISTORY": NoHistoryError,
    "NOT_ENTITLED": NotEntitledError,
    "NOT_FOUND": NotFoundError,
    "INTERNAL": InternalError,
}
_BY_CODE: Final[dict[str, type[ClientError]]] = {
    "INVALID_ARGUMENT": InvalidRequestError,
    "PERMISSION_DENIED": NotEntitledError,
    "UNAUTHENTICATED": NotEntitledError,
    "NOT_FOUND": NotFoundError,
    "UNAVAILABLE": UnavailableError,
    "RESOURCE_EXHAUSTED": OverloadedError,
    "DEADLINE_EXCEEDED": DeadlineExceededError,
    "INTERNAL": InternalError,
}


def error_of_call(call: grpc.RpcError) -> ClientError:
    """Return the exception that tells what a failed call failed with."""
    code = call.code() if isinstance(call, grpc.Call) else grpc.StatusCode.UNKNOWN
    text = call.details() if isinstance(call, grpc.Call) else None
    message = text or code.name
    status = _status_in(call.trailing_metadata() if isinstance(call, grpc.Call) else None)
    return _error(code.name, message, status)


def error_of_status(status: status_pb2.Status) -> ClientError:
    """Return the exception that tells what one item of a batch failed with."""
    code = _CODE_NAMES.get(status.code, code_pb2.Code.Name(code_pb2.UNKNOWN))
    return _error(code, status.message or code, status)


def _status_in(metadata: Iterable[tuple[str, str | bytes]] | None) -> status_pb2.Status:
    """Return the rich status of a call; an empty one if there is none that can be read."""
    for key, value in metadata or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break
    return status_pb2.Status()


def _error(code: str, message: str, status: status_pb2.Status) -> ClientError:
    """Return the exception for a status: Comity's own word decides, else the code."""
    reason = ""
    violations: list[FieldViolation] = []
    for detail in status.details:
        info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info) and info.domain == "comity":
            reason = info.reason
        elif detail.Unpack(bad_request):
            violations += (
                FieldViolation(told.field, told.description)
                for told in bad_request.field_violations
            )
    kind = _BY_REASON.get(reason) or _BY_CODE.get(code, ClientError)
    return kind(message, code=code, reason=reason, violations=violations)
