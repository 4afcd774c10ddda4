"""Python client: ask Comity in two lines.

with ComityClient("localhost:50051") as client:
    answer = client.check(action="message_send", works_for="UA:military", device="official")
"""

from comity.client.answers import Answer, Effect
from comity.client.client import ComityClient
from comity.client.connecting import Tls
from comity.client.errors import (
    ClientError,
    DeadlineExceededError,
    FieldViolation,
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
from comity.client.options import Options, View
from comity.client.questions import Question, Tie, Ties

__all__ = [
    "Answer",
    "ClientError",
    "ComityClient",
    "DeadlineExceededError",
    "Effect",
    "FieldViolation",
    "InternalError",
    "InvalidRequestError",
    "NoHistoryError",
    "NoPolicyError",
    "NotEntitledError",
    "NotFoundError",
    "Options",
    "OverloadedError",
    "Question",
    "RevisionNotReachedError",
    "Tie",
    "Ties",
    "Tls",
    "UnavailableError",
    "View",
]
