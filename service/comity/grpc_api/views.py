"""Views: messages that look the same on the wire, in which what is often alike stays octets.

A message field and a field of octets can't be told apart on the wire. So facts that were seen
before need not be taken apart to be known again.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, Self

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.message_factory import GetMessageClass

from comity.v1 import eligibility_service_pb2, facts_pb2

_PACKAGE: Final = "comity.v1.views"


class View(Protocol):
    """A message of any kind."""

    @classmethod
    def FromString(cls, serialized: bytes, /) -> Self:  # noqa: N802 - as protobuf has it
        """Return the message in `serialized`.

        Raises:
            DecodeError: there is none.
        """
        ...

    def ByteSize(self) -> int:  # noqa: N802
        """Return how many octets the message takes."""
        ...

    def SerializeToString(self) -> bytes:  # noqa: N802
        """Return its octets."""
        ...


class ItemView(View, Protocol):
    """A question: who is asked about, and the facts as octets."""

    @property
    def subject(self) -> facts_pb2.Subject:
        """Who is asked about."""
        ...

    @property
    def facts(self) -> bytes:
        """The facts."""
        ...


class QuestionView(ItemView, Protocol):
    """A question with its options as octets."""

    @property
    def options(self) -> bytes:
        """How to answer."""
        ...


class BatchView(View, Protocol):
    """A batch of questions."""

    @property
    def items(self) -> Sequence[ItemView]:
        """The questions."""
        ...

    @property
    def options(self) -> bytes:
        """How to answer."""
        ...


class FactsView(View, Protocol):
    """Facts with their connections as octets."""

    @property
    def connections(self) -> Sequence[bytes]:
        """The connections."""
        ...

    def ClearField(self, field_name: str, /) -> None:  # noqa: N802
        """Take a field out."""
        ...


def is_plain(view: View, serialized: bytes) -> bool:
    """Return whether `view` tells all of the message in `serialized`.

    Of a message field that stands there twice, a view has the last part only, where the message
    has both. Whatever isn't written as it would be by ourselves is left to the message.
    """
    return view.ByteSize() == len(serialized)


def _view_of(message: Descriptor, opaque: Mapping[str, str]) -> DescriptorProto:
    """Return `message` with some fields of another type: that of a view, or octets if empty."""
    view = DescriptorProto()
    message.CopyToProto(view)
    for field in view.field:
        if field.name in opaque:
            other = opaque[field.name]
            field.type = (
                FieldDescriptorProto.TYPE_MESSAGE if other else FieldDescriptorProto.TYPE_BYTES
            )
            if other:
                field.type_name = other
            else:
                field.ClearField("type_name")
    return view


def _make_views() -> tuple[Any, Any, Any]:
    """Return the classes of `QuestionView`, `BatchView` and `FactsView`."""
    contract = eligibility_service_pb2.DESCRIPTOR.message_types_by_name
    octets = {"facts": "", "options": ""}
    item, batch = "BatchCheckEligibilityItem", "BatchCheckEligibilityRequest"
    file = FileDescriptorProto(
        name="comity/v1/views.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[facts_pb2.DESCRIPTOR.name],
        message_type=[
            _view_of(contract["CheckEligibilityRequest"], octets),
            _view_of(contract[item], octets),
            _view_of(contract[batch], {**octets, "items": f".{_PACKAGE}.{item}"}),
            _view_of(facts_pb2.Facts.DESCRIPTOR, {"connections": ""}),
        ],
    )
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    question, batched, facts = (
        GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in ("CheckEligibilityRequest", batch, "Facts")
    )
    return question, batched, facts


_question, _batch, _facts = _make_views()
QUESTION_VIEW: Final[type[QuestionView]] = _question
BATCH_VIEW: Final[type[BatchView]] = _batch
FACTS_VIEW: Final[type[FactsView]] = _facts
