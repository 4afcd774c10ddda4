"""Holds a request against the table of limits, whatever message it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from comity.domain.errors import FieldViolation
from comity.grpc_api.forms import word_pattern
from comity.grpc_api.limits import EARLIEST_SECOND, LATEST_SECOND, FieldLimit, limit_of

NANOS_A_SECOND = 1_000_000_000
TIMESTAMP = Timestamp.DESCRIPTOR.full_name

Check = Callable[[object, str], FieldViolation | None]


class TooLong(FieldViolation):
    """A list or text over its limit: the request is not to be looked at any further."""


@dataclass(frozen=True, slots=True)
class _Field:
    """How one field is checked.

    Attributes:
        name: name in the contract.
        limit: what it may hold.
        repeated: whether it is a list.
        has_presence: whether it can be told from its default when unset.
        is_message: whether its values are messages other than timestamps, walked in their turn.
        check: says what is wrong with one value that is not walked, at a path; None if nothing.
    """

    name: str
    limit: FieldLimit
    repeated: bool
    has_presence: bool
    is_message: bool
    check: Check


def find_violations(
    message: Message, path: str = "", *, into_lists: bool = True, without: str = ""
) -> Iterator[FieldViolation]:
    """Yield everything in `message` that breaks a limit, in the order of the contract's fields.

    `path` leads to the message and ends with a dot unless it is empty. A list that is too long is
    one violation, and its entries are not looked at. Without `into_lists` the entries of lists
    are left for another call. The field `without` is passed over.
    """
    for field in _fields_of(message.DESCRIPTOR):
        if field.name == without:
            continue
        where = path + field.name
        value = getattr(message, field.name)
        if field.repeated:
            yield from _list_violations(field, value, where, into_lists=into_lists)
        elif field.has_presence and not message.HasField(field.name):
            if field.limit.required:
                yield FieldViolation(where, "must be set")
        elif field.is_message:
            yield from find_violations(value, where + ".")
        elif not value and not field.has_presence:
            if field.limit.required:
                yield FieldViolation(where, "must be set")
        elif (found := field.check(value, where)) is not None:
            yield found


def _list_violations(
    field: _Field, values: Sequence[object], where: str, *, into_lists: bool
) -> Iterator[FieldViolation]:
    """Yield what is wrong with a list and its entries."""
    most = field.limit.most_entries
    if field.limit.required and not values:
        yield FieldViolation(where, "must have at least one entry")
    if most is not None and len(values) > most:
        yield TooLong(where, f"has {len(values)} entries; at most {most} are allowed")
        return
    if not into_lists:
        return
    for index, value in enumerate(values):
        entry = f"{where}[{index}]"
        if field.is_message and isinstance(value, Message):
            yield from find_violations(value, entry + ".")
        elif (found := field.check(value, entry)) is not None:
            yield found


@cache
def _fields_of(descriptor: Descriptor) -> tuple[_Field, ...]:
    """Return how the fields of a message are checked."""
    return tuple(_field_of(field) for field in descriptor.fields)


def _field_of(field: FieldDescriptor) -> _Field:
    """Return how a field is checked."""
    limit = limit_of(field.full_name)
    message_type = field.message_type
    return _Field(
        name=field.name,
        limit=limit,
        repeated=field.is_repeated,
        has_presence=field.has_presence,
        is_message=message_type is not None and message_type.full_name != TIMESTAMP,
        check=_check_of(field, limit),
    )


def _check_of(field: FieldDescriptor, limit: FieldLimit) -> Check:
    """Return what says whether one value of a field is wrong."""
    if field.message_type is not None:
        return _check_timestamp
    if field.enum_type is not None:
        return _enum_check(field.enum_type)
    if field.type == FieldDescriptor.TYPE_STRING:
        return partial(_check_text, limit)
    return partial(_check_number, limit)


def _check_text(limit: FieldLimit, value: object, where: str) -> FieldViolation | None:
    """Say what is wrong with a text, without repeating it."""
    text = str(value)
    if limit.most_characters is not None and len(text) > limit.most_characters:
        complaint = f"has {len(text)} characters; at most {limit.most_characters} are allowed"
        return TooLong(where, complaint)
    pattern = limit.compiled_pattern
    if pattern is not None and pattern.fullmatch(text) is None:
        return FieldViolation(where, word_pattern(pattern.pattern))
    return None


def _check_number(limit: FieldLimit, value: object, where: str) -> FieldViolation | None:
    """Say what is wrong with a number, without repeating it."""
    if limit.least is None or limit.most is None or not isinstance(value, int):
        return None
    if limit.least <= value <= limit.most:
        return None
    return FieldViolation(where, f"must be from {limit.least} to {limit.most}")


def _check_timestamp(value: object, where: str) -> FieldViolation | None:
    """Say what is wrong with a timestamp, without repeating it."""
    if not isinstance(value, Timestamp):
        return None
    if not EARLIEST_SECOND <= value.seconds <= LATEST_SECOND:
        return FieldViolation(where, "must lie from 1900-01-01T00:00:00Z to 2199-12-31T23:59:59Z")
    if not 0 <= value.nanos < NANOS_A_SECOND:
        return FieldViolation(where, "must have nanos from 0 to 999999999")
    return None


def _enum_check(enum: EnumDescriptor) -> Check:
    """Return what says whether a number is named in `enum`; its zero isn't offered."""
    known = frozenset(enum.values_by_number)
    names = ", ".join(value.name for value in enum.values if value.number)

    def check(value: object, where: str) -> FieldViolation | None:
        return None if value in known else FieldViolation(where, f"must be one of {names}")

    return check
