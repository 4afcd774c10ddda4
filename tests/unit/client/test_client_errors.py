"""What a call can fail with, as exceptions."""

from __future__ import annotations

import grpc
import pytest
from comity.client import (
    ClientError,
    DeadlineExceededError,
    InternalError,
    InvalidRequestError,
    NoHistoryError,
    NoPolicyError,
    NotEntitledError,
    NotFoundError,
    OverloadedError,
    RevisionNotReachedError,
    UnavailableError,
)
from comity.client.errors import error_of_call, error_of_status
from comity.domain import errors as domain
from comity.domain.errors import FieldViolation
from comity.grpc_api.errors import (
    MalformedRequestError,
    internal_status,
    invalid_status,
    status_of,
)
from google.rpc import status_pb2


def test_every_error_of_the_server_has_its_exception() -> None:
    """Comity's own word decides."""
    for raised, kind in (
        (domain.NoPolicyError("m"), NoPolicyError),
        (domain.RevisionNotReachedError("m"), RevisionNotReachedError),
        (domain.NoHistoryError("m"), NoHistoryError),
        (domain.NotEntitledError("m"), NotEntitledError),
        (domain.NotFoundError("m"), NotFoundError),
    ):
        status = status_of(raised)
        assert status is not None
        error = error_of_status(status)
        assert type(error) is kind
        assert str(error) == "m"
        assert error.reason
    assert type(error_of_status(internal_status())) is InternalError
    malformed = status_of(MalformedRequestError())
    assert malformed is not None
    assert type(error_of_status(malformed)) is InvalidRequestError


def test_an_invalid_request_names_its_fields() -> None:
    """All that the server told, in order."""
    status = invalid_status((FieldViolation("facts.action", "a"), FieldViolation("subject", "b")))
    error = error_of_status(status)
    assert isinstance(error, InvalidRequestError)
    assert [str(violation) for violation in error.violations] == ["facts.action: a", "subject: b"]
    assert (error.code, error.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, UnavailableError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, DeadlineExceededError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, OverloadedError),
        (grpc.StatusCode.UNAUTHENTICATED, NotEntitledError),
        (grpc.StatusCode.CANCELLED, ClientError),
        (grpc.StatusCode.UNIMPLEMENTED, ClientError),
    ],
)
def test_a_status_that_is_not_comitys_own_goes_by_its_code(
    code: grpc.StatusCode, kind: type[ClientError]
) -> None:
    """Whatever stands between may fail as well."""
    error = error_of_status(status_pb2.Status(code=code.value[0], message="m"))
    assert type(error) is kind
    assert (error.code, error.reason, error.violations) == (code.name, "", ())


def test_a_status_without_words_or_with_a_foreign_code_is_still_told() -> None:
    """The name of the code stands for the message."""
    assert str(error_of_status(status_pb2.Status(code=14))) == "UNAVAILABLE"
    assert error_of_status(status_pb2.Status(code=99)).code == "UNKNOWN"
    assert error_of_call(grpc.RpcError()).code == "UNKNOWN"


def test_no_policy_is_a_kind_of_unavailable() -> None:
    """Whoever only minds whether there is an answer catches one exception."""
    assert issubclass(NoPolicyError, UnavailableError)
