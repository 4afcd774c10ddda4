"""Every limit of every field of every request is enforced, with the field's path and a message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from comity.grpc_api.forms import word_pattern
from comity.grpc_api.limits import FieldLimit, limit_of
from comity.v1 import eligibility_service_pb2
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from unit.grpc_api.noisy_calls import METHODS
from unit.grpc_api.small_world import SmallWorld

TIMESTAMP = "google.protobuf.Timestamp"
INSTANT = "2024-09-30T12:00:00Z"
OPTIONS = {"view": "VIEW_CALLER", "language": "en"}
SUBJECT = {"account_id": "account-1", "phone_number": "+380501234567", "birth_date": "1990-02-28"}
FACTS = {
    "action": "message_send",
    "product": "telegram",
    "connections": [{"factor": "works_for", "place": "UA"}],
    "labels": [{"name": "watched"}],
    "unknown": [{"dimension": "item", "reason": "UNKNOWN_REASON_WITHHELD"}],
}
ITEM = {"subject": SUBJECT, "facts": FACTS}
# A good request of each method, in which every message that can hold others is set.
GOOD: dict[str, dict[str, Any]] = {
    "CheckEligibility": {**ITEM, "options": OPTIONS},
    "BatchCheckEligibility": {"items": [ITEM], "options": OPTIONS},
    "ListRestrictions": {"jurisdiction": "UA", "options": OPTIONS},
    "GetRevision": {},
    "GetJurisdiction": {"code": "UA", "options": OPTIONS},
    "ListJurisdictions": {"options": OPTIONS},
    "GetRule": {"rule_id": "fr-calls", "options": OPTIONS},
    "GetDecision": {"decision_id": f"{1:032x}-{1:016x}"},
    "RouteDataRequest": {
        "instrument": "fr_court_order",
        "authority": {"kind": "court", "issuing_state": "FR"},
        "data": [{"category": "phone_number", "period": {}}],
        "received_at": INSTANT,
        "subject": SUBJECT,
        "person": {},
        "offence": {},
        "emergency": {"danger": "life"},
        "silence_order": {"ordered_by": "court"},
        "events": [{"event": "withdrawal", "at": INSTANT}],
        "options": OPTIONS,
    },
}


@dataclass(frozen=True)
class Breach:
    """A way to break one limit of one field.

    Attributes:
        method: the method called.
        path: names and positions that lead to the field; the last is the field's name.
        limit: which limit is broken.
        value: what stands in the field; a list for a repeated field.
        where: path of the violation.
        message: description of the violation.
    """

    method: MethodDescriptor
    path: tuple[str | int, ...]
    limit: str
    value: Any
    where: str
    message: str

    def __str__(self) -> str:
        """Return an id for the test."""
        return f"{self.method.name}-{self.where}-{self.limit}"


def text_of(path: tuple[str | int, ...]) -> str:
    """Return a path as the service writes it."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]


def bad_values(field: FieldDescriptor, limit: FieldLimit) -> Iterator[tuple[str, Any, str]]:
    """Yield, for each limit that one value of a field has, its name, a value and the message."""
    if field.message_type is not None:
        if field.message_type.full_name == TIMESTAMP:
            span = "must lie from 1900-01-01T00:00:00Z to 2199-12-31T23:59:59Z"
            yield "early", -(2**40), span
            yield "late", 2**40, span
    elif field.enum_type is not None:
        names = ", ".join(value.name for value in field.enum_type.values if value.number)
        yield "unknown", 99, f"must be one of {names}"
    elif field.type == FieldDescriptor.TYPE_STRING:
        if limit.pattern is not None:
            yield "pattern", "\x7f", word_pattern(limit.pattern)
        if (most := limit.most_characters) is not None:
            yield "long", "a" * (most + 1), f"has {most + 1} characters; at most {most} are allowed"
    elif limit.most is not None:
        yield "large", limit.most + 1, f"must be from {limit.least} to {limit.most}"


def breaches_of(
    method: MethodDescriptor, descriptor: Descriptor, path: tuple[str | int, ...] = ()
) -> Iterator[Breach]:
    """Yield a breach of every limit of every field of a message and of those that it holds."""
    for field in descriptor.fields:
        here, limit = (*path, field.name), limit_of(field.full_name)
        entry = (*here, 0) if field.is_repeated else here
        for name, value, message in bad_values(field, limit):
            given = [value] if field.is_repeated else value
            yield Breach(method, here, name, given, text_of(entry), message)
        if field.message_type is not None and field.message_type.full_name != TIMESTAMP:
            yield from breaches_of(method, field.message_type, entry)
        if (most := limit.most_entries) is not None:
            message = f"has {most + 1} entries; at most {most} are allowed"
            yield Breach(method, here, "entries", most + 1, text_of(here), message)
        if limit.required:
            missing = "must have at least one entry" if field.is_repeated else "must be set"
            yield Breach(method, here, "required", None, text_of(here), missing)


BREACHES = [breach for method in METHODS for breach in breaches_of(method, method.input_type)]


def put(message: Message, breach: Breach) -> None:
    """Break the limit in `message`."""
    *way, name = breach.path
    holder: Any = message
    for part in way:
        holder = holder[part] if isinstance(part, int) else getattr(holder, part)
    field = getattr(holder, str(name))
    match breach.limit:
        case "required":
            holder.ClearField(name)
        case "entries":
            holder.ClearField(name)
            field = getattr(holder, str(name))
            for _ in range(breach.value):
                field.add() if hasattr(field, "add") else field.append("x")
        case "early" | "late":
            field.seconds = breach.value
        case _ if isinstance(breach.value, list):
            holder.ClearField(name)
            getattr(holder, str(name)).extend(breach.value)
        case _:
            setattr(holder, str(name), breach.value)


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    """A connection to a server that answers from a few rules."""
    world = SmallWorld()
    with world.serving() as channel:
        yield channel
    assert world.defects == []


def status_for(channel: grpc.Channel, breach: Breach) -> status_pb2.Status:
    """Return the status of the call, or that of the item that is wrong."""
    method = breach.method
    request = json_format.ParseDict(
        GOOD[method.name], message_factory.GetMessageClass(method.input_type)()
    )
    put(request, breach)
    call = channel.unary_unary(f"/{method.containing_service.full_name}/{method.name}")
    try:
        reply = call(request.SerializeToString(), timeout=10)
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        assert status is not None
        return status
    assert method.name == "BatchCheckEligibility", "the bad request was answered"
    response = eligibility_service_pb2.BatchCheckEligibilityResponse.FromString(reply)
    return response.results[0].error


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_broken_limit_is_told(channel: grpc.Channel, breach: Breach) -> None:
    """INVALID_ARGUMENT with the field's path and what it must be, once.

    An instant that is too late is also later than others that it must not be later than.
    """
    status = status_for(channel, breach)
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    found = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(found)
    told = {violation.field: violation.description for violation in found.field_violations}
    assert told[breach.where] == breach.message
    assert len(told) == 1 or breach.limit == "late"


def test_every_method_is_tried() -> None:
    """A method without a good request here would go untried."""
    assert {method.name for method in METHODS} == set(GOOD)
    assert {breach.method.name for breach in BREACHES} == set(GOOD) - {"GetRevision"}
