"""The one converter of errors with a meaning to the caller into gRPC statuses."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from comity.domain.errors import (
    ComityError,
    FieldViolation,
    InvalidQuestionError,
    NoHistoryError,
    NoPolicyError,
    NotEntitledError,
    NotFoundError,
    NotRecordedError,
    RecordsUnavailableError,
    RevisionNotReachedError,
    UnreadableRecordError,
)

DOMAIN = "comity"
# Statuses travel in trailers, of which gRPC accepts 8 KiB by default, in base 64.
MOST_DETAIL_BYTES = 4096
MOST_MESSAGE_CHARACTERS = 512


class MalformedRequestError(ComityError):
    """The bytes of a request are no message of the contract."""

    def __init__(self) -> None:
        """Say so, without the bytes."""
        super().__init__("the request is not a message of the type that this method takes")


_MEANINGS: dict[type[ComityError], tuple[int, str]] = {
    NoPolicyError: (code_pb2.UNAVAILABLE, "NO_POLICY_IN_FORCE"),
    RevisionNotReachedError: (code_pb2.FAILED_PRECONDITION, "REVISION_NOT_REACHED"),
    NoHistoryError: (code_pb2.FAILED_PRECONDITION, "NO_HISTORY"),
    NotEntitledError: (code_pb2.PERMISSION_DENIED, "NOT_ENTITLED"),
    NotFoundError: (code_pb2.NOT_FOUND, "NOT_FOUND"),
    NotRecordedError: (code_pb2.UNAVAILABLE, "NOT_RECORDED"),
    RecordsUnavailableError: (code_pb2.UNAVAILABLE, "RECORDS_UNAVAILABLE"),
    UnreadableRecordError: (code_pb2.DATA_LOSS, "RECORD_UNREADABLE"),
    MalformedRequestError: (code_pb2.INVALID_ARGUMENT, "MALFORMED_REQUEST"),
}


def status_of(error: ComityError) -> status_pb2.Status | None:
    """Return the status that tells a caller of `error`, with exactly one ErrorInfo.

    None for an error that has no meaning to callers: it shows a defect.
    """
    if isinstance(error, InvalidQuestionError):
        return invalid_status(error.violations)
    meaning = _MEANINGS.get(type(error))
    if meaning is None:
        return None
    code, reason = meaning
    return _status(code, str(error), _info(reason))


def internal_status() -> status_pb2.Status:
    """Return the status of a defect; it tells nothing, the log has the story."""
    message = "an internal error occurred; it has been logged under the trace id of this call"
    return _status(code_pb2.INTERNAL, message, _info("INTERNAL"))


def overloaded_status(*, of_caller: bool) -> status_pb2.Status:
    """Return the status of a call that is one too many: of its caller, or of all."""
    if of_caller:
        message = "too many calls of this caller are in flight; try again after the pause given"
        return _status(code_pb2.RESOURCE_EXHAUSTED, message, _info("CALLER_OVERLOADS"))
    message = "too many calls are in flight; try again after the pause given"
    return _status(code_pb2.RESOURCE_EXHAUSTED, message, _info("OVERLOADED"))


def invalid_status(violations: tuple[FieldViolation, ...]) -> status_pb2.Status:
    """Return the status of a request that breaks the contract, with what fits of its violations."""
    bad_request = error_details_pb2.BadRequest()
    size = 0
    for violation in violations:
        told = error_details_pb2.BadRequest.FieldViolation(
            field=violation.field, description=violation.description
        )
        size += told.ByteSize() + 3
        if size > MOST_DETAIL_BYTES:
            break
        bad_request.field_violations.append(told)
    told_count = len(bad_request.field_violations)
    metadata = {"violations": str(len(violations)), "violations_told": str(told_count)}
    first = violations[0]
    message = f"{first.field}: {first.description}"
    if len(violations) > 1:
        message = f"{message} (and {len(violations) - 1} more, see the details)"
    info = _info("INVALID_REQUEST", metadata)
    return _status(code_pb2.INVALID_ARGUMENT, message, bad_request, info)


def prefixed(violations: Iterable[FieldViolation], prefix: str) -> tuple[FieldViolation, ...]:
    """Return `violations` with `prefix` before every field."""
    return tuple(FieldViolation(prefix + v.field, v.description) for v in violations)


def _info(reason: str, metadata: dict[str, str] | None = None) -> error_details_pb2.ErrorInfo:
    """Return what tells programs which error it is."""
    return error_details_pb2.ErrorInfo(domain=DOMAIN, reason=reason, metadata=metadata)


def _status(code: int, message: str, *details: Message) -> status_pb2.Status:
    """Return a status with `details`."""
    status = status_pb2.Status(code=code, message=message[:MOST_MESSAGE_CHARACTERS])
    for detail in details:
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status
