"""How a call is to be answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from comity.v1 import common_pb2


class View(Enum):
    """How much of an answer its reader may see."""

    CALLER = common_pb2.VIEW_CALLER
    USER = common_pb2.VIEW_USER
    LEGAL = common_pb2.VIEW_LEGAL


@dataclass(frozen=True, slots=True)
class Options:
    """How a call is to be answered; `comity.v1.Options` explains each in full.

    Attributes:
        as_of: another instant of today's law; callers entitled to it only.
        as_known: the law as Comity knew it at that instant; callers entitled to it only.
        view: how much the reply may show; None for the caller's view.
        language: BCP 47 tag of the user's language; empty for English.
        min_revision: the least epoch that may answer; 0 for any.
        explain_missing: whether to work out what each missing fact would lead to.
    """

    as_of: datetime | None = None
    as_known: datetime | None = None
    view: View | None = None
    language: str = ""
    min_revision: int = 0
    explain_missing: bool = False

    def to_proto(self) -> common_pb2.Options:
        """Return the message of the contract.

        Raises:
            ValueError: an instant has no time zone.
        """
        options = common_pb2.Options(
            language=self.language,
            min_revision=self.min_revision,
            explain_missing=self.explain_missing,
        )
        if self.view is not None:
            options.view = self.view.value
        set_instant(options, "as_of", self.as_of)
        set_instant(options, "as_known", self.as_known)
        return options


def set_instant(message: Message, name: str, instant: datetime | None) -> None:
    """Set a timestamp of `message`, unless there is none.

    Raises:
        ValueError: it has no time zone.
    """
    if instant is None:
        return
    if instant.tzinfo is None:
        text = f"{name} needs a time zone"
        raise ValueError(text)
    timestamp = getattr(message, name)
    assert isinstance(timestamp, Timestamp)
    timestamp.FromDatetime(instant)
